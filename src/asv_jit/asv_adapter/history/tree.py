"""Lists the files of a result tree as asv does: every *.json in a folder that has a machine.json."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import Stamp
from asv_jit.asv_adapter.history.names import is_sound_name, path_text, shown
from asv_jit.store.lines import UNREADABLE

_NOT_RESULTS = ("machine.json", "benchmarks.json")
_OUR_FOLDERS = ("trials", "confirmations", "bisections")


class Tree(Struct, frozen=True):
    """The result files, sorted by path, and a sentence for each problem."""

    stamps: tuple[Stamp, ...]
    problems: tuple[str, ...]


class _Machine(Struct):
    machine: str


def walk(results_dir: Path) -> Tree:
    """List the result files below `results_dir`; reads only the machine.json files and follows no links."""
    stamps: list[Stamp] = []
    problems: list[str] = []
    for folder, names in _folders(results_dir, problems):
        machine = _machine(Path(folder), problems)
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - `Path` would take longer than the system's answer
            stamp = _stamp(path, os.path.relpath(path, results_dir), machine)
            if isinstance(stamp, Stamp):
                stamps.append(stamp)
            else:
                problems.append(f"{path_text(path)}: {stamp}; skipped")
    return Tree(tuple(sorted(stamps, key=lambda stamp: stamp.path)), tuple(problems))


def _folders(root: Path, problems: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder that has result files, with their names, except the folders that only asv-jit writes."""

    def report(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            problems.append(f"{path_text(error.filename)}: cannot be read ({error.strerror})")

    for folder, folders, files in os.walk(root, onerror=report):
        names = [name for name in (*folders, *files) if name.endswith(".json") and name not in _NOT_RESULTS]
        below = [name for name in folders if name not in _OUR_FOLDERS and not name.startswith(".")]
        links = [name for name in below if Path(folder, name).is_symlink()]
        problems += (f"{path_text(Path(folder, name))}: a link to a folder; skipped, as asv does" for name in links)
        folders[:] = [name for name in below if name not in links and not name.endswith(".json")]
        if names:
            yield folder, names


def _machine(folder: Path, problems: list[str]) -> str | None:
    """Return the machine whose results a folder holds; None if it has no valid name, so that each result tells it."""
    path = folder / "machine.json"
    try:
        name = msgspec.json.decode(path.read_bytes(), type=_Machine).machine
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except UNREADABLE as error:
        problem = f"not a description of a machine ({error})"
    else:
        if is_sound_name(name):
            return name
        problem = f"expected the name of a machine, found {shown(name)}"
    problems.append(f"{path_text(path)}: {problem}; each result's own machine name is used")
    return None


def _stamp(path: str, name: str, machine: str | None) -> Stamp | str:
    """Return a file's stamp, or why it cannot be used."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not stat.S_ISREG(status.st_mode):
        return "expected a result file, found something else of that name"
    if not name.isprintable():
        return "not a name that asv gives"
    return Stamp(name, status.st_size, status.st_mtime_ns, status.st_ino, machine)
