"""Exclusive locks between processes, which record their holder and which the system releases when the holder dies."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import msgspec

from asv_jit.errors import LockedError, StorageError
from asv_jit.system import paths


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock: process id, its command line, and since when (UTC, ISO 8601)."""

    pid: int
    command: str
    since: str


def installing_lock() -> Path:
    """Return the lock for installing into the cache folder."""
    return paths.cache_dir("locks") / "installing.lock"


def measuring_lock() -> Path:
    """Return this user's lock for measuring on this machine; named by host, because hosts may share a home folder."""
    return paths.cache_dir("locks") / f"measuring-{platform.node() or 'localhost'}.lock"


def results_lock(tree: Path) -> Path:
    """Return the lock for writing to a result tree."""
    return tree / ".asv-jit.lock"


@contextlib.contextmanager
def held(lock_file: Path, *, doing: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold `lock_file` for the length of a `with` block.

    Parameters: `doing` completes "cannot … now" in the error; `wait_s` is how long to wait for another holder.

    Raises LockedError, which names the holder, or StorageError if the lock file cannot be created.
    """
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(lock_file, thread_local=False)
        lock.acquire(timeout=wait_s)
    except filelock.Timeout:
        raise LockedError(_who(lock_file, doing)) from None
    except OSError as error:
        raise StorageError(f"Cannot {doing}: cannot create the lock file {lock_file} ({error.strerror}).") from error
    try:
        _holder_file(lock_file).write_bytes(msgspec.json.encode(_ourselves()))
        yield
    finally:
        _holder_file(lock_file).unlink(missing_ok=True)
        lock.release()


def holder_of(lock_file: Path) -> Holder | None:
    """Return the recorded holder of `lock_file`; None if the record is missing or half-written."""
    try:
        return msgspec.json.decode(_holder_file(lock_file).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _who(lock_file: Path, doing: str) -> str:
    holder = holder_of(lock_file)
    if holder is None:
        return f"Cannot {doing} now: another process has just taken the lock {lock_file}. Try again after it ends."
    return (
        f"Cannot {doing} now: process {holder.pid} ({holder.command}) has held the lock {lock_file} since "
        f"{holder.since}. Wait for it to end, or end it."
    )


def _ourselves() -> Holder:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    command = " ".join((Path(sys.argv[0]).name, *sys.argv[1:]))
    command = command.encode("utf-8", "replace").decode("utf-8")  # an argument may not be valid UTF-8
    return Holder(pid=os.getpid(), command=command, since=now)


def _holder_file(lock_file: Path) -> Path:
    return lock_file.with_name(lock_file.name + ".holder")
