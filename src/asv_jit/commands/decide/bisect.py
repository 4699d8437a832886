"""`asv-jit bisect`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import click
from msgspec.structs import replace

from asv_jit.analysis.metrics import BisectMetric
from asv_jit.asv_adapter.project import Project
from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json
from asv_jit.errors import InterruptedRunError, UsageError
from asv_jit.terminal.bisect import print_bisection, watching
from asv_jit.workflows.bisection import bisect as bisecting
from asv_jit.workflows.bisection.chain import split_range
from asv_jit.workflows.bisection.question import Question, question_about

METRICS = click.Choice(get_args(BisectMetric))
METRIC_HELP = f"{', '.join(get_args(BisectMetric))} (default: on)."
_COUNTED_MODES: Mapping[BisectMetric, BisectMetric] = {
    "on": "instructions",
    "off": "instructions_off",
    "instructions": "instructions",
    "instructions_off": "instructions_off",
}
_CODES = {"found": 0, "not_reproducible": 6, "undecided": 7, "unbuildable": 8}


@click.command()
@click.argument("target", metavar="ID | CASE", required=False, default="")
@click.argument("range_words", metavar="GOOD..BAD", required=False, default="")
@config_option
@json_option
@machine_option
@click.option("--metric", type=METRICS, metavar="METRIC", help=f"The metric that changed: {METRIC_HELP}")
@click.option("--count", is_flag=True, help="Count instructions in one mode (--metric on or off) instead of times.")
@click.option("--axis", type=click.Choice(["commits", "pythons"]), help="What to search (default: commits).")
@click.option(
    "--python", metavar="SPEC", help="The interpreter that measures commits (default: the newest with a JIT)."
)
@click.option("--commit", metavar="COMMIT", help="With --axis pythons: the commit to measure (default: HEAD).")
@click.option("--all-commits", is_flag=True, help="If a merge is to blame, search the branch it merged.")
@click.option("--installed-only", is_flag=True, help="With --axis pythons: install no further releases.")
@click.option("--resume", is_flag=True, help="Continue an unfinished bisection; without arguments the newest.")
def bisect(
    target: str,
    range_words: str,
    config: Path,
    as_json: bool,
    machine: str | None,
    count: bool,
    all_commits: bool,
    installed_only: bool,
    resume: bool,
    **chosen: Any,
) -> int:
    """Find the commit or the Python release that changed a metric of a case.

    `asv-jit bisect ID` searches a change that `asv-jit regressions` lists; case, range, metric, interpreter and machine
    are those of the change. `asv-jit bisect CASE GOOD..BAD` searches a range of commits or, with --axis pythons, of
    releases. Every commit is measured with the benchmark of the working tree. With --count the search halves the range
    by instructions per call, which are exact on a busy machine, and needs about ten builds for 256 commits.

    Exit code: 0 found, 6 the ends do not differ (not reproducible), 7 undecided, 8 an end, or all between
    the ends, cannot be measured.
    """
    project = open_project(config)
    given = {name: value for name, value in chosen.items() if value is not None}
    question = _question(project, target, range_words, machine, given, resume=resume)
    question = replace(question, all_commits=all_commits or question.all_commits, installable=not installed_only)
    if count:
        question = replace(question, metric=counted_metric(question.metric))
    try:
        with watching(quiet=as_json) as watcher:
            bisection = bisecting.bisect(project, question, watcher)
    except (KeyboardInterrupt, InterruptedRunError):
        click.echo("`asv-jit bisect --resume` continues after the last measurement", err=True)
        raise
    if as_json:
        print_json(bisection)
    else:
        print_bisection(bisection)
    assert bisection.result is not None
    return _CODES[bisection.result.outcome]


def counted_metric(mode: BisectMetric) -> BisectMetric:
    """Return the metric that --count measures in the mode that --metric names. Raises UsageError for another metric."""
    if mode not in _COUNTED_MODES:
        raise UsageError(f"--count counts instructions in one mode: expected --metric on or off, found {mode}")
    return _COUNTED_MODES[mode]


def _question(
    project: Project, target: str, range_words: str, machine: str | None, given: dict[str, Any], *, resume: bool
) -> Question:
    """Return the question of an event or a range; an empty one resumes the newest. `given`: options of ranges."""
    if range_words:
        good, bad = split_range(range_words)
        return Question(case=target, good=good, bad=bad, machine=machine, resume=resume, **given)
    if not (target or resume):
        raise UsageError("expected `asv-jit bisect ID` or `asv-jit bisect CASE GOOD..BAD`; only --resume needs neither")
    if given:
        names = ", ".join(f"--{name}" for name in given)
        raise UsageError(f"{names} works with CASE GOOD..BAD only: an event or a stored bisection defines it")
    return question_about(project, target, machine, resume=resume) if target else Question(machine=machine, resume=True)
