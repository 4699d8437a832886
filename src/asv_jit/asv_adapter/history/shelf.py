"""Decoded result files, kept on the analysis cache's shelf: a file that has not changed is not decoded again.

One entry holds the columns of the files that one run had to decode. A file is the same as long as its path, size,
time of change, inode and machine are. Entries of which little is still true are dropped, many small ones united; who
reads only looks at the values where they lie on disk, as they are there in the order that series need.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Collection, Sequence
from itertools import accumulate, pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import Columns, Head, RowKind, Sheet, condensed, joined
from asv_jit.store.analysis_cache import AnalysisCache

_PREFIX = "files-5-"
"""With the number of the format: of what is stored, and of how files are understood."""

_LENGTH = struct.Struct("<Q")
_ALIGNMENT = 8
_ARRAYS = (("numbers", "<f8"), ("files", "<i4"), ("measured", "<i4"))
"""Of a sheet; of all sheets together the first one, then the second one, then the third one."""


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
    """Several batches as one, in the order that series need."""
    columns, places = condensed(joined([batch.columns for batch in batches]))
    records: list[FileRecord] = []
    heads = 0
    for batch in batches:
        records += (
            record
            if record.head is None
            else FileRecord(record.stamp, int(places[heads + record.head]), record.problems)
            for record in batch.records
        )
        heads += len(batch.columns.heads)
    return Batch(tuple(records), columns)


class _Index(msgspec.Struct, array_like=True):
    """What precedes the arrays; `parts`, `rows`: how many each sheet has."""

    records: tuple[FileRecord, ...]
    heads: tuple[Head, ...]
    row_kinds: tuple[RowKind, ...]
    parts: tuple[int, ...]
    rows: tuple[int, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Index)


def load(cache: AnalysisCache) -> dict[str, Batch]:
    """Every entry that can be read, by name."""
    found = {}
    for name in cache.names():
        if name.startswith("files-"):
            content = cache.read(name) if name.startswith(_PREFIX) else None
            try:
                if content is not None:
                    found[name] = decoded(content)
                    continue
            except ValueError:  # whole, but not what this version writes
                pass
            cache.remove(name)
    return found


def save(cache: AnalysisCache, batch: Batch) -> str:
    """Add an entry; its name comes back, a digest of the files as they were, which say all that is in it."""
    name = f"{_PREFIX}{hashlib.sha256(_index(batch)).hexdigest()[:16]}"
    cache.write(name, encoded(batch))
    return name


def _index(batch: Batch) -> bytes:
    sheets = batch.columns.sheets
    kinds = tuple(sheet.kind for sheet in sheets)
    parts, rows = tuple(len(sheet.numbers) for sheet in sheets), tuple(len(sheet.files) for sheet in sheets)
    return _encoder.encode(_Index(batch.records, batch.columns.heads, kinds, parts, rows))


def encoded(batch: Batch) -> bytes:
    """All of a batch as bytes, for a shelf or another process."""
    index = _index(batch)
    arrays = [
        np.ascontiguousarray(getattr(sheet, name), dtype=kind).tobytes()
        for name, kind in _ARRAYS
        for sheet in batch.columns.sheets
    ]
    padding = b"\0" * (-len(index) % _ALIGNMENT)
    return b"".join([_LENGTH.pack(len(index)), index, padding, *arrays])


def decoded(content: bytes | memoryview) -> Batch:
    """What was encoded, where it lies. Raises ValueError for anything else."""
    try:
        (size,) = _LENGTH.unpack_from(content)
        index = _decoder.decode(content[_LENGTH.size : _LENGTH.size + size])
        shapes = [
            (parts, kind.size, rows) for parts, kind, rows in zip(index.parts, index.row_kinds, index.rows, strict=True)
        ]
        lengths = [rows for *_, rows in shapes]
        counts = {"numbers": [math.prod(shape) for shape in shapes], "files": lengths, "measured": lengths}
        at = _LENGTH.size + size + -size % _ALIGNMENT
        found: dict[str, list[npt.NDArray[Any]]] = {}
        for name, dtype in _ARRAYS:
            edges = [*accumulate(counts[name], initial=0)]
            whole = np.frombuffer(content, dtype, edges[-1], at) if edges[-1] else np.empty(0, dtype)
            found[name] = [whole[first:last] for first, last in pairwise(edges)]
            at += whole.nbytes
        sheets = [
            Sheet(kind, files, measured, numbers.reshape(shape))
            for kind, shape, files, measured, numbers in zip(
                index.row_kinds, shapes, found["files"], found["measured"], found["numbers"], strict=True
            )
        ]
    except (struct.error, msgspec.MsgspecError) as error:
        raise ValueError(f"not an entry of this version ({error})") from None
    return Batch(index.records, Columns(index.heads, tuple(sheets)))
