"""`asv-jit regressions`."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import click

from asv_jit.analysis.history.events import Event
from asv_jit.asv_adapter.project import Project
from asv_jit.commands.common import bench_option, config_option, json_option, open_project, print_json, warn_of
from asv_jit.errors import UsageError
from asv_jit.terminal.progress import progress
from asv_jit.terminal.regressions import Shown, print_regressions, regressions_json
from asv_jit.workflows.events.choice import METRICS, Choice, chosen
from asv_jit.workflows.events.regressions import found_events
from asv_jit.workflows.reading.history import read_history


@click.command()
@config_option
@json_option
@click.option("--machine", help="Only results of this machine (default: all).")
@click.option("--since", metavar="WHEN", help="Only changes after this: a date, 30d, 8w or a commit.")
@click.option("--metric", type=click.Choice(list(METRICS)), help="Only changes of this metric.")
@bench_option
@click.option("--all", "everything", is_flag=True, help="List every improvement and closed regression, too.")
@click.option("--confirm", is_flag=True, help="First measure both sides of each candidate again.")
def regressions(
    config: Path, as_json: bool, machine: str | None, everything: bool, confirm: bool, **chosen_by: Any
) -> int:
    """List the changes in the stored history: what became slower or faster, since when, why, and what to do next.

    A patch release of Python can cause a regression. A difference between two minor versions is listed separately and
    not counted as a regression, and what asv alone measured on other machines is history. Exit code: 1 if there are
    open regressions, 4 if results could not be read.
    """
    project = open_project(config)
    choice = Choice(**chosen_by)
    if machine is not None:
        _check_machine(project, machine)
    history = read_history(project, machine)
    found = found_events(project, history)
    events = chosen(project, history, found.events, choice)
    candidates = [event for event in events if event.is_unsettled and _is_repeatable(event)]
    if confirm and candidates:
        from asv_jit.workflows.confirm import confirm_events  # here: only what measures needs asv, see its adapter

        with progress(quiet=as_json) as reporter:
            confirm_events(project, candidates, reporter, machine=machine)
        history = read_history(project, machine)
        found = found_events(project, history)
        events = chosen(project, history, found.events, choice)
    problems = (*history.problems, *found.problems)
    warn_of(problems)
    here = platform.node()  # as asv names a machine
    ours = frozenset({here, *history.measured_machines} if machine is None else {machine})
    shown = Shown(history, events, problems, everything, found.left_out, ours)
    if as_json:
        print_json(regressions_json(shown))
    else:
        print_regressions(shown)
    if shown.open:
        return 1
    return 4 if problems else 0


def _check_machine(project: Project, machine: str) -> None:
    """Raise UsageError for a machine without results, so that a typo does not look like no regressions."""
    known = sorted(path.name for path in project.results_dir.glob("*") if path.is_dir())
    if machine not in known:
        there = f"there are those of {', '.join(known)}" if known else "there are none at all"
        raise UsageError(f"--machine: no results of {machine!r}; {there}")


def _is_repeatable(event: Event) -> bool:
    """Return whether asv-jit measured the event, so that new trials can be compared with it."""
    return event.key.protocol != "asv"
