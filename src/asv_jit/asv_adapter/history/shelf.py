"""Result files read earlier, in the analysis cache, so that an unchanged file is not decoded again.

An entry holds the columns that one run decoded or merged. A file is unchanged if its path, size, time of change, inode
and machine are.
"""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import Columns, ReadFile, RowKind, Sheet
from asv_jit.store.analysis_cache import AnalysisCache

_PREFIX = "files-6-"
"""With the version of the format, which also changes when files are understood differently."""


class _StoredSheet(Struct, array_like=True):
    """The arrays are bytes, little-endian; `parts` and `rows` complete their shapes."""

    kind: RowKind
    parts: int
    rows: int
    files: memoryview
    measured: memoryview
    numbers: memoryview


class _Entry(Struct, array_like=True):
    files: tuple[ReadFile, ...]
    sheets: tuple[_StoredSheet, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Entry)


def load(cache: AnalysisCache) -> dict[str, Columns]:
    """Return every valid entry by name; remove the others."""
    entries = {}
    for name in cache.names():
        if name.startswith("files-"):
            content = cache.read(name) if name.startswith(_PREFIX) else None
            try:
                if content is not None:
                    entries[name] = decoded(content)
                    continue
            except (ValueError, msgspec.MsgspecError):  # complete, but not what this version writes
                pass
            cache.remove(name)
    return entries


def save(cache: AnalysisCache, columns: Columns) -> str:
    """Add an entry; return its name, a digest of its files' stamps, which determine the rest."""
    name = f"{_PREFIX}{hashlib.sha256(_encoder.encode(columns.files)).hexdigest()[:16]}"
    cache.write(name, encoded(columns))
    return name


def encoded(columns: Columns) -> bytes:
    """Encode columns, for the cache or another process."""
    return _encoder.encode(_Entry(columns.files, tuple(_stored(sheet) for sheet in columns.sheets)))


def decoded(content: bytes | memoryview) -> Columns:
    """Decode columns without copying their arrays. Raises ValueError or MsgspecError if `content` is invalid."""
    entry = _decoder.decode(content)
    return Columns(entry.files, tuple(_sheet(stored) for stored in entry.sheets))


def _stored(sheet: Sheet) -> _StoredSheet:
    parts, _, rows = sheet.numbers.shape
    numbers = np.ascontiguousarray(sheet.numbers, dtype="<f8")
    files, measured = (np.ascontiguousarray(array, dtype="<i4") for array in (sheet.files, sheet.measured))
    return _StoredSheet(sheet.kind, parts, rows, files.data, measured.data, numbers.data)


def _sheet(stored: _StoredSheet) -> Sheet:
    numbers = np.frombuffer(stored.numbers, "<f8").reshape(stored.parts, stored.kind.size, stored.rows)
    files, measured = (np.frombuffer(array, "<i4") for array in (stored.files, stored.measured))
    return Sheet(stored.kind, files, measured, numbers)
