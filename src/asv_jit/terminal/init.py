"""What `asv-jit init` says: the changes or their diff, the workflows it left alone, what to do next."""

from __future__ import annotations

from asv_jit.terminal.console import console, say
from asv_jit.workflows.setup.init import Change, Plan


def print_plan(plan: Plan, *, dry_run: bool) -> None:
    """The changes by name once they are made, as a diff while they are not."""
    screen = console()
    if not plan.changes:
        say(screen, "nothing to change: this project is set up for asv-jit")
    for change in plan.changes:
        if dry_run:
            say(screen, change.diff(plan.root).rstrip("\n"))
        else:
            say(screen, f"{'wrote' if change.before is None else 'changed'} {_name(plan, change)}")
    for change in plan.edited:
        say(screen, f"{_name(plan, change)} was edited and stays as it is; init would have changed it so:", "yellow")
        say(screen, change.diff(plan.root).rstrip("\n"))
    for note in plan.notes:
        say(screen, f"note: {note}", "yellow")
    if dry_run:
        say(screen, "nothing was written: --dry-run")
    elif plan.changes:
        say(screen, "\nnext:")
        for step in plan.next_steps:
            say(screen, f"  {step}")


def plan_json(plan: Plan, *, dry_run: bool) -> dict[str, object]:
    """For --json."""
    return {
        "dry_run": dry_run,
        "changed": [{"path": _name(plan, change), "new": change.before is None} for change in plan.changes],
        "left_alone": [_name(plan, change) for change in plan.edited],
        "notes": list(plan.notes),
        "next_steps": list(plan.next_steps),
    }


def _name(plan: Plan, change: Change) -> str:
    return change.path.relative_to(plan.root).as_posix()
