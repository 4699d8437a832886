"""`asv-jit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from asv_jit.asv_adapter.project import Project
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
from asv_jit.terminal.compare import (
    comparison_json,
    comparison_markdown,
    count_json,
    count_markdown,
    print_comparison,
    print_count_comparison,
)
from asv_jit.terminal.progress import progress
from asv_jit.workflows import compare as comparing
from asv_jit.workflows.compare_counts import compare_counted

UNDECIDED = 7
"""Exit code if something could not be decided, as in `bisect`."""


@click.command()
@click.argument("words", metavar="A [B]", nargs=-1)
@config_option
@json_option
@machine_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown for a pull request comment.")
@click.option("--count", is_flag=True, help="Count instructions instead of taking times: exact on a busy machine.")
@bench_option
@click.option("--group", multiple=True, metavar="NAME", help="Only benchmarks of this file; repeatable.")
@pythons_option
@click.option("--pythons", "between", nargs=2, metavar="X Y", help="Compare two interpreters at one commit.")
@click.option(
    "--fail-on",
    metavar="SHARE",
    help="Exit with code 1 if anything is slower by at least this, such as 2% (default: `equivalence`; --count: 0.2%).",
)
@click.option(
    "--on-unclear",
    type=click.Choice(["pass", "fail"]),
    default="pass",
    help="With `fail`, exit with code 7 if anything may be slower by that much but is undecided (default: pass).",
)
def compare(
    config: Path,
    as_json: bool,
    as_markdown: bool,
    count: bool,
    bench: tuple[str, ...],
    group: tuple[str, ...],
    fail_on: str | None,
    on_unclear: str,
    **chosen: Any,
) -> int:
    """Measure commits A and B (default: HEAD) interleaved, in both JIT modes, and report what changed.

    `A...B` compares B with its merge base with A, as for a pull request. With --pythons X Y, one commit (default: HEAD)
    is measured on two interpreters. Both sides run the benchmarks of the working tree.
    """
    if as_json and as_markdown:
        raise UsageError("expected --json or --markdown, found both")
    project = open_project(config)
    options = comparing.Options(
        **chosen,
        bench=(*bench, *(rf"^{name}\." for name in group)),
        fail_on=None if fail_on is None else parse_share(fail_on, "--fail-on"),
    )
    undecided = UNDECIDED if on_unclear == "fail" else 0
    if count:
        return _count(project, options, undecided, as_json=as_json, as_markdown=as_markdown)
    with progress(quiet=as_json or as_markdown) as reporter:
        outcome = comparing.compare_sides(project, options, reporter)
    if as_json:
        print_json(comparison_json(outcome))
    elif as_markdown:
        click.echo(comparison_markdown(outcome), nl=False)
    else:
        print_comparison(outcome)
    if outcome.worse:
        return 1
    return 4 if outcome.unmeasured else undecided if outcome.undecided else 0


def _count(project: Project, options: comparing.Options, undecided: int, *, as_json: bool, as_markdown: bool) -> int:
    with progress(quiet=as_json or as_markdown) as reporter:
        outcome = compare_counted(project, options, reporter)
    if as_json:
        print_json(count_json(outcome))
    elif as_markdown:
        click.echo(count_markdown(outcome), nl=False)
    else:
        print_count_comparison(outcome)
    if outcome.is_worse:
        return 1
    if outcome.unbuilt or any(one.missing for one in outcome.sides):
        return 4
    return undecided if outcome.undecided else 0


def parse_share(text: str, where: str) -> float:
    """Parse `2%` or `0.02` as 0.02. Raises UsageError."""
    number, sign, rest = text.strip().partition("%")
    try:
        value = float(number) / (100.0 if sign else 1.0)
    except ValueError:
        value = -1.0
    if rest or not 0.0 < value < 10.0:
        raise UsageError(f"{where}: expected a share such as 2% or 0.02, found {text!r}")
    return value
