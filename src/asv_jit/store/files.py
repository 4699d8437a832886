"""Writing to disk so that a crash, a kill or a full disk leaves either the old content or the new."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asv_jit.errors import StorageError

# What a file is called until it is whole: no reader takes it for one, and the next run removes it.
_PART = ".asv-jit-part-"


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace `path` by `content`, whole or not at all. Raises StorageError."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=_PART, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(beside).chmod(0o644)
            os.replace(beside, path)  # noqa: PTH105 - Path.replace says the same; this is the well-known call
            _sync_folder(path.parent)
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
            if size == 0:  # the file itself may be new, and its name is its folder's content
                _sync_folder(path.parent)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[stream.write(rest) :]
                os.fsync(stream.fileno())
            except OSError:
                with suppress(OSError):  # the next opening truncates a torn line as well
                    stream.truncate(size)
                raise


def remove_parts(folder: Path) -> int:
    """Remove the files below `folder` that killed runs left half-written; how many.

    For whoever holds the lock of writing there: a part of a living run is no different.
    """
    parts = list(folder.rglob(f"{_PART}*"))
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def _sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`: without it a power cut may undo a rename."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a StorageError that says what could not be written, why, and what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        remedy = "free some space" if full else "check the folder's permissions"
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; {remedy} and run the same command again: "
            "everything that was measured before is safe, and only what is missing will be measured"
        ) from error
