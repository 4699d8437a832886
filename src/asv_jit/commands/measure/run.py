"""`asv-jit run`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json
from asv_jit.terminal.progress import progress
from asv_jit.terminal.run import print_run, suite_json
from asv_jit.workflows import run as running


@click.command()
@click.argument("range_words", metavar="[RANGE]", required=False)
@config_option
@json_option
@machine_option
@click.option("--bench", multiple=True, metavar="REGEX", help="Only the cases whose name matches; repeatable.")
@click.option(
    "--group",
    multiple=True,
    metavar="NAME",
    help="Only the benchmarks of this file; repeatable. With --bench, both must fit.",
)
@click.option("--python", "pythons", multiple=True, metavar="SPEC", help="3.15, 3.15.2 or a path; repeatable.")
@click.option("--quick", is_flag=True, help="Short trials, few pairs; kept apart from full results.")
@click.option("--retry-failed", is_flag=True, help="Measure cells again that failed before.")
@click.option("--again", is_flag=True, help="Measure all cells of the range once more; what there is stays.")
def run(
    range_words: str | None,
    config: Path,
    as_json: bool,
    machine: str | None,
    bench: tuple[str, ...],
    group: tuple[str, ...],
    pythons: tuple[str, ...],
    quick: bool,
    retry_failed: bool,
    again: bool,
) -> int:
    """Measure the missing cells of RANGE (NEW, ALL, TAGS, HASHFILE:path, a commit, any git range) in both modes."""
    project = open_project(config)
    options = running.Options(
        range_words=range_words,
        bench=bench,
        groups=group,
        pythons=pythons,
        quick=quick,
        retry_failed=retry_failed,
        again=again,
        machine=machine,
    )
    with progress(quiet=as_json) as reporter:
        outcome = running.run(project, options, reporter)
    if as_json:
        print_json({"outcome": outcome.as_json(), "suites": [suite_json(suite) for suite in outcome.suites]})
    else:
        print_run(outcome, outcome.suites, alpha=project.settings.alpha)
    return 4 if outcome.failed else 0
