"""This process's temporary folder: nothing in it outlives us, however we end.

    <cache>/tmp/<8 hex>/        everything temporary of one asv-jit process and of what it starts
    <cache>/tmp/<8 hex>.lock    held for as long as it lives: the system releases it when it dies

The hexadecimal digits are the token of its family of processes as well. The next run looks which locks nobody
holds any more, ends those families, and removes their folders.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from asv_jit.errors import LockedError, StorageError
from asv_jit.system import locks, paths, processes

_VARIABLES = ("TMPDIR", "TEMP", "TMP")
_PATIENCE_S = 60.0


@contextlib.contextmanager
def private() -> Iterator[Path | None]:
    """Make a folder of our own everybody's temporary one, and guard our processes, for a `with` block.

    Yields None, and changes nothing, where no such folder can be made: then the system's temporary folder serves.
    """
    try:
        folder, lock = _claimed()
    except (OSError, StorageError, LockedError):
        yield None
        return
    before = {name: os.environ.get(name) for name in _VARIABLES}, tempfile.tempdir
    os.environ.update(dict.fromkeys(_VARIABLES, str(folder)))
    tempfile.tempdir = None  # forgets the one that it found before
    try:
        with processes.guarded(folder.name, folder):
            yield folder
    finally:
        tempfile.tempdir = before[1]
        for name, value in before[0].items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
        _lock_of(folder).unlink(missing_ok=True)
        lock.release()


def _claimed() -> tuple[Path, filelock.BaseFileLock]:
    with _sweeping():  # nobody may take the new folder for a dead one before its lock is held
        _sweep()
        folder = paths.scratch_dir() / os.urandom(4).hex()
        lock = filelock.FileLock(_lock_of(folder))
        lock.acquire(timeout=0)
        folder.mkdir(mode=0o700)
        return folder, lock


@contextlib.contextmanager
def _sweeping() -> Iterator[None]:
    with locks.held(paths.locks_dir() / "tmp.lock", doing="make a temporary folder", wait_s=_PATIENCE_S):
        paths.scratch_dir().mkdir(parents=True, exist_ok=True)
        yield


def _sweep() -> None:
    """End and remove what runs that were killed left behind."""
    home = paths.scratch_dir()
    for folder in {home / path.name.removesuffix(".lock") for path in home.iterdir()}:
        lock = filelock.FileLock(_lock_of(folder))
        with contextlib.suppress(filelock.Timeout):
            lock.acquire(timeout=0)
            processes.end_family(folder.name)
            shutil.rmtree(folder, ignore_errors=True)
            _lock_of(folder).unlink(missing_ok=True)
            lock.release()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
