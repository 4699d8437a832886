"""The journal: every trial, one JSON line each, never deleted; everything else can be rebuilt from it.

    results/<machine>/trials/<full commit>-<interpreter>.jsonl
    line 1:       {"format": "asv-jit-trials", "version": 1}
    other lines:  one `Trial` each, appended and synced before the next trial starts

See `lines` for torn and invalid lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from asv_jit.model import CountedTrial, Trial
from asv_jit.store.lines import UNREADABLE, append_lines, decode_lines, encode_lines, mend

_FORMAT = "asv-jit-trials"
_NAME = re.compile(r"(?P<commit>[0-9a-f]{40,64})-(?P<interpreter>\d+\.\d+\.\d+\w*\+[0-9a-f]{8})\.jsonl")


class _Header(Struct, frozen=True):
    format: str
    version: int


class JournalContent(Struct, frozen=True):
    """The valid trials, in order, and a sentence for each problem."""

    trials: tuple[Trial, ...]
    problems: tuple[str, ...]


class Journal:
    """Appends trials of one kind to one file; opening it removes a torn last line."""

    def __init__(self, path: Path, form: str = _FORMAT) -> None:
        self.path = path
        self.warning = mend(path)
        self._head = head_of(form)

    def append(self, trial: Trial | CountedTrial) -> None:
        """Add one line and sync it. Raises StorageError; then the file is as it was."""
        append_lines(self.path, [trial], head=self._head)


def journal_path(machine_folder: Path, commit: str, interpreter: str) -> Path:
    """Path of the trials of a commit on an interpreter."""
    return machine_folder / "trials" / f"{commit}-{interpreter}.jsonl"


def named_in(name: str) -> tuple[str, str] | None:
    """Return the commit and the interpreter in a journal's file name; None if it is not such a name."""
    match = _NAME.fullmatch(name)
    return (match["commit"], match["interpreter"]) if match else None


def read_journal(path: Path) -> JournalContent:
    """Read a journal without changing it. Never raises for its content."""
    try:
        return read_journal_bytes(path, path.read_bytes())
    except OSError as error:
        return JournalContent((), (f"{path}: cannot be read ({error.strerror})",))


def read_journal_bytes(path: Path, content: bytes) -> JournalContent:
    """Parse the content of a journal; `path` is for messages. Never raises for the content."""
    refusal = refusal_of(content, _FORMAT)
    if refusal is not None:
        return JournalContent((), (f"{path}:1: {refusal}",))
    read = decode_lines(path, content, Trial, "a trial", heads=1)
    return JournalContent(read.records, read.problems)


def read_all(machine_folder: Path) -> Iterator[tuple[Path, JournalContent]]:
    """Yield every journal of a machine, sorted by name."""
    folder = machine_folder / "trials"
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.jsonl")):
        if _NAME.fullmatch(path.name) is None:
            yield path, JournalContent((), (f"{path}: not the name of a journal; skipped",))
        else:
            yield path, read_journal(path)


def encode(trials: Iterable[Trial]) -> bytes:
    """Return the whole content of a journal of `trials`."""
    return head_of(_FORMAT) + encode_lines(tuple(trials))


def head_of(form: str) -> bytes:
    """Return the first line of a journal of format `form`."""
    return b'{"format":"%s","version":1}\n' % form.encode()


def refusal_of(content: bytes, form: str) -> str | None:
    """Return why `content` is not a journal of format `form`; None if it is one."""
    try:
        header = msgspec.json.decode(content.partition(b"\n")[0], type=_Header)
    except UNREADABLE:
        return f'expected {{"format": "{form}", "version": 1}}; the whole file is skipped'
    if header.format != form or header.version != 1:
        return (
            f"expected format {form}, version 1, found {header.format!r}, version {header.version}: "
            "written by a newer asv-jit? The whole file is skipped"
        )
    return None
