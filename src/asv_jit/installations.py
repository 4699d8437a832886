"""Installations: one virtualenv for each (interpreter, requirements, full commit), immutable once built.

    <cache>/installations/<16 hex>/         a path of constant length, because its length shifts memory addresses
        complete                            written last: a folder without it is incomplete and is removed
        <asv's environment>/                with the checkout, from which an editable installation runs

Several exist at once, so that commits can be interleaved; the least recently used are pruned.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from asv import util
from asv.console import log
from asv.environment import iter_matrix
from asv.repo import get_repo
from msgspec import Struct

from asv_jit.asv_adapter.environment import InterpreterEnvironment
from asv_jit.asv_adapter.project import Project, requirements_text
from asv_jit.errors import FULL, AsvJitError, LockedError, UsageError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import minor_of, version_of
from asv_jit.store.files import storage_errors, write_atomically
from asv_jit.system import locks, paths, processes
from asv_jit.system.processes import NETWORK_VARIABLES

_TOOLS = frozenset(("pip", "setuptools", "wheel", "build", "pyproject_hooks", "asv_runner", "pympler"))
KEPT = 48
# Variables that a build inherits besides the usual ones: compiler settings and access to a package index. A build runs
# the project's code, so it sees no agent or token of a CI job. Users pass other variables through `matrix.env`.
_BUILD_VARIABLES = (
    *NETWORK_VARIABLES,
    "AR", "CC", "CFLAGS", "CPATH", "CPPFLAGS", "CXX", "CXXFLAGS", "FC", "FFLAGS", "LDFLAGS", "LD_LIBRARY_PATH",
    "LIBRARY_PATH", "MAKEFLAGS", "PKG_CONFIG_PATH", "SOURCE_DATE_EPOCH", "CARGO_HOME", "RUSTFLAGS", "RUSTUP_HOME",
)  # fmt: skip
_BUILD_PREFIXES = ("CMAKE_", "PIP_")
_LOCK_PATIENCE_S = 3600.0
_SPECIFIED = re.compile(r"([^<>!~=]+)([<>!~]=?.+)")
"""An unpinned requirement: its name and its version specifier."""


class UnbuildableError(AsvJitError, exit_code=4):
    """The commit cannot be installed on the interpreter; this is recorded as a result."""


class Requirements(Struct, frozen=True):
    """One combination of the matrix of asv.conf.json: packages, and variables other than PYTHON_JIT."""

    packages: tuple[tuple[str, str], ...]
    build_variables: tuple[tuple[str, str], ...]
    other_variables: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The set's name in journals and series: `numpy==2.1.0 six OMP_NUM_THREADS=1`; empty for an empty set."""
        return requirements_text(dict(self.packages), dict((*self.build_variables, *self.other_variables)))

    @classmethod
    def of_text(cls, text: str) -> Requirements:
        """Parse a set's name, which the matrix need not offer any more."""
        packages, variables = [], []
        for part in text.split():
            name, pin, version = part.partition("==")
            specified = _SPECIFIED.match(part)
            if pin:
                packages.append((name, version))
            elif specified is not None:
                packages.append((specified[1], specified[2]))
            elif "=" in part:
                variables.append((name.partition("=")[0], name.partition("=")[2]))
            else:
                packages.append((part, ""))
        return cls(tuple(sorted(packages)), (), tuple(sorted(variables)))

    def variables(self) -> dict[tuple[str, str], str]:
        """Return the variables with asv's tags."""
        tagged = {("build", key): value for key, value in self.build_variables}
        return tagged | {("nobuild", key): value for key, value in self.other_variables}


@dataclass(frozen=True)
class Installation:
    """A built installation; `identity` is its name in the journal.

    `variables` are the environment variables that asv sets for benchmarks; `requirements` names the installed set.
    """

    identity: str
    interpreter: Interpreter
    commit: str
    python: Path
    variables: Mapping[str, str]
    requirements: str = ""

    @property
    def folder(self) -> Path:
        """The folder that holds all of it."""
        return paths.cache_dir("installations") / self.identity

    def packages(self) -> tuple[str, ...]:
        """Return what pip installed, `numpy==2.1.0`, sorted by name: also what nothing pins.

        The project itself, which pip has from a file, and the tools that every installation has are left out.
        """
        places = (self.python.parent.parent / "lib").glob("python*/site-packages")
        found = metadata.distributions(path=[str(place) for place in places])
        return tuple(
            sorted(
                f"{one.name}=={one.version}"
                for one in found
                if one.name and one.name.lower() not in _TOOLS and one.read_text("direct_url.json") is None
            )
        )


