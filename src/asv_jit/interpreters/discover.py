"""Finds the interpreters of this machine: our own prefixes, pyenv's versions, PATH, uv's, the Windows registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters import manifest
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import OLDEST, probe, pyenv_root
from asv_jit.system import paths
from asv_jit.system.processes import base_environment

# The discovery library's variables: where it looks for uv's interpreters, and how long it waits for one.
_LOOKED_AT = ("APPDATA", "PY_DISCOVERY_TIMEOUT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME")


class Survey(Struct, frozen=True):
    """The interpreters found, and a note on each candidate that does not work."""

    interpreters: tuple[Interpreter, ...]
    notes: tuple[str, ...]


def discover() -> list[Interpreter]:
    """Return every usable interpreter of this machine: those that asv-jit installed first, each group newest first."""
    return list(survey(candidates()).interpreters)


def survey(executables: Iterable[Path], *, ask: Callable[[Path], Interpreter] = probe) -> Survey:
    """Probe each of `executables` once; return one interpreter per identity."""
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(partial(_asked, ask), _once(executables)))
    by_identity: dict[str, Interpreter] = {}
    for answer in answers:
        if isinstance(answer, Interpreter):
            by_identity.setdefault(answer.identity, answer)
    newest_first = sorted(by_identity.values(), key=lambda build: (build.release, build.free_threaded), reverse=True)
    ours_first = sorted(newest_first, key=lambda build: build.package_version is None)
    return Survey(tuple(ours_first), tuple(answer for answer in answers if isinstance(answer, str)))


def _asked(ask: Callable[[Path], Interpreter], executable: Path) -> Interpreter | str:
    try:
        return ask(executable)
    except NoInterpreterError as error:
        return str(error)


def candidates() -> Iterator[Path]:
    """Yield the executables to probe, in order of preference; a file may occur more than once."""
    yield from _own()
    yield from _of_pyenv()
    yield from _elsewhere()


def _own() -> Iterator[Path]:
    for prefix in sorted(paths.cache_dir("interpreters").glob("[!.]*")):
        origin = manifest.read(prefix)
        if origin is not None:
            yield prefix / origin.executable


def _of_pyenv() -> Iterator[Path]:
    # The discovery library finds only pyenv's active version.
    for version in sorted((pyenv_root() / "versions").glob("*")):
        for name in ("bin/python", "python.exe"):
            if (version / name).is_file() and not _too_old(version.name):
                yield version / name


def _too_old(name: str) -> bool:
    numbers = name.split(".")
    return numbers[0] in {"2", "3"} and numbers[1].isdigit() and (int(numbers[0]), int(numbers[1])) < OLDEST


def _elsewhere() -> Iterator[Path]:
    """Yield what python-discovery finds on PATH, in uv's folder and in the Windows registry."""
    import python_discovery  # here: the import takes 20 ms, and `publish` rarely needs it

    shims = str(pyenv_root() / "shims")
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder.rstrip("/\\") != shims]
    # The library runs every python on PATH, so it gets a child's environment only.
    environment = base_environment({"PATH": os.pathsep.join(folders)}, also=_LOOKED_AT)
    cache = python_discovery.DiskCache(paths.cache_dir("discovery"))
    for info in python_discovery.iter_interpreters(None, cache=cache, env=environment):
        executable = info.system_executable or info.executable
        if executable and info.implementation == "CPython" and tuple(info.version_info[:2]) >= OLDEST:
            yield Path(executable)


def _once(executables: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for executable in executables:
        real = executable.resolve()
        if real not in seen:
            seen.add(real)
            yield executable
