"""Cache of parsed and analysed results, so that a new commit costs only its own work.

    <user cache>/asv-jit/analysis/<16 hex of the tree's path>/<name>

The cache may be deleted at any time. A missing or damaged entry is computed again, and results are the same with and
without the cache. Callers derive an entry's name from the content it depends on, never from a timestamp.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from asv_jit.system import paths

_MAGIC = b"asv-jit analysis, entry 003\n"  # 32 bytes with the checksum, so that arrays after it are aligned
_CHECKSUM_BYTES = 4


class AnalysisCache:
    """The cache entries of one result tree. No method raises: a failure is treated as a cache miss."""

    def __init__(self, results_dir: Path) -> None:
        digest = hashlib.sha256(os.fsencode(results_dir.resolve())).hexdigest()
        self.folder = paths.cache_dir("analysis") / digest[:16]

    def names(self) -> list[str]:
        """The names of all entries."""
        try:
            return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))
        except OSError:
            return []

    def read(self, name: str) -> memoryview | None:
        """Return the content of entry `name`; None if it is missing or damaged."""
        try:
            data = _mapped(self.folder / name)
        except (OSError, ValueError):  # an empty file cannot be mapped
            return None
        begin = len(_MAGIC) + _CHECKSUM_BYTES
        content = data[begin:]
        if len(data) < begin or data[: len(_MAGIC)] != _MAGIC:
            return None
        return content if data[len(_MAGIC) : begin] == _checksum(content) else None

    def write(self, name: str, content: bytes | bytearray) -> None:
        """Store `content` under `name`; if that fails, the next run computes it again.

        Unlike results, entries are not synced: the checksum reveals a torn file.
        """
        temporary = None
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=".", dir=self.folder)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_MAGIC + _checksum(content))
                stream.write(content)
            Path(temporary).replace(self.folder / name)
            temporary = None
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()

    def remove(self, name: str) -> None:
        """Delete an entry."""
        with suppress(OSError):
            (self.folder / name).unlink()


def _mapped(path: Path) -> memoryview:
    """Map a file into memory, which avoids copying 70 MB to read a part. The view survives a replaced file."""
    with path.open("rb") as stream:
        if sys.platform == "win32":  # Windows cannot replace or remove a mapped file
            return memoryview(stream.read())
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def _checksum(content: bytes | bytearray | memoryview) -> bytes:
    """Sum the content as integers: 10 ms for 70 MB, where a CRC takes 70 ms. A power cut loses whole pages, so the sum
    reveals it."""
    words = np.frombuffer(content, dtype="<u8", count=len(content) // 8)
    rest = content[len(words) * 8 :]
    return zlib.crc32(rest, zlib.crc32(words.sum(dtype=np.uint64).tobytes())).to_bytes(_CHECKSUM_BYTES, "big")
