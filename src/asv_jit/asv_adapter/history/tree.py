"""The files of a result tree, as asv walks it: every *.json in a folder that has a machine.json."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from asv_jit.asv_adapter.history.names import is_sound_name, path_text, shown
from asv_jit.asv_adapter.history.shelf import Stamp

_NOT_RESULTS = ("machine.json", "benchmarks.json")
_OUR_FOLDERS = ("trials", "confirmations", "bisections")


class Tree(Struct, frozen=True):
    """The result files in the order of their paths, and a sentence for each thing that is not as it should be."""

    root: Path
    stamps: tuple[Stamp, ...]
    problems: tuple[str, ...]


class _Machine(msgspec.Struct):
    machine: str


def walk(results_dir: Path) -> Tree:
    """List the result files below `results_dir`; reads nothing but the machine.json files, follows no links."""
    stamps: list[Stamp] = []
    problems: list[str] = []
    for folder, entries in _folders(results_dir, problems):
        files = [entry for entry in entries if entry.name.endswith(".json") and entry.name not in _NOT_RESULTS]
        if not files:
            continue
        machine = _machine(folder, problems)
        below = os.path.relpath(folder, results_dir)
        for entry in files:
            name = entry.name if below == os.curdir else f"{below}{os.sep}{entry.name}"
            stamp = _stamp(name, entry, machine, problems)
            if stamp is not None:
                stamps.append(stamp)
    return Tree(results_dir, tuple(sorted(stamps, key=lambda stamp: stamp.path)), tuple(problems))


def _folders(root: Path, problems: list[str]) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Every folder with its entries; what only asv-jit writes is in folders of its own, which are not asv's."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{path_text(folder)}: cannot be read ({error.strerror})")
            continue
        for entry in entries:
            ours = entry.name in _OUR_FOLDERS or entry.name.startswith(".")
            if ours or entry.name.endswith(".json") or not entry.is_dir():
                continue
            if entry.is_symlink():
                problems.append(f"{path_text(entry.path)}: a link to a folder; it is left out, as asv does")
            else:
                waiting.append(folder / entry.name)
        yield folder, entries


def _machine(folder: Path, problems: list[str]) -> str | None:
    """The machine whose results a folder holds; None where nothing sound says so, and then each file does."""
    path = folder / "machine.json"
    try:
        name = msgspec.json.decode(path.read_bytes(), type=_Machine).machine
    except OSError as error:
        problems.append(f"{path_text(path)}: cannot be read ({error.strerror}); what each result says is taken")
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problems.append(f"{path_text(path)}: not a description of a machine ({error}); what each result says is taken")
        return None
    if not is_sound_name(name):
        problems.append(f"{path_text(path)}: expected the name of a machine, found {shown(name)}")
        return None
    return name


def _stamp(name: str, entry: os.DirEntry[str], machine: str | None, problems: list[str]) -> Stamp | None:
    """Of thousands of files: what `Path` does for each took longer than to ask the system about it."""
    try:
        found = entry.stat()
    except OSError as error:
        problems.append(f"{path_text(entry.path)}: cannot be read ({error.strerror}); it is left out")
        return None
    if not stat.S_ISREG(found.st_mode):
        problems.append(
            f"{path_text(entry.path)}: expected a result file, found something else of that name; it is left out"
        )
        return None
    if not name.isprintable():
        problems.append(f"{path_text(entry.path)}: not a name that asv gives; it is left out")
        return None
    return Stamp(name, found.st_size, found.st_mtime_ns, found.st_ino, machine)
