"""The command line: one short function per subcommand; the only place that exits or prints a table."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import click
import msgspec

from asv_jit import __version__, machine_checks, terminal
from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import AsvJitError, InterruptedRunError
from asv_jit.interpreters import provision
from asv_jit.interpreters.discover import candidates, discover, survey
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe as probe_interpreter
from asv_jit.interpreters.resolve import resolve
from asv_jit.settings import Settings
from asv_jit.workflows import doctor as diagnosing
from asv_jit.workflows import publish as publishing
from asv_jit.workflows import run as running
from asv_jit.workflows.selection import missing_pythons

__all__ = ["cli", "main"]

_config = click.option(
    "--config", "config", type=click.Path(path_type=Path), default=Path("asv.conf.json"), help="asv's configuration."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
_machine = click.option("--machine", help="asv's name of this machine (default: as asv knows it).")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="asv-jit")
def cli() -> None:
    """What does CPython's JIT do to my code, on every commit and every Python release?"""


@cli.command()
@click.argument("range_words", metavar="[RANGE]", required=False)
@_config
@_json
@_machine
@click.option("--bench", multiple=True, metavar="REGEX", help="Only the cases whose name matches; repeatable.")
@click.option("--group", multiple=True, metavar="NAME", help="Only the benchmarks of this file; repeatable.")
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
) -> None:
    """Measure the missing cells of RANGE (NEW, ALL, TAGS, HASHFILE:path, a commit, any git range) in both modes."""
    project = _project(config)
    options = running.Options(
        range_words=range_words,
        bench=(*bench, *(rf"^{name}\." for name in group)),
        pythons=pythons,
        quick=quick,
        retry_failed=retry_failed,
        again=again,
        machine=machine,
    )
    with terminal.progress(quiet=as_json) as reporter:
        outcome = running.run(project, options, reporter)
    suites = running.summaries(project, outcome)
    if as_json:
        _print_json({"outcome": outcome.as_json(), "suites": [terminal.suite_json(suite) for suite in suites]})
    else:
        terminal.print_run(outcome, suites, alpha=project.settings.alpha)
    if outcome.failed:
        sys.exit(4)


@cli.command()
@_config
@_json
@_machine
def publish(config: Path, as_json: bool, machine: str | None) -> None:
    """Write the site from everything that was measured."""
    project = _project(config)
    published = publishing.publish(project, machine)
    for problem in published.problems:
        click.echo(f"warning: {problem}", err=True)
    if as_json:
        _print_json({"index": str(published.index), "pages": published.pages, "problems": published.problems})
    else:
        click.echo(f"The site: {published.index}")
    if published.problems:
        sys.exit(4)


@cli.command()
@_config
@_json
@click.option("--measure", is_flag=True, help="Measure this machine's noise with pairs of one program with itself.")
@click.option("--aa", "aa_runs", type=click.IntRange(1), metavar="N", help="Run N whole A/A comparisons, count alarms.")
@click.option("--python", "spec", default="3.15", show_default=True, metavar="SPEC", help="The interpreter to measure.")
def doctor(config: Path, as_json: bool, measure: bool, aa_runs: int | None, spec: str) -> None:
    """Everything about this machine that would spoil a measurement, each with the remedy."""
    settings = load_project(config).settings if config.is_file() else Settings()
    found = discover()
    report = diagnosing.Diagnosis(machine_checks.check(cpu=settings.cpu, interpreters=found))
    cpu = settings.cpu if settings.cpu is not None else machine_checks.default_cpu()
    with terminal.progress(quiet=as_json) as reporter:
        if measure:
            report.noise = diagnosing.measure_noise(resolve(spec, found), settings, reporter, cpu=cpu)
        if aa_runs:
            report.same_code = diagnosing.aa_runs(aa_runs, resolve(spec, found), settings, reporter, cpu=cpu)
    if as_json:
        _print_json(msgspec.to_builtins(report))
    else:
        terminal.print_diagnosis(report)


@cli.group()
def pythons() -> None:
    """Which interpreters there are, and which have a JIT."""


@pythons.command("list")
@_json
def pythons_list(as_json: bool) -> None:
    """Every CPython that is found: ours, pyenv's, uv's, those on PATH."""
    found = survey(candidates())
    if as_json:
        _print_json({"interpreters": [_interpreter_json(one) for one in found.interpreters], "notes": found.notes})
        return
    terminal.print_interpreters(found.interpreters)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)


@pythons.command("install")
@click.argument("specs", nargs=-1, metavar="[SPEC]…")
@_config
@_json
def pythons_install(specs: Sequence[str], config: Path, as_json: bool) -> None:
    """Install interpreters: 3.15 is the newest that is offered, 3.15.0 exactly that.

    Without SPEC: those that asv.conf.json names and that are not there yet.
    """
    wanted = tuple(specs) or missing_pythons(_project(config))
    if wanted and not as_json:
        click.echo(f"installing CPython {', '.join(wanted)}", err=True)
    installed = provision.install(wanted, wait_s=3600.0) if wanted else []
    if as_json:
        _print_json({"installed": [{**_interpreter_json(i.interpreter), "fresh": i.fresh} for i in installed]})
        return
    for one in installed:
        for note in one.notes:
            click.echo(f"note: {note}", err=True)
        state = "installed" if one.fresh else "already there"
        click.echo(f"{one.interpreter.identity}  JIT {one.interpreter.jit}  {state}: {one.interpreter.executable}")
    if not installed:
        click.echo("all interpreters that asv.conf.json names are there")


@pythons.command("probe")
@click.argument("path", type=click.Path(path_type=Path))
@_json
def pythons_probe(path: Path, as_json: bool) -> None:
    """Run the interpreter at PATH and say what it is."""
    interpreter = probe_interpreter(path.absolute())
    if as_json:
        _print_json(_interpreter_json(interpreter))
    else:
        terminal.print_interpreters([interpreter])


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: runs a subcommand and turns how it ended into the exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort, InterruptedRunError):
        click.echo("interrupted; everything that was measured is kept, and the next run goes on from there", err=True)
        sys.exit(130)
    except AsvJitError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception:  # noqa: BLE001 - the one place where a defect becomes an exit code
        terminal.print_internal_error()
        sys.exit(70)


def _terminated(number: int, frame: FrameType | None) -> None:
    raise InterruptedRunError("stopped by SIGTERM")


def _project(config: Path) -> Project:
    """Read the configuration and, as asv does, go to its folder: its paths are relative to it."""
    project = load_project(config)
    os.chdir(project.folder)
    return project


def _interpreter_json(interpreter: Interpreter) -> dict[str, Any]:
    return {
        "identity": interpreter.identity,
        "version": interpreter.version,
        "executable": str(interpreter.executable),
        "provider": interpreter.provider,
        "jit": interpreter.jit,
        "free_threaded": interpreter.free_threaded,
        "debug": interpreter.debug,
    }


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8"))
