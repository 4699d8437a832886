"""`asv-jit pythons`: list, install, probe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from asv_jit.commands.common import config_option, json_option, open_project, print_json
from asv_jit.interpreters import provision, valgrind
from asv_jit.interpreters.discover import candidates, survey
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe as probe_interpreter
from asv_jit.terminal.set_up import print_interpreters
from asv_jit.workflows.measuring.selection import missing_pythons


@click.group()
def pythons() -> None:
    """List, probe and install Python interpreters, and show which have a JIT."""


@pythons.command("list")
@json_option
def pythons_list(as_json: bool) -> None:
    """List the interpreters found here, and what counts instructions.

    These are on PATH, or were installed by asv-jit, pyenv or uv.
    """
    found = survey(candidates())
    counter = valgrind.find()
    if as_json:
        interpreters = [_interpreter_json(one) for one in found.interpreters]
        described = counter.described if counter else None
        print_json({"interpreters": interpreters, "notes": found.notes, "counter": described})
        return
    print_interpreters(found.interpreters)
    click.echo(f"counting: {counter.described}" if counter else f"counting: no valgrind here; {valgrind.REMEDY}")
    for note in found.notes:
        click.echo(f"note: {note}", err=True)


@pythons.command("install")
@click.argument("specs", nargs=-1, metavar="[SPEC]…")
@config_option
@json_option
def pythons_install(specs: Sequence[str], config: Path, as_json: bool) -> None:
    """Install interpreters, by default those that asv.conf.json names.

    SPEC: 3.15 is the newest 3.15 available, 3.15.0 exactly that.
    """
    wanted = tuple(specs) or missing_pythons(open_project(config))
    if wanted and not as_json:
        click.echo(f"installing CPython {', '.join(wanted)}", err=True)
    installed = provision.install(wanted, wait_s=3600.0) if wanted else []
    if as_json:
        print_json({"installed": [{**_interpreter_json(i.interpreter), "fresh": i.fresh} for i in installed]})
        return
    for one in installed:
        for note in one.notes:
            click.echo(f"note: {note}", err=True)
        state = "installed" if one.fresh else "already installed"
        click.echo(f"{one.interpreter.identity}  JIT {one.interpreter.jit}  {state}: {one.interpreter.executable}")
    if not installed:
        click.echo("all interpreters that asv.conf.json names are installed")


@pythons.command("probe")
@click.argument("path", type=click.Path(path_type=Path))
@json_option
def pythons_probe(path: Path, as_json: bool) -> None:
    """Print version, build and JIT support of the interpreter at PATH."""
    interpreter = probe_interpreter(path.absolute())
    if as_json:
        print_json(_interpreter_json(interpreter))
    else:
        print_interpreters([interpreter])


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
