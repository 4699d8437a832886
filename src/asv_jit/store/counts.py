"""The journal of counted trials, and their profiles beside it.

    results/<machine>/counts/<full commit>-<interpreter>.jsonl    {"format": "asv-jit-counts", "version": 1}, then
                                                                  one `CountedTrial` a line; kept for ever
    results/<machine>/counts/raw/<session>.jsonl.gz               one `RawProfile` a line; `prune` may drop them

A file of its own: a count is never a time, and readers of times need not know of counts.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from asv_jit.analysis.counts.split import Cost
from asv_jit.model import CountedTrial
from asv_jit.store.files import append_synced
from asv_jit.store.journal import Journal, named_in, refusal_of
from asv_jit.store.lines import decode_lines

FORMAT = "asv-jit-counts"


class CountsContent(msgspec.Struct, frozen=True):
    """The counted trials that could be read, in order, and a sentence for each thing that could not."""

    trials: tuple[CountedTrial, ...]
    problems: tuple[str, ...]


class RawProfile(msgspec.Struct, frozen=True):
    """Every function of one trial's steady iteration."""

    trial: str
    costs: tuple[Cost, ...]


def counts_path(machine_folder: Path, commit: str, interpreter: str) -> Path:
    """Where the counted trials of a commit on an interpreter are kept."""
    return machine_folder / "counts" / f"{commit}-{interpreter}.jsonl"


def counts_journal(machine_folder: Path, commit: str, interpreter: str) -> Journal:
    """The same file, open for appending."""
    return Journal(counts_path(machine_folder, commit, interpreter), FORMAT)


def read_counts(path: Path) -> CountsContent:
    """Read one file; nothing where there is none. Never raises for its content."""
    try:
        return read_counts_bytes(path, path.read_bytes())
    except FileNotFoundError:
        return CountsContent((), ())
    except OSError as error:
        return CountsContent((), (f"{path}: cannot be read ({error.strerror})",))


def read_counts_bytes(path: Path, content: bytes) -> CountsContent:
    """Read the content of such a file; `path` is for its problems. Never raises for what it finds."""
    refusal = refusal_of(content, FORMAT)
    if refusal is not None:
        return CountsContent((), (f"{path}:1: {refusal}",))
    read = decode_lines(path, content, CountedTrial, "a counted trial", heads=1)
    return CountsContent(read.records, read.problems)


def read_all_counts(machine_folder: Path) -> Iterator[tuple[Path, CountsContent]]:
    """Every journal of counts of a machine, in the order of their names."""
    for path in sorted((machine_folder / "counts").glob("*.jsonl")):
        if named_in(path.name) is None:
            yield path, CountsContent((), (f"{path}: not the name of a journal; it is left out",))
        else:
            yield path, read_counts(path)


def profiles_path(machine_folder: Path, session: str) -> Path:
    """Where a session keeps its profiles."""
    return machine_folder / "counts" / "raw" / f"{session}.jsonl.gz"


def append_profile(path: Path, trial: str, costs: Sequence[Cost]) -> None:
    """Add one trial's profile. Raises StorageError."""
    line = msgspec.json.encode(RawProfile(trial, tuple(costs))) + b"\n"
    append_synced(path, gzip.compress(line, compresslevel=6, mtime=0))


def read_profiles(path: Path) -> Iterator[RawProfile]:
    """The profiles of a session; ends at the first torn one, and has none where the file is gone."""
    try:
        with gzip.open(path, "rb") as stream:
            for line in stream:
                yield msgspec.json.decode(line, type=RawProfile)
    except (EOFError, OSError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
        return
