"""Cleans up after a killed asv-jit: ends its processes, then removes its temporary folder.

Linux and standard library only.

    python -I -S guardian.py TOKEN FOLDER

Every process that asv-jit starts has `ASV_JIT_FAMILY=TOKEN` in its environment, even after it moves to another
session, process group or parent. The guardian reads its standard input, a pipe that only asv-jit holds: a byte means
that asv-jit has cleaned up itself, end of file without a byte that it was killed.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
from collections.abc import Callable
from typing import NamedTuple

VARIABLE = "ASV_JIT_FAMILY"
_LOOKS = 200  # maximum number of passes, for a family that starts processes while we kill them
_WAIT_MS = 100


class _Process(NamedTuple):
    """A process in /proc; `began` (ticks since boot) distinguishes it from a later process with the same number."""

    number: int
    parent: int
    session: int
    began: int
    tagged: bool


def end_family(token: str) -> int:
    """Kill every process that carries `token`, and its descendants; return how many were killed."""
    return _end(token, lambda _: False)


def end_strays(token: str, owner: int) -> int:
    """Kill the family's processes that no longer descend from the process `owner`: orphaned daemons."""
    return _end(token, lambda ancestry: owner in ancestry)


def _end(token: str, spared: Callable[[frozenset[int]], bool]) -> int:
    ended: set[tuple[int, int]] = set()
    for _ in range(_LOOKS):
        members = [process for process, ancestry in _family(token) if not spared(ancestry)]
        if not members:
            break
        ended.update((process.number, process.began) for process in members)
        handles = [handle for process in members if (handle := _killed(process)) is not None]
        for handle in handles:
            select.select([handle], [], [], _WAIT_MS / 1000)
            os.close(handle)
    return len(ended)


def _family(token: str) -> list[tuple[_Process, frozenset[int]]]:
    """Return the tagged processes, their descendants and their sessions, each with its ancestors' numbers."""
    processes = {process.number: process for process in _processes(token)}
    family = []
    for process in processes.values():
        ancestry = _ancestry(process, processes)
        leader = processes.get(process.session)
        kin = process.tagged or (leader is not None and leader.tagged)
        if kin or any(processes[number].tagged for number in ancestry if number in processes):
            family.append((process, ancestry))
    return [(process, ancestry) for process, ancestry in family if process.number != os.getpid()]


def _ancestry(process: _Process, processes: dict[int, _Process]) -> frozenset[int]:
    numbers: set[int] = set()
    parent = process.parent
    while parent > 1 and parent not in numbers:
        numbers.add(parent)
        if parent not in processes:
            break
        parent = processes[parent].parent
    return frozenset(numbers)


def _processes(token: str) -> list[_Process]:
    tag = f"{VARIABLE}={token}".encode()
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would be the slowest import
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):  # the process has ended
                found.append(_process(int(name), tag))
    return found


def _process(number: int, tag: bytes) -> _Process:
    with open(f"/proc/{number}/stat", "rb") as stream:  # noqa: PTH123 - as above
        fields = stream.read().rpartition(b")")[2].split()
    tagged = False
    if fields[0] != b"Z":  # a zombie has no environment; other users' are unreadable
        with contextlib.suppress(OSError), open(f"/proc/{number}/environ", "rb") as stream:  # noqa: PTH123
            tagged = tag in stream.read().split(b"\0")
    return _Process(number, int(fields[1]), int(fields[3]), int(fields[19]), tagged)


def _killed(process: _Process) -> int | None:
    """Kill a process, unless its number was reused; return a handle to wait for its end."""
    try:
        handle = os.pidfd_open(process.number)
    except OSError:
        return None
    with contextlib.suppress(OSError, ValueError, IndexError):
        if _process(process.number, b"").began == process.began:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return handle
    os.close(handle)
    return None


def main(token: str, folder: str) -> None:
    """Wait for asv-jit to end; clean up if it was killed."""
    if os.read(0, 1):
        return
    end_family(token)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.unlink(f"{folder}.lock")  # noqa: PTH108 - as above


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
