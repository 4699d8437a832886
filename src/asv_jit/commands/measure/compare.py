"""`asv-jit compare`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json
from asv_jit.errors import UsageError
from asv_jit.terminal.compare import comparison_json, comparison_markdown, print_comparison
from asv_jit.terminal.progress import progress
from asv_jit.workflows import compare as comparing


@click.command()
@click.argument("words", metavar="A [B]", nargs=-1)
@config_option
@json_option
@machine_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a comment for a pull request.")
@click.option("--bench", multiple=True, metavar="REGEX", help="Only the cases whose name matches; repeatable.")
@click.option("--group", multiple=True, metavar="NAME", help="Only the benchmarks of this file; repeatable.")
@click.option("--python", "chosen", multiple=True, metavar="SPEC", help="3.15, 3.15.2 or a path; repeatable.")
@click.option("--pythons", "between", nargs=2, metavar="X Y", help="Compare two interpreters at one commit.")
@click.option("--fail-on", metavar="SHARE", help="What worsening gives exit code 1, such as 2%.")
def compare(
    words: tuple[str, ...],
    config: Path,
    as_json: bool,
    machine: str | None,
    as_markdown: bool,
    bench: tuple[str, ...],
    group: tuple[str, ...],
    chosen: tuple[str, ...],
    between: tuple[str, str] | None,
    fail_on: str | None,
) -> int:
    """Measure commit A against B (default: HEAD) in both modes, interleaved, and say what changed.

    A...B means: since B left A, as for a pull request. With --pythons X Y the commit (default: HEAD) is measured on
    two interpreters instead. The benchmarks are those of the working tree on both sides.
    """
    if as_json and as_markdown:
        raise UsageError("expected --json or --markdown, found both")
    project = open_project(config)
    options = comparing.Options(
        words=words,
        between=between or None,
        bench=(*bench, *(rf"^{name}\." for name in group)),
        pythons=chosen,
        fail_on=None if fail_on is None else parse_share(fail_on, "--fail-on"),
        machine=machine,
    )
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
    return 4 if outcome.unmeasured else 0


def parse_share(text: str, where: str) -> float:
    """`2%` or `0.02` as 0.02. Raises UsageError."""
    number, sign, rest = text.strip().partition("%")
    try:
        value = float(number) / (100.0 if sign else 1.0)
    except ValueError:
        value = -1.0
    if rest or not 0.0 < value < 10.0:
        raise UsageError(f"{where}: expected a share such as 2% or 0.02, found {text!r}")
    return value
