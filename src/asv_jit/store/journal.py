"""The journals: every trial, one JSON line each, never deleted; everything else can be rebuilt from them.

    results/<machine>/trials/<full commit>-<interpreter>.jsonl    {"format": "asv-jit-trials", "version": 1}, then
                                                                  one `Trial` a line, synced before the next starts
    results/<machine>/counts/<full commit>-<interpreter>.jsonl    the same for "asv-jit-counts" and `CountedTrial`
    results/<machine>/counts/raw/<session>.jsonl.gz               profiles of counted trials; `prune` may drop them

See `lines` for torn and invalid lines.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from asv_jit.analysis.counts.split import Cost
from asv_jit.model import CountedTrial, Trial
from asv_jit.store.files import append_synced
from asv_jit.store.lines import UNREADABLE, Lines, append_lines, decode_lines, encode_lines

_NAME = re.compile(r"(?P<commit>[0-9a-f]{40,64})-(?P<interpreter>\d+\.\d+\.\d+\w*\+[0-9a-f]{8})\.jsonl")
_Trial = TypeVar("_Trial", Trial, CountedTrial)


class _Header(Struct, frozen=True):
    format: str
    version: int


class Journals(Struct, Generic[_Trial], frozen=True):
    """The journals of one kind of trial: their folder below a machine's, their format, the type of a line."""

    folder: str
    format: str
    kind: type[_Trial]
    what: str

    @property
    def head(self) -> bytes:
        """The first line of each journal."""
        return b'{"format":"%s","version":1}\n' % self.format.encode()

    def path(self, machine_folder: Path, commit: str, interpreter: str) -> Path:
        """Path of the journal of a commit on an interpreter."""
        return machine_folder / self.folder / f"{commit}-{interpreter}.jsonl"

    def append(self, machine_folder: Path, trial: _Trial) -> str | None:
        """Add one line to the trial's journal and sync it; return a warning if a torn line was removed.

        Raises StorageError and then leaves the file unchanged.
        """
        return append_lines(self.path(machine_folder, trial.commit, trial.interpreter), [trial], head=self.head)

    def read(self, path: Path) -> Lines[_Trial]:
        """Read a journal without changing it; a missing one is empty. Never raises for its content."""
        try:
            return self.parse(path, path.read_bytes())
        except FileNotFoundError:
            return Lines()
        except OSError as error:
            return Lines(problems=(f"{path}: cannot be read ({error.strerror})",))

    def read_all(self, machine_folder: Path) -> Iterator[tuple[Path, Lines[_Trial]]]:
        """Yield every journal of a machine, sorted by name."""
        for path in sorted((machine_folder / self.folder).glob("*.jsonl")):
            if named_in(path.name) is None:
                yield path, Lines(problems=(f"{path}: not the name of a journal; skipped",))
            else:
                yield path, self.read(path)

    def parse(self, path: Path, content: bytes) -> Lines[_Trial]:
        """Parse the content of a journal; `path` is for messages. Never raises for the content.

        A damaged header costs its line only. A whole file of another version is skipped.
        """
        lines: Lines[_Trial] = decode_lines(path, content, self.kind, self.what, heads=1)
        try:
            header = msgspec.json.decode(content.partition(b"\n")[0], type=_Header)
        except UNREADABLE:
            said = f"{path}:1: expected {self.head.decode().strip()}"
            if not lines.records:
                return Lines(problems=(f"{said}; the whole file is skipped",))
            lines = Lines(lines.records, (f"{said}; the line is skipped", *lines.problems))
        else:
            if header.format != self.format or header.version != 1:
                problem = (
                    f"{path}:1: expected format {self.format}, version 1, found {header.format!r}, version "
                    f"{header.version}: written by a newer asv-jit? The whole file is skipped"
                )
                return Lines(problems=(problem,))
        named = named_in(path.name)
        if named is None:
            return lines
        fitting = tuple(one for one in lines.records if (one.commit, one.interpreter) == named)
        if len(fitting) == len(lines.records):
            return lines
        other = next(one for one in lines.records if (one.commit, one.interpreter) != named)
        skipped = len(lines.records) - len(fitting)
        problem = (
            f"{path}: expected commit {named[0][:8]} on interpreter {named[1]}, as the name says, found "
            f"{other.commit[:8]!r} on {other.interpreter[:40]!r}; {skipped} such lines skipped"
        )
        return Lines(fitting, (*lines.problems, problem))

    def encode(self, trials: Sequence[_Trial]) -> bytes:
        """Return the whole content of a journal of `trials`."""
        return self.head + encode_lines(trials)


TRIALS = Journals("trials", "asv-jit-trials", Trial, "a trial")
COUNTS = Journals("counts", "asv-jit-counts", CountedTrial, "a counted trial")


class RawProfile(Struct, frozen=True):
    """Every function of one counted trial's steady iteration."""

    trial: str
    costs: tuple[Cost, ...]


def append_profile(machine_folder: Path, session: str, profile: RawProfile) -> None:
    """Add a profile to the session's file. Raises StorageError."""
    path = machine_folder / COUNTS.folder / "raw" / f"{session}.jsonl.gz"
    append_synced(path, gzip.compress(encode_lines([profile]), compresslevel=6, mtime=0))


def named_in(name: str) -> tuple[str, str] | None:
    """Return the commit and the interpreter in a journal's file name; None if it is not such a name."""
    match = _NAME.fullmatch(name)
    return (match["commit"], match["interpreter"]) if match else None
