"""Decoded result files, kept on the analysis cache's shelf: a file that has not changed is not decoded again.

One entry holds the columns of the files that one run had to decode. A file is the same as long as its path, size,
time of change, inode and machine are. Entries of which little is still true are dropped, many small ones united.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import Columns, Head, RowKind, united
from asv_jit.store.analysis_cache import AnalysisCache

__all__ = ["Batch", "FileRecord", "Stamp", "load", "merged", "save"]

_PREFIX = "files-2-"
"""With the number of the format: of what is stored, and of how files are understood."""

_LENGTH = struct.Struct("<Q")
_ALIGNMENT = 8
_ARRAYS = (
    ("starts", "<i8"), ("values", "<f8"), ("low", "<f8"), ("high", "<f8"),
    ("files", "<i4"), ("kinds", "<i4"),
)  # fmt: skip


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What tells one state of a file from another; `path` is relative to the results."""

    path: str
    size: int
    changed_ns: int
    inode: int
    machine: str | None


class FileRecord(msgspec.Struct, frozen=True, array_like=True):
    """What came of a file: its place among the heads, None where nothing could be used; and what is wrong."""

    stamp: Stamp
    head: int | None
    problems: tuple[str, ...]


class Batch(Struct, frozen=True):
    """The files that one run decoded."""

    records: tuple[FileRecord, ...]
    columns: Columns

    def only(self, stamps: Collection[Stamp]) -> Batch:
        """The files of which one of `stamps` is still true."""
        records = tuple(record for record in self.records if record.stamp in stamps)
        if len(records) == len(self.records):
            return self
        kept = np.zeros(len(self.columns.heads), dtype=np.bool_)
        kept[[record.head for record in records if record.head is not None]] = True
        place = np.cumsum(kept) - 1
        moved = (
            record if record.head is None else FileRecord(record.stamp, int(place[record.head]), record.problems)
            for record in records
        )
        return Batch(tuple(moved), self.columns.of_files(kept))


def merged(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    records: list[FileRecord] = []
    heads = 0
    for batch in batches:
        records += (
            record if record.head is None else FileRecord(record.stamp, record.head + heads, record.problems)
            for record in batch.records
        )
        heads += len(batch.columns.heads)
    return Batch(tuple(records), united([batch.columns for batch in batches]))


class _Index(msgspec.Struct, array_like=True):
    records: tuple[FileRecord, ...]
    heads: tuple[Head, ...]
    row_kinds: tuple[RowKind, ...]
    lengths: tuple[int, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Index)


def load(cache: AnalysisCache) -> dict[str, Batch]:
    """Every entry that can be read, by name."""
    found = {}
    for name in cache.names():
        if name.startswith("files-"):
            content = cache.read(name) if name.startswith(_PREFIX) else None
            batch = None if content is None else _decoded(content)
            if batch is None:
                cache.remove(name)
            else:
                found[name] = batch
    return found


def save(cache: AnalysisCache, batch: Batch) -> None:
    """Add an entry; its name is that of its content."""
    content = _encoded(batch)
    cache.write(f"{_PREFIX}{hashlib.sha256(content).hexdigest()[:16]}", content)


def _encoded(batch: Batch) -> bytes:
    arrays = [np.ascontiguousarray(getattr(batch.columns, name), dtype=kind) for name, kind in _ARRAYS]
    index = _encoder.encode(
        _Index(batch.records, batch.columns.heads, batch.columns.row_kinds, tuple(len(array) for array in arrays))
    )
    padding = b"\0" * (-len(index) % _ALIGNMENT)
    return b"".join([_LENGTH.pack(len(index)), index, padding, *(array.tobytes() for array in arrays)])


def _decoded(content: memoryview) -> Batch | None:
    """None where the content is whole but not what this version writes."""
    try:
        (size,) = _LENGTH.unpack_from(content)
        index = _decoder.decode(content[_LENGTH.size : _LENGTH.size + size])
        at = _LENGTH.size + size + -size % _ALIGNMENT
        arrays = {}
        for (name, kind), length in zip(_ARRAYS, index.lengths, strict=True):
            arrays[name] = np.frombuffer(content, dtype=kind, count=length, offset=at)
            at += length * np.dtype(kind).itemsize
    except (struct.error, msgspec.MsgspecError, ValueError):
        return None
    return Batch(index.records, Columns(index.heads, index.row_kinds, **arrays))
