"""Locks between processes: exclusive, released by the system when the holder dies, and able to say who holds them."""

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
    """The lock of everything that is installed into the cache folder."""
    return paths.locks_dir() / "installing.lock"


def measuring_lock() -> Path:
    """The lock of measuring on this machine by this user; the host is named, as homes are shared between hosts."""
    return paths.locks_dir() / f"measuring-{platform.node() or 'localhost'}.lock"


def results_lock(tree: Path) -> Path:
    """The lock of writing into one tree of results."""
    return tree / ".asv-jit.lock"


@contextlib.contextmanager
def held(lock_file: Path, *, doing: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold `lock_file` for the length of a `with` block.

    Parameters: `doing` completes "cannot … now" in the error; `wait_s` is how long to wait for another holder.

    Raises LockedError, which says who holds it, or StorageError where no lock file can be made.
    """
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(lock_file, thread_local=False)
        lock.acquire(timeout=wait_s)
    except filelock.Timeout:
        raise LockedError(_who(lock_file, doing)) from None
    except OSError as error:
        raise StorageError(f"Cannot {doing}: no lock can be made at {lock_file} ({error.strerror}).") from error
    try:
        _holder_file(lock_file).write_bytes(msgspec.json.encode(_ourselves()))
        yield
    finally:
        _holder_file(lock_file).unlink(missing_ok=True)
        lock.release()


def holder_of(lock_file: Path) -> Holder | None:
    """Who wrote itself down as the holder of `lock_file`; None when nobody did, or it is only half written."""
    try:
        return msgspec.json.decode(_holder_file(lock_file).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _who(lock_file: Path, doing: str) -> str:
    holder = holder_of(lock_file)
    if holder is None:
        return f"Cannot {doing} now: another process has just taken the lock {lock_file}. Try again when it has ended."
    return (
        f"Cannot {doing} now: process {holder.pid} ({holder.command}) holds the lock {lock_file} since "
        f"{holder.since}. Wait for it to end, or end it."
    )


def _ourselves() -> Holder:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    command = " ".join((Path(sys.argv[0]).name, *sys.argv[1:]))
    command = command.encode("utf-8", "replace").decode("utf-8")  # an argument may be bytes that are no text
    return Holder(pid=os.getpid(), command=command, since=now)


def _holder_file(lock_file: Path) -> Path:
    return lock_file.with_name(lock_file.name + ".holder")
