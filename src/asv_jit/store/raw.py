"""Raw iterations, beside the journal: results/<machine>/trials/raw/<session>.jsonl.gz; `prune` may drop them.

Each trial is a gzip member of its own, so that a kill costs at most the last one, and any gzip reads the file.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from asv_jit.store.files import append_synced


class RawTrial(msgspec.Struct, frozen=True):
    """All iterations of one trial in nanoseconds for `inner_loops` calls, in order."""

    trial: str
    inner_loops: int
    durations_ns: tuple[int, ...]


def raw_path(machine_folder: Path, session: str) -> Path:
    """Where a session keeps its iterations."""
    return machine_folder / "trials" / "raw" / f"{session}.jsonl.gz"


def append_raw(path: Path, trial: str, inner_loops: int, durations_ns: Sequence[int]) -> None:
    """Add one trial. Raises StorageError."""
    line = msgspec.json.encode(RawTrial(trial, inner_loops, tuple(durations_ns))) + b"\n"
    append_synced(path, gzip.compress(line, compresslevel=6, mtime=0))


def read_raw(path: Path) -> Iterator[RawTrial]:
    """The trials of a file; ends at the first torn one."""
    try:
        with gzip.open(path, "rb") as stream:
            for line in stream:
                yield msgspec.json.decode(line, type=RawTrial)
    except (EOFError, OSError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
        return
