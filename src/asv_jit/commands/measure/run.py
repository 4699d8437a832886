"""`asv-jit run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from asv_jit.analysis.cells.summary import SuiteSummary
from asv_jit.commands.common import (
    bench_option,
    config_option,
    json_option,
    machine_option,
    open_project,
    print_json,
    pythons_option,
)
from asv_jit.errors import UsageError
from asv_jit.terminal.console import WIDE, console
from asv_jit.terminal.progress import progress
from asv_jit.terminal.run import cases_table, print_counts, print_run
from asv_jit.text import units
from asv_jit.workflows import run as running


@click.command()
@click.argument("range_words", metavar="[RANGE]", required=False)
@config_option
@json_option
@machine_option
@bench_option
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME",
    help="Only benchmarks of this file; repeatable. With --bench, both must match.",
)
@pythons_option
@click.option("--count", is_flag=True, help="Count instructions instead of timing: exact on any machine, however busy.")
@click.option("--quick", is_flag=True, help="Short trials and few pairs; stored separately from full results.")
@click.option("--retry-failed", is_flag=True, help="Measure failed cells again.")
@click.option("--again", is_flag=True, help="Measure again; earlier results are kept.")
def run(config: Path, as_json: bool, **chosen: Any) -> int:
    """Measure the commits of RANGE that have no results yet, in both JIT modes.

    RANGE is NEW, ALL, TAGS, HASHFILE:path, a commit or any git range (default: the tips of the configured branches).
    """
    options = running.Options(**chosen)
    if options.count and options.quick:
        raise UsageError("--quick shortens timed trials, and counted ones have one length: give --count or --quick")
    project = open_project(config)
    latest: list[Callable[[], Sequence[SuiteSummary]]] = []

    def table(screen: Console) -> Table:
        return cases_table(latest[-1](), alpha=project.settings.alpha, narrow=screen.width < WIDE)

    try:
        with progress(quiet=as_json) as reporter:

            def interim(suites: Callable[[], Sequence[SuiteSummary]], goes_on: bool) -> None:
                latest.append(suites)
                if goes_on:
                    reporter.results(table)

            outcome = running.run(project, options, reporter, interim=interim)
    except KeyboardInterrupt:
        if latest and not as_json:
            screen = console()
            screen.print(table(screen))
        raise
    if as_json:
        print_json({"outcome": outcome.as_json(), "suites": outcome.suites, "counts": outcome.counts})
        return _exit_code(outcome)
    if outcome.counts:
        print_counts(outcome.counts)
        click.echo(f"counted {units.count(outcome.counted, 'trial')}")
    if outcome.suites or outcome.tally.failed or not outcome.counts:
        print_run(outcome, alpha=project.settings.alpha)
    return _exit_code(outcome)


def _exit_code(outcome: running.Outcome) -> int:
    return 4 if outcome.tally.failed or any(one.failed for one in outcome.counts) else 0
