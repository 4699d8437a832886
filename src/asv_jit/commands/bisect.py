"""`asv-jit bisect`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json
from asv_jit.errors import InterruptedRunError
from asv_jit.store.findings.bisections import BisectMetric
from asv_jit.terminal.bisect import bisection_json, print_bisection, watching
from asv_jit.workflows.bisection import bisect as bisecting
from asv_jit.workflows.bisection.question import Options

METRICS = click.Choice(get_args(BisectMetric))
_CODES = {"found": 0, "not_reproducible": 6, "undecided": 7, "unbuildable": 8}


@click.command()
@click.argument("case", required=False, default="")
@click.argument("range_words", metavar="GOOD..BAD", required=False, default="")
@config_option
@json_option
@machine_option
@click.option("--metric", type=METRICS, default="on", show_default=True, help="What became worse.")
@click.option("--axis", type=click.Choice(["commits", "pythons"]), default="commits", show_default=True)
@click.option(
    "--python", metavar="SPEC", help="The interpreter that measures commits (default: the newest with a JIT)."
)
@click.option("--commit", default="HEAD", show_default=True, help="What is measured on the axis pythons.")
@click.option("--all-commits", is_flag=True, help="If a merge is to blame, search what it merged, too.")
@click.option("--installed-only", is_flag=True, help="On the axis pythons: install no further releases.")
@click.option("--resume", is_flag=True, help="Go on with the unfinished bisection of this question, or the newest one.")
def bisect(
    case: str,
    range_words: str,
    config: Path,
    as_json: bool,
    machine: str | None,
    metric: BisectMetric,
    axis: str,
    python: str | None,
    commit: str,
    all_commits: bool,
    installed_only: bool,
    resume: bool,
) -> int:
    """Find the commit, or with --axis pythons the release, between GOOD and BAD that moved a metric of CASE.

    The benchmark is that of the working tree at every commit. Exit code: 0 found, 6 the ends do not differ (not
    reproducible), 7 undecided, 8 nothing buildable.
    """
    project = open_project(config)
    options = Options(
        case=case,
        range_words=range_words,
        metric=metric,
        axis=axis,
        python=python,
        commit=commit,
        all_commits=all_commits,
        resume=resume,
        installable=not installed_only,
        machine=machine,
    )
    try:
        with watching(quiet=as_json) as watcher:
            bisection = bisecting.bisect(project, options, watcher)
    except (KeyboardInterrupt, InterruptedRunError):
        click.echo("`asv-jit bisect --resume` goes on after the last measurement", err=True)
        raise
    if as_json:
        print_json(bisection_json(bisection))
    else:
        print_bisection(bisection)
    assert bisection.result is not None
    return _CODES[bisection.result.outcome]
