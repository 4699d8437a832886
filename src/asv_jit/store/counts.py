"""The journal of counted trials, and their profiles.

    results/<machine>/counts/<full commit>-<interpreter>.jsonl    {"format": "asv-jit-counts", "version": 1}, then
                                                                  one `CountedTrial` a line; never deleted
    results/<machine>/counts/raw/<session>.jsonl.gz               one `RawProfile` a line; `prune` may drop them

Counts have their own files, so that code that reads times need not handle them.
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
    """The valid counted trials, in order, and a sentence for each problem."""

    trials: tuple[CountedTrial, ...]
    problems: tuple[str, ...]


class RawProfile(msgspec.Struct, frozen=True):
    """Every function of one trial's steady iteration."""

    trial: str
    costs: tuple[Cost, ...]


def counts_path(machine_folder: Path, commit: str, interpreter: str) -> Path:
    """Path of the counted trials of a commit on an interpreter."""
    return machine_folder / "counts" / f"{commit}-{interpreter}.jsonl"


def counts_journal(machine_folder: Path, commit: str, interpreter: str) -> Journal:
    """Journal of the counted trials of a commit on an interpreter, ready for appending."""
    return Journal(counts_path(machine_folder, commit, interpreter), FORMAT)


def read_counts(path: Path) -> CountsContent:
    """Read one file; a missing file is empty. Never raises for its content."""
    try:
        return read_counts_bytes(path, path.read_bytes())
    except FileNotFoundError:
        return CountsContent((), ())
    except OSError as error:
        return CountsContent((), (f"{path}: cannot be read ({error.strerror})",))


def read_counts_bytes(path: Path, content: bytes) -> CountsContent:
    """Parse the content of a journal of counts; `path` is for messages. Never raises for the content."""
    refusal = refusal_of(content, FORMAT)
    if refusal is not None:
        return CountsContent((), (f"{path}:1: {refusal}",))
    read = decode_lines(path, content, CountedTrial, "a counted trial", heads=1)
    return CountsContent(read.records, read.problems)


def read_all_counts(machine_folder: Path) -> Iterator[tuple[Path, CountsContent]]:
    """Yield every journal of counts of a machine, sorted by name."""
    for path in sorted((machine_folder / "counts").glob("*.jsonl")):
        if named_in(path.name) is None:
            yield path, CountsContent((), (f"{path}: not the name of a journal; skipped",))
        else:
            yield path, read_counts(path)


def profiles_path(machine_folder: Path, session: str) -> Path:
    """Path of a session's profiles."""
    return machine_folder / "counts" / "raw" / f"{session}.jsonl.gz"


def append_profile(path: Path, trial: str, costs: Sequence[Cost]) -> None:
    """Add one trial's profile. Raises StorageError."""
    line = msgspec.json.encode(RawProfile(trial, tuple(costs))) + b"\n"
    append_synced(path, gzip.compress(line, compresslevel=6, mtime=0))


def read_profiles(path: Path) -> Iterator[RawProfile]:
    """Yield a session's profiles, up to the first torn one; none if the file is missing."""
    try:
        with gzip.open(path, "rb") as stream:
            for line in stream:
                yield msgspec.json.decode(line, type=RawProfile)
    except (EOFError, OSError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
        return
