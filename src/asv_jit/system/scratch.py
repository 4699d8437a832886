"""This process's temporary folder, which is removed however the process ends.

    <cache>/tmp/<8 hex>/        temporary files of one asv-jit process and its children
    <cache>/tmp/<8 hex>.lock    held while the process lives; the system releases it when the process dies

The hexadecimal digits are also the token of the process's family (see `processes.guarded`). For every lock that is
not held, the next run ends the family and removes its folder.
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
    """Use a private temporary folder and guard our processes, for the length of a `with` block.

    If the folder cannot be created, yields None and keeps the system's temporary folder.
    """
    try:
        folder, lock = _claimed()
    except (OSError, StorageError, LockedError):
        yield None
        return
    before = tempfile.tempdir
    try:
        with processes.restored_environment():
            os.environ.update(dict.fromkeys(_VARIABLES, str(folder)))
            tempfile.tempdir = None  # clears tempfile's cached folder
            with processes.guarded(folder.name, folder):
                yield folder
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
        _lock_of(folder).unlink(missing_ok=True)
        lock.release()


def _claimed() -> tuple[Path, filelock.BaseFileLock]:
    with _sweeping():  # otherwise another sweep could remove the new folder before its lock is held
        _sweep()
        folder = paths.cache_dir("tmp") / os.urandom(4).hex()
        lock = filelock.FileLock(_lock_of(folder))
        lock.acquire(timeout=0)
        folder.mkdir(mode=0o700)
        return folder, lock


@contextlib.contextmanager
def _sweeping() -> Iterator[None]:
    with locks.held(paths.cache_dir("locks") / "tmp.lock", doing="make a temporary folder", wait_s=_PATIENCE_S):
        paths.cache_dir("tmp").mkdir(parents=True, exist_ok=True)
        yield


def _sweep() -> None:
    """End the processes and remove the folders that killed runs left behind."""
    home = paths.cache_dir("tmp")
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
