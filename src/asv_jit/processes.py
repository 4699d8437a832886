"""The one module that starts processes: commands are lists, environments are given whole.

A child runs in a session of its own, so that a time-out, an interrupt or a dying parent ends it together
with everything that it started.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["KEPT_OUTPUT_BYTES", "Finished", "base_environment", "run"]

KEPT_OUTPUT_BYTES = 64 * 1024

# What a child may see of our environment. Anything else (tokens of a CI job above all) stays here.
_PASSED_ON = (
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USER",
    "USERPROFILE", "XDG_CACHE_HOME",
)  # fmt: skip


@dataclass(frozen=True)
class Finished:
    """How a process ended. `exit` is None when a signal ended it, `signal` when none did; outputs are tails."""

    exit: int | None
    signal: int | None
    timed_out: bool
    stdout: str
    stderr: str
    duration_s: float

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit == 0 and not self.timed_out

    @property
    def signal_name(self) -> str | None:
        """`SIGSEGV` and the like; None when no signal ended it."""
        if self.signal is None:
            return None
        try:
            return signal.Signals(self.signal).name
        except ValueError:  # a real-time signal has no name
            return f"signal {self.signal}"

    def complaint(self, lines: int = 12) -> str:
        """The last lines that it wrote to stderr (else stdout), and how it ended, for an error message."""
        text = self.stderr.strip() or self.stdout.strip()
        tail = "\n".join(text.splitlines()[-lines:])
        if self.timed_out:
            ending = f"stopped after {self.duration_s:.0f} s"
        elif self.signal is not None:
            ending = f"killed by {self.signal_name}"
        else:
            ending = f"exit code {self.exit}"
        return f"{ending}\n{tail}" if tail else ending


def base_environment(extra: Mapping[str, str] | None = None, *, also: Sequence[str] = ()) -> dict[str, str]:
    """A child's environment, built from a short list of harmless names, those in `also`, and `extra`."""
    environment = {name: os.environ[name] for name in (*_PASSED_ON, *also) if name in os.environ}
    environment.update(extra or {})
    return environment


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout_s: float | None = None,
    cpu: int | None = None,
    keep_bytes: int = KEPT_OUTPUT_BYTES,
) -> Finished:
    """Run `command` to its end and say how it ended; never raises for the child's own failures.

    Parameters: `env` is the whole environment; `timeout_s` ends the child and its descendants with SIGKILL;
    `cpu` pins it to one core from its first instruction, where the platform can; of each of its outputs the last
    `keep_bytes` are kept.

    Raises OSError when the program cannot be started at all.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        with _pinned_to(cpu):
            child = subprocess.Popen(
                [os.fspath(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=dict(env),
                cwd=cwd,
                start_new_session=os.name == "posix",
            )
        timed_out = False
        try:
            _wait(child, timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:  # an interrupt comes through here too, and nothing that the child started may outlive it
            _end_family(child)
        duration_s = time.monotonic() - started
        code = child.returncode
        return Finished(
            exit=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            timed_out=timed_out,
            stdout=_tail(out, keep_bytes),
            stderr=_tail(err, keep_bytes),
            duration_s=duration_s,
        )


def _wait(child: subprocess.Popen[bytes], timeout_s: float | None) -> None:
    """Wait for the end, and notice it at once: `Popen.wait` with a time-out looks only every 50 ms.

    Raises subprocess.TimeoutExpired.
    """
    try:
        ended = os.pidfd_open(child.pid) if timeout_s is not None else None
    except (AttributeError, OSError):  # no Linux, or an old one
        ended = None
    if ended is None or timeout_s is None:
        child.wait(timeout_s)
        return
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            raise subprocess.TimeoutExpired(child.args, timeout_s)
    finally:
        os.close(ended)
    child.wait()


@contextlib.contextmanager
def _pinned_to(cpu: int | None) -> Iterator[None]:
    """Move this thread to `cpu` for as long as a child is started: a child inherits the affinity."""
    if cpu is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _end_family(child: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left: the usual case
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()
    child.wait()


def _tail(stream: IO[bytes], keep_bytes: int) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - keep_bytes))
    return stream.read().decode("utf-8", "replace")
