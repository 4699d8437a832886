"""Atomic writes: after a crash, a kill or a full disk, a file holds either its old or its new content."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asv_jit.errors import StorageError, is_full

# Prefix of a file's name until it is complete: readers ignore such files, and the next run removes them.
_PART = ".asv-jit-part-"


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace the content of `path` atomically. Raises StorageError."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=_PART, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            os.replace(temporary, path)  # noqa: PTH105 - Path.replace says the same; this is the well-known call
            _sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108 - a name from mkstemp
            raise


def append_synced(path: Path, data: bytes) -> None:
    """Append `data` and sync it to disk. A failed write is undone. Raises StorageError."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as stream:  # a buffer would be flushed again on close
            size = stream.tell()
            if size == 0:  # a new file's name is stored in its folder
                _sync_folder(path.parent)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[stream.write(rest) :]
                os.fsync(stream.fileno())
            except OSError:
                with suppress(OSError):  # if this fails too, the next run cuts the torn line off
                    stream.truncate(size)
                raise


def remove_parts(folder: Path) -> int:
    """Remove the half-written files that killed runs left below `folder`; return how many.

    The caller must hold the folder's write lock, because a running process's files look the same.
    """
    parts = list(folder.rglob(f"{_PART}*"))
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def _sync_folder(folder: Path) -> None:
    """Sync a folder's entries to disk; otherwise a power cut may undo a rename."""
    if os.name != "posix":  # Windows cannot open a folder
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
        remedy = "free some space" if is_full(error) else "check the folder's permissions"
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; {remedy} and run the same command again: "
            "earlier results are safe, and only what is missing will be measured"
        ) from error


def save_whole(folder: Path, save: Callable[[str], object]) -> None:
    """Let asv's method `save` write to a temporary folder, then move the files to `folder` atomically.

    Raises StorageError.
    """
    with storage_errors(folder), tempfile.TemporaryDirectory(prefix="asv-jit-") as beside:
        save(beside)
        for path in sorted(Path(beside).rglob("*")):
            if path.is_file():
                write_atomically(folder / path.relative_to(beside), path.read_bytes())
