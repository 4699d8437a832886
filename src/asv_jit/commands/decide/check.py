"""`asv-jit check`, and what its failures mean to `git bisect run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from asv_jit.analysis.metrics import BisectMetric
from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json
from asv_jit.commands.decide.bisect import METRIC_HELP, METRICS, counted_metric
from asv_jit.commands.measure.compare import parse_share
from asv_jit.terminal.progress import progress
from asv_jit.workflows.bisection import check as checking

_CODES = {"good": 0, "bad": 1, "untestable": 125}
_LEAST_FAILURE = 129


@click.command()
@click.argument("case")
@click.option("--baseline", required=True, metavar="COMMIT", help="A commit known to be good.")
@config_option
@json_option
@machine_option
@click.option("--metric", type=METRICS, default="on", metavar="METRIC", help=f"The metric to compare: {METRIC_HELP}")
@click.option("--count", is_flag=True, help="Count instructions in one mode (--metric on or off) instead of times.")
@click.option("--worse-by", metavar="SHARE", help="How much worse a bad commit is (default: 5%; --count: 0.4%).")
@click.option("--python", metavar="SPEC", help="The interpreter that measures (default: the newest with a JIT).")
def check(config: Path, as_json: bool, metric: BisectMetric, count: bool, worse_by: str | None, **chosen: Any) -> int:
    """Test whether HEAD is worse than --baseline on CASE, for `git bisect run`; --count decides exactly.

    Exit code: 0 good, 1 bad, 125 this commit cannot be tested; 129 or more if asv-jit itself failed, so that git stops
    and blames no commit.
    """
    share = None if worse_by is None else parse_share(worse_by, "--worse-by")
    options = checking.Options(**chosen, metric=counted_metric(metric) if count else metric, worse_by=share)
    project = open_project(config)
    with progress(quiet=as_json) as reporter:
        found = checking.check(project, options, reporter)
    if as_json:
        print_json(found)
    else:
        against = f"{found.commit.short} against {found.baseline.short}, {found.metric}"
        by = "" if found.worse_by is None else f", {found.worse_by:+.1%} worse in {found.blocks} blocks"
        if found.before is not None and found.worse_by is not None:
            by = f" {found.before:,.0f} → {found.after:,.0f} ({found.worse_by:+.2%})"
        reason = f": {found.reason.splitlines()[-1]}" if found.reason else ""
        click.echo(f"{found.answer}: {against}{by}{reason}")
    return _CODES[found.answer]


def failure_code(code: int) -> int:
    """Map exit code `code` of a failed `check` to 129 or more: git blames the commit for 1 to 127."""
    return code if code >= _LEAST_FAILURE else _LEAST_FAILURE + code
