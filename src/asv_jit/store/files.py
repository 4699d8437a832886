"""Writing to disk so that a crash, a kill or a full disk leaves either the old content or the new."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asv_jit.errors import StorageError

__all__ = ["append_synced", "storage_errors", "write_atomically"]


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content`, whole or not at all. Raises StorageError."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(beside).chmod(0o644)
            os.replace(beside, path)  # noqa: PTH105 - Path.replace says the same; this is the well-known call
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)  # noqa: PTH108 - a name from mkstemp
            raise


def append_synced(path: Path, data: bytes) -> None:
    """Append `data` and wait until the disk has it. A failed write is taken back. Raises StorageError."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as stream:  # a buffer would be written again on truncating and closing
            size = stream.tell()
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[stream.write(rest) :]
                os.fsync(stream.fileno())
            except OSError:
                with suppress(OSError):  # the next opening truncates a torn line as well
                    stream.truncate(size)
                raise


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that says what could not be written, why, and what to do."""
    try:
        yield
    except OSError as error:
        remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the folder's permissions"
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; {remedy} and run the same command again: "
            "everything that was measured before is safe, and only what is missing will be measured"
        ) from error
