"""What `asv-jit init` says: the changes or their diff, the workflows it left alone, what to do next."""

from __future__ import annotations

from asv_jit.terminal.console import console, say
from asv_jit.workflows.setup.init import Change, Proposal


def print_proposal(proposal: Proposal, *, dry_run: bool) -> None:
    """The changes by name once they are made, as a diff while they are not."""
    screen = console()
    if not proposal.changes:
        say(screen, "nothing to change: this project is set up for asv-jit")
    for change in proposal.changes:
        if dry_run:
            say(screen, change.diff(proposal.root).rstrip("\n"))
        else:
            say(screen, f"{'wrote' if change.before is None else 'changed'} {_name(proposal, change)}")
    for change in proposal.edited:
        say(
            screen, f"{_name(proposal, change)} was edited and stays as it is; init would have changed it so:", "yellow"
        )
        say(screen, change.diff(proposal.root).rstrip("\n"))
    for note in proposal.notes:
        say(screen, f"note: {note}", "yellow")
    if dry_run:
        say(screen, "nothing was written: --dry-run")
    elif proposal.changes:
        say(screen, "\nnext:")
        for step in proposal.next_steps:
            say(screen, f"  {step}")


def proposal_json(proposal: Proposal, *, dry_run: bool) -> dict[str, object]:
    """For --json."""
    return {
        "dry_run": dry_run,
        "changed": [{"path": _name(proposal, change), "new": change.before is None} for change in proposal.changes],
        "left_alone": [_name(proposal, change) for change in proposal.edited],
        "notes": list(proposal.notes),
        "next_steps": list(proposal.next_steps),
    }


def _name(proposal: Proposal, change: Change) -> str:
    return change.path.relative_to(proposal.root).as_posix()
