"""`asv-jit regressions`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit.analysis.history.events import Event
from asv_jit.asv_adapter.project import Project
from asv_jit.commands.common import config_option, json_option, open_project, print_json, warn_of
from asv_jit.errors import UsageError
from asv_jit.terminal.progress import progress
from asv_jit.terminal.regressions import Shown, print_regressions, regressions_json
from asv_jit.workflows.events.choice import METRICS, Choice, chosen
from asv_jit.workflows.events.regressions import found_events
from asv_jit.workflows.reading.history import read_history


@click.command()
@config_option
@json_option
@click.option("--machine", help="Only the results of this machine (default: all).")
@click.option("--since", metavar="WHEN", help="Only later changes: a date, 30d, 8w, or a commit.")
@click.option("--metric", type=click.Choice(list(METRICS)), help="Only changes of this metric.")
@click.option("--bench", multiple=True, metavar="REGEX", help="Only the cases whose name matches; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every improvement and every closed regression as well.")
@click.option("--confirm", is_flag=True, help="First measure both sides of each candidate again, interleaved.")
def regressions(
    config: Path,
    as_json: bool,
    machine: str | None,
    since: str | None,
    metric: str | None,
    bench: tuple[str, ...],
    everything: bool,
    confirm: bool,
) -> int:
    """Say what became worse in the stored history, since when, why, and what to do; and what became better.

    The exit code is 1 where there are open regressions, and 4 where results could not be read. A patch release of
    Python can be a regression; what differs between two minor versions is shown apart and is none.
    """
    project = open_project(config)
    choice = Choice(since, metric, bench)
    if machine is not None:
        _check_machine(project, machine)
    history = read_history(project, machine)
    found = found_events(project, history)
    events = chosen(project, history, found.events, choice)
    candidates = [event for event in events if event.is_open and event.state == "candidate" and _is_ours(event)]
    if confirm and candidates:
        from asv_jit.workflows.confirm import confirm_events  # here: only what measures needs asv, see its adapter

        with progress(quiet=as_json) as reporter:
            confirm_events(project, candidates, reporter, machine=machine)
        history = read_history(project, machine)
        found = found_events(project, history)
        events = chosen(project, history, found.events, choice)
    problems = (*history.problems, *found.problems)
    warn_of(problems)
    shown = Shown(history, events, problems, everything, found.left_out)
    if as_json:
        print_json(regressions_json(shown))
    else:
        print_regressions(shown)
    if shown.open:
        return 1
    return 4 if problems else 0


def _check_machine(project: Project, machine: str) -> None:
    """A name with a typo must not pass for a machine without regressions. Raises UsageError."""
    known = sorted(path.name for path in project.results_dir.glob("*") if path.is_dir())
    if machine not in known:
        there = f"there are those of {', '.join(known)}" if known else "there are none at all"
        raise UsageError(f"--machine: no results of {machine!r}; {there}")


def _is_ours(event: Event) -> bool:
    """Whether it was measured with trials, so that fresh ones can be compared with it."""
    return event.key.protocol != "asv"
