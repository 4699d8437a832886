"""`asv-jit try`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from asv_jit.commands.common import Seconds, json_option, print_json, pythons_option
from asv_jit.terminal.progress import progress
from asv_jit.terminal.try_ import print_try, print_try_counts
from asv_jit.workflows.trying import trying
from asv_jit.workflows.trying.counting_program import count_by_mode


@click.command("try", context_settings={"allow_interspersed_args": False})
@click.option("-m", "as_module", is_flag=True, help="Run a module, like `python -m`.")
@pythons_option
@click.option(
    "--seconds", type=Seconds(), default=120.0, show_default=True,
    help="Time budget in seconds; no pair starts that cannot finish within it (two always run).",
)  # fmt: skip
@click.option(
    "--pairs", type=click.IntRange(trying.FEWEST_PAIRS), default=45, show_default=True, metavar="N",
    help="Maximum number of pairs per interpreter; fewer if the result is precise.",
)  # fmt: skip
@click.option(
    "--timeout", "timeout_s", type=Seconds(), default=600.0, show_default=True,
    help="Kill a run after this many seconds.",
)  # fmt: skip
@click.option(
    "--stdin", type=click.Path(path_type=Path), metavar="FILE",
    help="File fed to every run; `-` replays our own standard input (default: none).",
)  # fmt: skip
@click.option("--no-pin", is_flag=True, help="Do not pin to one core; for programs with several processes.")
@click.option(
    "--count", is_flag=True,
    help="Count instructions under valgrind instead: one run in each mode, about 50 times slower.",
)  # fmt: skip
@json_option
@click.argument("program", metavar="SCRIPT | -m MODULE")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]…")
def try_(
    as_module: bool, no_pin: bool, count: bool, as_json: bool, program: str, arguments: tuple[str, ...], **chosen: Any
) -> int:
    """Time a whole program with the JIT off and on, in pairs, on the interpreters found on this machine.

    No asv project is needed, and asv-jit writes no files. Options of asv-jit come before SCRIPT or `-m MODULE`;
    everything after it is passed to the program. For a program that needs packages, give `--python PATH`, the Python of
    a virtual environment made with an interpreter that has a JIT.
    """
    options = trying.Options(
        **chosen, arguments=("-m", program, *arguments) if as_module else (program, *arguments), pinned=not no_pin
    )
    if count:
        return _count(options, as_json)
    with progress(quiet=as_json) as reporter:
        report = trying.try_program(options, reporter)
    if as_json:
        print_json(report)
    else:
        print_try(report)
    if report.interrupted:
        return 130
    return 4 if any(result.summary is None for result in report.results) else 0


def _count(options: trying.Options, as_json: bool) -> int:
    given = click.get_current_context().get_parameter_source
    for name, option in (("seconds", "--seconds"), ("pairs", "--pairs"), ("no_pin", "--no-pin")):
        if given(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--count runs each mode once and times nothing: leave {option} out")
    with progress(quiet=as_json) as reporter:
        report = count_by_mode(options, reporter)
    if as_json:
        print_json(report)
    else:
        print_try_counts(report)
    if report.interrupted:
        return 130
    return 4 if any(result.off is None or result.on is None for result in report.results) else 0
