"""Installations: (interpreter, requirements, full commit), each a virtualenv of its own, immutable once built.

    <cache>/installations/<16 hex>/         a path of constant length, because its length moves memory about
        complete                            written last: without it the folder is half-made and is removed
        <asv's environment>/                with the checkout, which an editable installation runs from

Several exist at once, so that commits can be interleaved; the least recently used are pruned.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv import util
from asv.console import log
from asv.repo import get_repo
from msgspec import Struct

from asv_jit.asv_adapter.environment import InterpreterEnvironment
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import AsvJitError, LockedError, UsageError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.providers.offers import NETWORK_VARIABLES
from asv_jit.store.files import write_atomically
from asv_jit.system import locks, paths, processes

KEPT = 48
# What a build may see of our environment besides the usual: its compiler's settings and how to reach an index. Anything
# else goes through `matrix.env`. A build runs the project's code: no agent and no token of a CI job is among these.
_BUILD_VARIABLES = (
    *NETWORK_VARIABLES,
    "AR", "CC", "CFLAGS", "CPATH", "CPPFLAGS", "CXX", "CXXFLAGS", "FC", "FFLAGS", "LDFLAGS", "LD_LIBRARY_PATH",
    "LIBRARY_PATH", "MAKEFLAGS", "PKG_CONFIG_PATH", "SOURCE_DATE_EPOCH", "CARGO_HOME", "RUSTFLAGS", "RUSTUP_HOME",
)  # fmt: skip
_BUILD_PREFIXES = ("CMAKE_", "PIP_")
_LOCK_PATIENCE_S = 3600.0


class UnbuildableError(AsvJitError):
    """This commit cannot be installed on this interpreter: a result, not a failure of the tool."""

    exit_code = 4


class Requirements(Struct, frozen=True):
    """What the matrix of asv.conf.json adds to every environment: packages, and variables beside PYTHON_JIT."""

    packages: tuple[tuple[str, str], ...]
    build_variables: tuple[tuple[str, str], ...]
    other_variables: tuple[tuple[str, str], ...]

    def variables(self) -> dict[tuple[str, str], str]:
        """As asv tags them."""
        tagged = {("build", key): value for key, value in self.build_variables}
        return tagged | {("nobuild", key): value for key, value in self.other_variables}


@dataclass(frozen=True)
class Installation:
    """A built installation; `identity` names it in the journal; `variables` is what asv gives its benchmarks."""

    identity: str
    interpreter: Interpreter
    commit: str
    python: Path
    variables: Mapping[str, str]


def requirements_of(project: Project) -> Requirements:
    """The one combination of the matrix. Raises UsageError where it has several: a cell has one installation."""
    matrix = project.asv.matrix
    tables = {key: matrix.get(key, {}) for key in ("req", "env", "env_nobuild")}
    if not any(key in matrix for key in tables):
        tables["req"] = matrix
    chosen: dict[str, list[tuple[str, str]]] = {}
    for kind, table in tables.items():
        chosen[kind] = []
        for key, given in table.items():
            values = given if isinstance(given, list) else [given]
            if key == "PYTHON_JIT":
                continue
            if len(values) > 1:
                raise UsageError(
                    f'asv.conf.json: "matrix" offers {len(values)} values of {key} ({", ".join(map(str, values))}), '
                    "and asv-jit measures one set of requirements at a time: keep one, or give each set a "
                    "configuration of its own (--config)"
                )
            if values and values[0] is not None:
                chosen[kind].append((key, str(values[0])))
            elif not values and kind == "req":
                chosen[kind].append((key, ""))
    return Requirements(*(tuple(sorted(chosen[kind])) for kind in ("req", "env", "env_nobuild")))


def install(project: Project, interpreter: Interpreter, requirements: Requirements, commit: str) -> Installation:
    """Find or build the installation of `commit`. Raises UnbuildableError with the build's last words."""
    identity = _identity(project, interpreter, requirements, commit)
    folder = paths.installations_dir() / identity
    marker = folder / "complete"
    try:
        environment = asv_environment_of(project, interpreter, requirements, "0", folder)
    except util.UserError as error:
        raise UsageError(f"no installation can be made: {error}") from None
    if not marker.is_file():
        with locks.held(locks.installing_lock(), doing="build an installation", wait_s=_LOCK_PATIENCE_S):
            if not marker.is_file():
                _build(project, environment, commit, folder)
    os.utime(marker)
    variables = {
        **environment.variables(commit),
        "ASV_CONF_DIR": str(project.folder),
        **dict(requirements.build_variables),
        **dict(requirements.other_variables),
    }
    if "ASV_PYTHONPATH" in variables:  # asv's way to set it
        variables["PYTHONPATH"] = variables.pop("ASV_PYTHONPATH")
    return Installation(identity, interpreter, commit, environment.python_path, variables)


