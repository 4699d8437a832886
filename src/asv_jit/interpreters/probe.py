"""Runs a candidate executable to identify the interpreter."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Protocol

import msgspec

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters import identity, manifest
from asv_jit.interpreters.identity import Interpreter, Jit
from asv_jit.system import processes

OLDEST = (3, 9)
_INSIDE = Path(__file__).with_name("inside.py")
_TIMEOUT_S = 30.0


class Runner(Protocol):
    """A function that starts processes: `processes.run`, or a fake in tests."""

    def __call__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        timeout_s: float | None = None,
    ) -> processes.Finished:
        """Run `command` to its end."""
        ...


class _Answer(msgspec.Struct, frozen=True):
    implementation: str
    version: Annotated[str, msgspec.Meta(pattern=r"^\d+\.\d+\.\d+$")]
    sys_version: Annotated[str, msgspec.Meta(pattern=r"^\d+\.\d+\.\d+")]
    configuration: str
    jit: Jit
    free_threaded: bool
    debug: bool
    executable: str


def probe(executable: Path, *, run: Runner = processes.run) -> Interpreter:
    """Run `executable` and return the interpreter; for a virtual environment, its base interpreter.

    Raises NoInterpreterError if it does not run, is not CPython 3.9 or newer, or prints an invalid description.
    """
    answer = _decode(executable, _ask(executable, run))
    if answer.implementation != "CPython":
        raise NoInterpreterError(f"{executable} is {answer.implementation} {answer.version}; only CPython has the JIT.")
    if identity.release_key(answer.version)[:2] < OLDEST:
        raise NoInterpreterError(f"{executable} is CPython {answer.version}; asv-jit needs 3.9 or newer.")
    real = Path(answer.executable)
    ours = manifest.read_above(real)
    return Interpreter(
        version=answer.version,
        identity=ours.identity if ours else identity.of_build(answer.version, answer.sys_version, answer.configuration),
        executable=real,
        provider=ours.provider if ours else provider_of(real),
        package_version=ours.package_version if ours else None,
        jit=answer.jit,
        free_threaded=answer.free_threaded,
        debug=answer.debug,
        sys_version=answer.sys_version,
    )


def provider_of(executable: Path) -> str:
    """Return the provider of an executable that asv-jit did not install, from its path."""
    if executable.is_relative_to(pyenv_root()):
        return "pyenv"
    if any(pair == ("uv", "python") for pair in zip(executable.parts, executable.parts[1:], strict=False)):
        return "uv"
    system = ("/usr/bin", "/bin", "/usr/lib", "/System", "/Library", "/opt/homebrew", "C:\\Program Files")
    if any(executable.is_relative_to(folder) for folder in system):
        return "system"
    return "path"


def pyenv_root() -> Path:
    """Return pyenv's root folder."""
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")


def _ask(executable: Path, run: Runner) -> str:
    # The child's environment does not contain PYTHON_JIT, so the probe sees the build's default.
    env = processes.base_environment(also=("PYENV_ROOT", "PYENV_VERSION"))
    try:
        finished = run([executable, "-I", "-S", _INSIDE], env=env, timeout_s=_TIMEOUT_S)
    except OSError as error:
        raise NoInterpreterError(f"{executable} cannot be started: {error.strerror}.") from error
    if not finished.ok:
        raise NoInterpreterError(f"{executable} does not run as a Python interpreter: {finished.complaint(4)}")
    return finished.stdout


def _decode(executable: Path, output: str) -> _Answer:
    lines = output.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else "", type=_Answer)
    except msgspec.DecodeError:
        shown = lines[-1][:80] if lines else "nothing"
        raise NoInterpreterError(
            f"{executable} does not answer like a Python interpreter: expected a description in JSON, found {shown!r}."
        ) from None
