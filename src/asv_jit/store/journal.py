"""The journal: every trial, one JSON line each, for ever; all else can be made from it.

    results/<machine>/trials/<full commit>-<interpreter>.jsonl
    line 1:       {"format": "asv-jit-trials", "version": 1}
    other lines:  one `Trial` each, appended and synced before the next trial starts

A kill can tear the last line only: opening for writing truncates it and says so. Any other line that cannot be
read is named with file and number, and the rest is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from asv_jit.model import Trial
from asv_jit.store.files import append_synced, storage_errors

_HEADER = b'{"format":"asv-jit-trials","version":1}\n'
_NAME = re.compile(r"(?P<commit>[0-9a-f]{40,64})-(?P<interpreter>\d+\.\d+\.\d+\w*\+[0-9a-f]{8})\.jsonl")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Trial)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Header(msgspec.Struct, frozen=True):
    format: str
    version: int


class JournalContent(Struct, frozen=True):
    """The trials that could be read, in order, and a sentence for each thing that could not."""

    trials: tuple[Trial, ...]
    problems: tuple[str, ...]


class Journal:
    """Appends trials to one file; opening it mends a torn tail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warning = self._mend()

    def append(self, trial: Trial) -> None:
        """Add one line and sync it. Raises StorageError; then the file is as it was."""
        line = _encoder.encode(trial) + b"\n"
        with storage_errors(self.path):
            is_new = not self.path.exists() or self.path.stat().st_size == 0  # empty: its first write failed
        if is_new:
            line = _HEADER + line
        append_synced(self.path, line)

    def _mend(self) -> str | None:
        """Cut off a last line without its end. Returns a warning if there was one."""
        if not self.path.is_file():
            return None
        with storage_errors(self.path), self.path.open("r+b") as stream:
            if _ends_whole(stream):
                return None
            stream.seek(0)
            data = stream.read()
            whole = data.rfind(b"\n") + 1
            stream.truncate(whole)
            if whole == 0:
                stream.close()
                self.path.unlink()
        return f"{self.path}: the last line was cut short (a run was killed while writing it) and was removed"


def mend_all(machine_folder: Path) -> list[str]:
    """Mend every journal of a machine, for whoever holds the lock of writing there; a warning for each torn one."""
    paths = sorted((machine_folder / "trials").glob("*.jsonl"))
    return [warning for path in paths if (warning := Journal(path).warning) is not None]


def journal_path(machine_folder: Path, commit: str, interpreter: str) -> Path:
    """Where the trials of a commit on an interpreter are kept."""
    return machine_folder / "trials" / f"{commit}-{interpreter}.jsonl"


def named_in(name: str) -> tuple[str, str] | None:
    """The commit and the interpreter that a journal's file name states; None where it is no journal's name."""
    match = _NAME.fullmatch(name)
    return (match["commit"], match["interpreter"]) if match else None


def read_journal(path: Path) -> JournalContent:
    """Read a journal without changing it. Never raises for its content."""
    try:
        return read_journal_bytes(path, path.read_bytes())
    except OSError as error:
        return JournalContent((), (f"{path}: cannot be read ({error.strerror})",))


def read_journal_bytes(path: Path, content: bytes) -> JournalContent:
    """Read the content of a journal; `path` is for its problems. Never raises for what it finds."""
    lines = content.split(b"\n")
    torn = lines.pop()  # empty where the file ends as it should
    problems = [f"{path}: the last line is cut short; it is left out"] if torn else []
    refusal = _refusal(lines[0] if lines else torn)
    if refusal is not None:
        return JournalContent((), (f"{path}:1: {refusal}",))
    trials = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            trials.append(_decoder.decode(line))
        except _UNREADABLE as error:
            problems.append(f"{path}:{number}: not a trial ({error}); this line is left out, the others are kept")
    return JournalContent(tuple(trials), tuple(problems))


def read_all(machine_folder: Path) -> Iterator[tuple[Path, JournalContent]]:
    """Every journal of a machine, in the order of their names."""
    folder = machine_folder / "trials"
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.jsonl")):
        if _NAME.fullmatch(path.name) is None:
            yield path, JournalContent((), (f"{path}: not the name of a journal; it is left out",))
        else:
            yield path, read_journal(path)


def encode(trials: Iterable[Trial]) -> bytes:
    """The whole content of a journal that holds `trials`."""
    return _HEADER + b"".join(_encoder.encode(trial) + b"\n" for trial in trials)


def _ends_whole(stream: IO[bytes]) -> bool:
    """Whether a journal's last byte ends a line; only one byte is read."""
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        return True
    stream.seek(size - 1)
    return stream.read(1) == b"\n"


def _refusal(header_line: bytes) -> str | None:
    try:
        header = msgspec.json.decode(header_line, type=_Header)
    except _UNREADABLE:
        return 'expected {"format": "asv-jit-trials", "version": 1}; the whole file is left out'
    if header.format != "asv-jit-trials" or header.version != 1:
        return (
            f"expected format asv-jit-trials, version 1, found {header.format!r}, version {header.version}: "
            "written by a newer asv-jit? The whole file is left out"
        )
    return None