def exists(project: Project, interpreter: Interpreter, requirements: Requirements, commit: str) -> bool:
    """Whether the installation of `commit` is there already."""
    return (paths.installations_dir() / _identity(project, interpreter, requirements, commit) / "complete").is_file()


def asv_environment_of(
    project: Project, interpreter: Interpreter, requirements: Requirements, jit: str, folder: Path | None = None
) -> InterpreterEnvironment:
    """asv's view of an interpreter in one mode (`jit` is "0" or "1"); below `folder`, if one is given."""
    conf = project.asv
    if folder is not None:
        conf.env_dir = str(folder)
    tagged = {**requirements.variables(), ("nobuild", "PYTHON_JIT"): jit}
    return _PlainEnvironment(conf, interpreter, dict(requirements.packages), tagged)


def surplus(keep: Sequence[str], kept: int = KEPT) -> list[Path]:
    """The least recently used installations beyond `kept`, never those in `keep`."""
    folder = paths.installations_dir()
    if not folder.is_dir():
        return []
    complete = sorted(folder.glob("*/complete"), key=lambda marker: marker.stat().st_mtime, reverse=True)
    return [marker.parent for marker in complete[kept:] if marker.parent.name not in keep]


def prune(keep: Sequence[str], kept: int = KEPT) -> list[Path]:
    """Remove the `surplus` of installations, and those that killed runs left half-made; returns what went."""
    _remove_half_made()
    gone = surplus(keep, kept)
    for path in gone:
        (path / "complete").unlink()
        shutil.rmtree(path, ignore_errors=True)
    return gone


def _remove_half_made() -> None:
    """Whatever has no marker while nobody builds was left by a run that was killed while building or removing it."""
    with contextlib.suppress(LockedError), locks.held(locks.installing_lock(), doing="remove half-made installations"):
        for path in paths.installations_dir().glob("*"):
            if not (path / "complete").is_file():
                shutil.rmtree(path, ignore_errors=True)


class _PlainEnvironment(InterpreterEnvironment):
    """The environment type that asv's result files name; asv itself finds the plugin's class under it."""

    tool_name = "jit"


def _identity(project: Project, interpreter: Interpreter, requirements: Requirements, commit: str) -> str:
    conf = project.asv
    parts: list[Any] = [
        "with checkout",  # those made before have none
        project.name,
        interpreter.identity,
        str(interpreter.executable),
        requirements,
        commit,
        conf.repo_subdir,
        conf.build_command,
        conf.install_command,
    ]
    return hashlib.sha256(repr(parts).encode("utf-8")).hexdigest()[:16]


def _build(project: Project, environment: InterpreterEnvironment, commit: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # half-made by a run that was killed
    folder.mkdir(parents=True)
    output = io.StringIO()
    try:
        with (
            processes.limited_environment(_BUILD_VARIABLES, _BUILD_PREFIXES),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            log.set_nitems(0)
            environment.create()
            environment.install_project(project.asv, get_repo(project.asv), commit)
    except (util.ProcessError, util.UserError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        said = f"{getattr(error, 'stdout', '') or ''}\n{getattr(error, 'stderr', '') or ''}".strip() or str(error)
        raise UnbuildableError(
            f"commit {commit[:8]} cannot be installed on CPython {environment.python}:\n"
            + "\n".join((said.splitlines() or output.getvalue().splitlines())[-15:])
        ) from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if hasattr(os, "sync"):
        os.sync()  # else a power cut might leave the marker and take the files
    write_atomically(folder / "complete", commit)