def requirement_sets(project: Project, interpreter: Interpreter) -> tuple[Requirements, ...]:
    """Return the distinct sets of the matrix for an interpreter, after asv's rules `exclude` and `include`.

    Raises UsageError if the rules exclude every set.
    """
    conf = project.asv
    version, minor = version_of(interpreter.identity), minor_of(interpreter.identity)
    spec = next((spec for spec in project.pythons if spec in (version, minor)), minor)
    try:
        combinations = list(iter_matrix(conf.environment_type or _PlainEnvironment.tool_name, [spec], conf))
    except util.UserError as error:
        raise UsageError(f"asv.conf.json: {error}") from None
    sets = [_requirements(found) for found in combinations if found.get(("python", None)) == spec]
    if not sets:
        raise UsageError(
            f"asv.conf.json: expected at least one combination of the matrix for Python {spec}, but its rules "
            'exclude them all; correct "exclude", or remove that Python from "pythons"'
        )
    return tuple(dict.fromkeys(sets))


def _requirements(combination: Mapping[tuple[str, str | None], str]) -> Requirements:
    tables: dict[str, list[tuple[str, str]]] = {"req": [], "env": [], "env_nobuild": []}
    for (kind, name), value in combination.items():
        if kind in tables and name is not None and name != "PYTHON_JIT":
            tables[kind].append((name, str(value)))
    return Requirements(*(tuple(sorted(tables[kind])) for kind in ("req", "env", "env_nobuild")))


def install(project: Project, interpreter: Interpreter, requirements: Requirements, commit: str) -> Installation:
    """Find or build the installation of `commit`.

    Raises UnbuildableError with the end of the build's output, StorageError if the disk is full.
    """
    identity = _identity(project, interpreter, requirements, commit)
    folder = paths.cache_dir("installations") / identity
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
    if "ASV_PYTHONPATH" in variables:  # asv's name for PYTHONPATH
        variables["PYTHONPATH"] = variables.pop("ASV_PYTHONPATH")
    return Installation(identity, interpreter, commit, environment.python_path, variables, requirements.text)


def exists(project: Project, interpreter: Interpreter, requirements: Requirements, commit: str) -> bool:
    """Return True if the installation of `commit` is already built."""
    return (
        paths.cache_dir("installations") / _identity(project, interpreter, requirements, commit) / "complete"
    ).is_file()


def asv_environment_of(
    project: Project, interpreter: Interpreter, requirements: Requirements, jit: str, folder: Path | None = None
) -> InterpreterEnvironment:
    """Return the asv environment of an interpreter in one mode (`jit` is "0" or "1"), below `folder` if given."""
    conf = project.asv
    if folder is not None:
        conf.env_dir = str(folder)
    tagged = {**requirements.variables(), ("nobuild", "PYTHON_JIT"): jit}
    return _PlainEnvironment(conf, interpreter, dict(requirements.packages), tagged)


def surplus(keep: Sequence[str], kept: int = KEPT) -> list[Path]:
    """Return the installations to prune: all but the `kept` most recently used ones and those named in `keep`."""
    folder = paths.cache_dir("installations")
    if not folder.is_dir():
        return []
    complete = sorted(folder.glob("*/complete"), key=lambda marker: marker.stat().st_mtime, reverse=True)
    return [marker.parent for marker in complete[kept:] if marker.parent.name not in keep]


def prune(keep: Sequence[str], kept: int = KEPT) -> list[Path]:
    """Remove the `surplus` installations, which are returned, and incomplete ones that killed runs left."""
    _remove_incomplete()
    removed = surplus(keep, kept)
    for path in removed:
        (path / "complete").unlink()
        shutil.rmtree(path, ignore_errors=True)
    return removed


def _remove_incomplete() -> None:
    """Remove folders without a marker: while we hold the lock, nobody else can be building them."""
    with contextlib.suppress(LockedError), locks.held(locks.installing_lock(), doing="remove incomplete installations"):
        for path in paths.cache_dir("installations").glob("*"):
            if not (path / "complete").is_file():
                shutil.rmtree(path, ignore_errors=True)


class _PlainEnvironment(InterpreterEnvironment):
    """The environment type `jit` of asv's result files; asv itself loads the plugin's class for that name."""

    tool_name = "jit"


def _identity(project: Project, interpreter: Interpreter, requirements: Requirements, commit: str) -> str:
    conf = project.asv
    parts: list[Any] = [
        "with checkout",  # older installations have none
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
    shutil.rmtree(folder, ignore_errors=True)  # left incomplete by a killed run
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
        error_text = f"{getattr(error, 'stdout', '') or ''}\n{getattr(error, 'stderr', '') or ''}".strip() or str(error)
        end = "\n".join((error_text.splitlines() or output.getvalue().splitlines())[-15:])
        with storage_errors(folder):
            _raise_if_full(end)
        raise UnbuildableError(
            f"commit {commit[:8]} cannot be installed on CPython {environment.python}:\n{end}"
        ) from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if hasattr(os, "sync"):
        os.sync()  # otherwise a power cut could keep the marker and lose the files
    write_atomically(folder / "complete", commit)


def _raise_if_full(output: str) -> None:
    """Raise OSError if a build ended because the disk is full: that is no fault of the commit, so none is recorded.

    Python writes the error's number, compilers and other tools only its text, which for EFBIG can mean other things.
    """
    for code in FULL:
        if f"[Errno {code}]" in output or (code != errno.EFBIG and os.strerror(code) in output):
            raise OSError(code, os.strerror(code))
