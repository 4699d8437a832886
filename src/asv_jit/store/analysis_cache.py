"""What reading and analysing a result tree found, so that one new commit costs only what is new.

    <user cache>/asv-jit/analysis/<16 hex of the tree's path>/<name>

Derived: it may be deleted at any time, it is rebuilt where it is missing or damaged, and the answers are the same
with and without it. What an entry holds is named by its content, never by the time: see who calls.
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

_MAGIC = b"asv-jit analysis, entry 002\n"  # with the checksum 32 bytes: arrays behind it are aligned
_CHECKSUM_BYTES = 4
_PAGE_BYTES = 4096


class AnalysisCache:
    """The entries of one result tree. Nothing here raises: a cache that fails is no cache."""

    def __init__(self, results_dir: Path) -> None:
        digest = hashlib.sha256(os.fsencode(results_dir.resolve())).hexdigest()
        self.folder = paths.analysis_dir() / digest[:16]

    def names(self) -> list[str]:
        """The names of all entries."""
        try:
            return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))
        except OSError:
            return []

    def read(self, name: str) -> memoryview | None:
        """What was written under `name`; None where it is not there or not as it was written."""
        try:
            data = _mapped(self.folder / name)
        except (OSError, ValueError):  # what is empty cannot be mapped
            return None
        begin = len(_MAGIC) + _CHECKSUM_BYTES
        content = data[begin:]
        if len(data) < begin or data[: len(_MAGIC)] != _MAGIC:
            return None
        return content if data[len(_MAGIC) : begin] == _checksum(content) else None

    def write(self, name: str, content: bytes | bytearray) -> None:
        """Keep `content` under `name`; where that fails the next run does the work again.

        Not synced, as results are: a torn file has another checksum.
        """
        beside = None
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor, beside = tempfile.mkstemp(prefix=".", dir=self.folder)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_MAGIC + _checksum(content))
                stream.write(content)
            Path(beside).replace(self.folder / name)
            beside = None
        if beside is not None:
            with suppress(OSError):
                Path(beside).unlink()

    def remove(self, name: str) -> None:
        """Forget an entry."""
        with suppress(OSError):
            (self.folder / name).unlink()


def _mapped(path: Path) -> memoryview:
    """The file where it lies: 70 MB of which a part is looked at are not copied first. It stays when it is replaced."""
    with path.open("rb") as stream:
        if sys.platform == "win32":  # which replaces and removes no file that is mapped
            return memoryview(stream.read())
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def _checksum(content: bytes | bytearray | memoryview) -> bytes:
    """Of each page's sum: a power cut takes whole pages, and of 70 MB this is made in 5 ms, a CRC of all in 20 ms."""
    pages, rest = divmod(len(content), _PAGE_BYTES)
    words = np.frombuffer(content, dtype="<u8", count=pages * (_PAGE_BYTES // 8))
    sums = words.reshape(pages, -1).sum(axis=1, dtype=np.uint64) if pages else words
    return zlib.crc32(memoryview(content)[len(content) - rest :], zlib.crc32(sums.tobytes())).to_bytes(
        _CHECKSUM_BYTES, "big"
    )
