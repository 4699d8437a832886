"""What the commands that set up a project and a machine print: interpreters, the diagnosis, what `init` changes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from asv_jit.interpreters.identity import Interpreter
from asv_jit.terminal.console import console, say
from asv_jit.text import units
from asv_jit.workflows.setup.doctor import Diagnosis
from asv_jit.workflows.setup.init import Change, Proposal
from asv_jit.workflows.setup.same_code import AaRuns

_STATES = {"good": "good   ", "bad": "BAD    ", "unknown": "unknown"}
_STATE_STYLES = {"good": "green", "bad": "red", "unknown": "yellow"}


def print_interpreters(interpreters: Sequence[Interpreter]) -> None:
    """Print a table with a row per interpreter."""
    table = Table(box=None, pad_edge=False)
    for heading in ("interpreter", "JIT", "line", "path"):
        table.add_column(heading, overflow="fold")
    for one in interpreters:
        jit = one.jit + (" (debug build)" if one.debug else "")
        table.add_row(one.identity, jit, one.line, str(one.executable))
    console().print(table)


def print_diagnosis(report: Diagnosis) -> None:
    """Print what spoils measurements here, with remedies, then what was measured."""
    for check in sorted(report.checks, key=lambda check: ("bad", "unknown", "good").index(check.state)):
        say(f"{_STATES[check.state]}  {check.name}: {check.found}", _STATE_STYLES[check.state])
        if check.remedy:
            say(f"      remedy: {check.remedy}")
    if report.noise is not None:
        noise = report.noise.pair_noise
        say(
            f"pair noise of this machine: {noise.value:.2%} ({noise.low:.2%} to {noise.high:.2%}, 95%) "
            f"over {noise.pairs} pairs, {report.noise.disturbed} of them disturbed"
        )
        for needed in report.noise.needed:
            pairs = f"{needed.pairs} pairs" if needed.pairs else "more pairs than are practical"
            say(f"  a change of {needed.change:.0%} is seen (9 times in 10) with {pairs}")
    if report.kept_in is not None:
        say(f"  kept in {report.kept_in}; the site's page of machines shows it")
    if report.same_code is not None:
        _print_same_code(report.same_code)


def _print_same_code(runs: AaRuns) -> None:
    rates = runs.rates
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(rates.verdicts.items()))
    earlier = f", {runs.kept} of them earlier" if runs.kept else ""
    say(
        f"A/A: {units.count(rates.runs, 'whole run')} of a suite against itself{earlier}: {rates.alerted} with a false "
        f"alert ({rates.low:.1%} to {rates.high:.1%}, 95%); comparisons: {verdicts}; {rates.pairs:,} pairs, "
        f"pair noise {rates.pair_noise:.2%}, {runs.disturbed} pairs disturbed"
    )
    say(
        f"     the same pairs with their arms exchanged at random: {rates.resampled_alerted} of {rates.resampled:,} "
        f"runs with a false alert ({rates.resampled_alerted / rates.resampled:.2%}); the bar is 1%"
    )
    say(f"     kept in {runs.kept_in}")


def print_proposal(proposal: Proposal, *, dry_run: bool) -> None:
    """Print the changed files, or with `dry_run` a diff."""
    if not proposal.changes:
        say("nothing to change: this project is set up for asv-jit")
    for change in proposal.changes:
        if dry_run:
            say(change.diff(proposal.root).rstrip("\n"))
        else:
            say(f"{'wrote' if change.before is None else 'changed'} {_name(proposal, change)}")
    for change in proposal.edited:
        say(f"{_name(proposal, change)} was edited and stays as it is; init would have changed it so:", "yellow")
        say(change.diff(proposal.root).rstrip("\n"))
    for note in proposal.notes:
        say(f"note: {note}", "yellow")
    if dry_run:
        say("nothing was written: --dry-run")
    elif proposal.changes:
        say("\nnext:")
        for step in proposal.next_steps:
            say(f"  {step}")


def proposal_json(proposal: Proposal, *, dry_run: bool) -> dict[str, object]:
    """Return the changes, the files left alone and the next steps, for scripts."""
    return {
        "dry_run": dry_run,
        "changed": [{"path": _name(proposal, change), "new": change.before is None} for change in proposal.changes],
        "left_alone": [_name(proposal, change) for change in proposal.edited],
        "notes": proposal.notes,
        "next_steps": proposal.next_steps,
    }


def _name(proposal: Proposal, change: Change) -> str:
    return change.path.relative_to(proposal.root).as_posix()
