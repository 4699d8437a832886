"""The interpreters of `asv-jit try`: those with a JIT on this machine, or those that the user names."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe
from asv_jit.interpreters.resolve import is_path, resolve

# Set by asv-jit for each trial, or valid for one interpreter only; the shell's values are ignored.
_NOT_PASSED_ON = ("PYTHON_JIT", "PYTHONHASHSEED", "PYTHONPYCACHEPREFIX", "PYTHONHOME", "PYTHONEXECUTABLE")
_KNOBS = ("PYTHON_JIT_", "PYTHON_UOPS")
# From an import, or from `-m` itself.
_MISSING_MODULE = re.compile(r"^(?:ModuleNotFoundError|.*python[\w.]*): No module named '?([\w.]+)'?", re.MULTILINE)


class Target(Struct, frozen=True):
    """An interpreter and its executable, which may be that of a virtual environment."""

    interpreter: Interpreter
    executable: Path

    @property
    def in_environment(self) -> bool:
        """True if the executable is in a virtual environment."""
        return (self.executable.parent.parent / "pyvenv.cfg").is_file()


def targets_of(specs: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[Target]:
    """Return the named interpreters, else the newest with a JIT of each minor version; oldest release first.

    Uses a path as it is, so that a virtual environment keeps its packages. The active virtual environment
    (`VIRTUAL_ENV`) replaces the interpreter of its minor version. Raises NoInterpreterError if nothing matches.
    """
    found = discover()
    chosen = [_named(spec, found) for spec in specs] or _newest_of_lines(found, _active(environment))
    if not chosen:
        there = ", ".join(one.identity for one in found) or "none"
        raise NoInterpreterError(
            f"None of the interpreters found here has a JIT to turn on (found: {there}). "
            "To install one: asv-jit pythons install 3.15"
        )
    unique = {(target.interpreter.identity, target.executable): target for target in chosen}
    return sorted(unique.values(), key=lambda target: target.interpreter.release)


def shell_variables(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the user's environment without the variables that asv-jit sets for each trial."""
    return {name: value for name, value in environment.items() if name not in _NOT_PASSED_ON}


def notes_of_shell(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return notes on variables of the shell that asv-jit ignores, or that affect both modes."""
    notes = []
    if "PYTHON_JIT" in environment:
        notes.append(f"PYTHON_JIT={environment['PYTHON_JIT']} in your shell is ignored: each mode is set here")
    if "PYTHONHOME" in environment:
        notes.append("PYTHONHOME in your shell is ignored: it would be wrong for other interpreters")
    active = _active(environment)
    if active is not None and not active.interpreter.has_jit:
        notes.append(
            f"the active virtual environment is of CPython {active.interpreter.version}, which has no JIT: "
            "its packages are not there for the interpreters that have one"
        )
    knobs = sorted(name for name in environment if name.startswith(_KNOBS))
    if knobs:
        notes.append(f"{', '.join(knobs)} from your shell stays set in both modes")
    return notes


def remedy(stderr: str, target: Target, program: str) -> str:
    """Return how to install a module that the program lacks; empty for other failures."""
    missing = _MISSING_MODULE.findall(stderr)
    if not missing:
        return ""
    package = missing[-1].partition(".")[0]
    lines = [f"{package} is missing there. If it is your own, set PYTHONPATH; else install it"]
    python = target.executable
    if not target.in_environment:
        env = f"jit-env-{target.interpreter.minor}"
        python = Path(env, "Scripts" if sys.platform == "win32" else "bin", "python")
        make = [sys.executable, "-m", "virtualenv", "-p", str(target.executable), env]
        lines[0] += " in a virtual environment of that interpreter:"
        lines.append(f"    {shlex.join(make)}")
    lines.append(f"    {shlex.join([str(python), '-m', 'pip', 'install', package])}")
    lines.append(f"    asv-jit try --python {shlex.quote(str(python))} {program}")
    return "\n".join(lines)


def _named(spec: str, found: Sequence[Interpreter]) -> Target:
    interpreter = resolve(spec, found)
    executable = Path(spec).expanduser().absolute() if is_path(spec) else interpreter.executable
    if not interpreter.has_jit:
        raise NoInterpreterError(
            f"CPython {interpreter.identity} at {executable} was built without a JIT, so that there is nothing to "
            "turn on. To install one that has it: asv-jit pythons install 3.15"
        )
    return Target(interpreter, executable)


def _active(environment: Mapping[str, str]) -> Target | None:
    folder = environment.get("VIRTUAL_ENV")
    if not folder:
        return None
    python = Path(folder, "Scripts", "python.exe") if sys.platform == "win32" else Path(folder, "bin", "python")
    try:
        return Target(probe(python), python) if python.is_file() else None
    except NoInterpreterError:  # the variable may be stale
        return None


def _newest_of_lines(found: Sequence[Interpreter], active: Target | None) -> list[Target]:
    lines: dict[str, Target] = {}
    for interpreter in sorted(found, key=lambda one: one.release):
        if interpreter.has_jit and not interpreter.debug:
            lines[interpreter.line] = Target(interpreter, interpreter.executable)
    if active is not None and active.interpreter.has_jit:
        lines[active.interpreter.line] = active
    return list(lines.values())
