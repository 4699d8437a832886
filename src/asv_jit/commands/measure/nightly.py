"""`asv-jit nightly`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json
from asv_jit.settings import parse_duration_s
from asv_jit.terminal.nightly import print_night, print_plan
from asv_jit.terminal.progress import progress
from asv_jit.workflows.nights import nightly as nights
from asv_jit.workflows.nights.report import markdown


@click.command()
@config_option
@json_option
@machine_option
@click.option(
    "--budget", metavar="DURATION", help="Time budget, such as 90m or 2h (default: jit.budget, else no limit)."
)
@click.option("--publish", metavar="DIR|branch:NAME", help="Write the site to this folder or branch at the end.")
@click.option("--results", metavar="branch:NAME", help="Fetch results from this branch first; push them at the end.")
@click.option(
    "--since", metavar="REV|DATE", help="Fill gaps since this commit or date (default: the oldest measured commit)."
)
@click.option("--only", multiple=True, type=click.Choice(nights.STEPS), help="Run only this step; repeatable.")
@click.option("--dry-run", is_flag=True, help="Print the plan, with reasons and estimated times; measure nothing.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the report to this file, as Markdown.")
def nightly(
    config: Path,
    as_json: bool,
    budget: str | None,
    publish: str | None,
    results: str | None,
    only: tuple[str, ...],
    dry_run: bool,
    report: Path | None,
    **chosen: Any,
) -> int:
    """Run a whole night unattended, within a time budget.

    Fetches the repository, installs new Python releases, measures what is missing, then finds, confirms and bisects
    regressions, publishes the site and reports. A night that was interrupted continues the next time.
    """
    report = report.absolute() if report is not None else None
    publish = publish if publish is None or publish.startswith("branch:") else str(Path(publish).absolute())
    if results is not None and not results.startswith("branch:"):
        raise click.UsageError(f"--results: expected branch:NAME, found {results!r}")
    options = nights.Options(
        **chosen,
        budget_s=None if budget is None else parse_duration_s(budget, "--budget"),
        publish=publish,
        results=results,
        steps=only or nights.STEPS,
    )
    project = open_project(config)
    with progress(quiet=as_json) as reporter:
        night = (nights.plan_only if dry_run else nights.nightly)(project, options, reporter)
    if as_json:
        print_json(night.as_json())
    else:
        (print_plan if dry_run else print_night)(night)
    if dry_run:
        return 0
    _write_reports(markdown(night), report)
    return night.exit_code


def _write_reports(text: str, report: Path | None) -> None:
    """Write the report to `report` and to the summary of GitHub Actions; a failure is only a warning."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    for path, mode in ((report, "w"), (Path(summary) if summary else None, "a")):
        if path is not None:
            try:
                with path.open(mode, encoding="utf-8") as stream:
                    stream.write(text)
            except OSError as error:
                click.echo(f"warning: the report cannot be written to {path} ({error.strerror})", err=True)
