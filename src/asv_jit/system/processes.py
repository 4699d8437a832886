"""The only module that starts processes: commands are lists, and callers pass the whole environment.

A child runs in its own session, so that a time-out or an interrupt ends it and its descendants. Within `guarded`, all
of them carry a token by which a guardian process finds and ends them if asv-jit is killed.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import IO, Any, TypeVar

from msgspec import Struct

from asv_jit.system import guardian

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Shared = TypeVar("_Shared")

KEPT_OUTPUT_BYTES = 64 * 1024
_LONGEST_WAIT_S = 1e6  # per call of poll, which takes milliseconds in 32 bits

# Variables that a child inherits. It sees no others, above all no tokens of a CI job.
_PASSED_ON = (
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USER",
    "USERPROFILE", "XDG_CACHE_HOME",
)  # fmt: skip
# Variables that say how to reach the network; clients of package indexes and git inherit them too.
NETWORK_VARIABLES = (
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip


class Finished(Struct, frozen=True):
    """How a process ended. `exit` is None if a signal ended it, `signal` if none did; outputs may be truncated."""

    exit: int | None
    signal: int | None
    timed_out: bool
    stdout: str
    stderr: str
    duration_s: float
    pid: int = 0

    @property
    def ok(self) -> bool:
        """True if the process exited with code 0 before its time-out."""
        return self.exit == 0 and not self.timed_out

    @property
    def signal_name(self) -> str | None:
        """The signal's name, such as `SIGSEGV`; None if no signal ended the process."""
        if self.signal is None:
            return None
        try:
            return signal.Signals(self.signal).name
        except ValueError:  # a real-time signal has no name
            return f"signal {self.signal}"

    def complaint(self, lines: int = 12) -> str:
        """Return how the process ended and its last lines of stderr (else stdout), for an error message."""
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
    """Build a child's environment from a short list of harmless variables, those named in `also`, and `extra`."""
    environment = {name: os.environ[name] for name in (*_PASSED_ON, *also) if name in os.environ}
    environment.update(extra or {})
    return environment


@contextlib.contextmanager
def limited_environment(also: Sequence[str], prefixes: tuple[str, ...] = ()) -> Iterator[None]:
    """Reduce our environment to a child's, for third-party code that passes its whole environment to its children.

    Parameters: `also` and `prefixes` are further names, and prefixes of names, to keep.
    """
    kept = base_environment(also=(*also, guardian.VARIABLE))
    kept |= {name: value for name, value in os.environ.items() if name.startswith(prefixes)} if prefixes else {}
    with restored_environment():
        os.environ.clear()
        os.environ.update(kept)
        yield


@contextlib.contextmanager
def restored_environment() -> Iterator[None]:
    """Undo changes of our environment at the end of a `with` block."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout_s: float | None = None,
    cpu: int | None = None,
    keep_bytes: int = KEPT_OUTPUT_BYTES,
    input_text: str = "",
    input_file: Path | None = None,
) -> Finished:
    """Run `command` to its end and return how it ended; never raises for the child's own failures.

    Parameters: `env` is the whole environment; after `timeout_s` the child and its descendants get SIGKILL; `cpu` pins
    the child to one core from its first instruction (Linux only); `keep_bytes` is how much of the end of each output
    to return; the child reads `input_text` or `input_file` from its standard input.

    Raises OSError if the program cannot be started.
    """
    family = _family
    if family is not None:
        family.watch()
        env = {**env, guardian.VARIABLE: family.token}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _readable(input_text, input_file) as given:
        started = time.monotonic()
        with _pinned_to(cpu):
            child = subprocess.Popen(
                [os.fspath(part) for part in command],
                stdin=given,
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
        finally:  # also after an interrupt: no descendant may outlive the child
            _end_group(child)
        duration_s = time.monotonic() - started
        code = child.returncode
        return Finished(
            exit=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            timed_out=timed_out,
            stdout=_tail(out, keep_bytes),
            stderr=_tail(err, keep_bytes),
            duration_s=duration_s,
            pid=child.pid,
        )


@contextlib.contextmanager
def _readable(text: str, file: Path | None) -> Iterator[IO[bytes] | int]:
    """Yield a stream of `file` or `text` for a child's standard input."""
    if file is not None:
        with file.open("rb") as stream:
            yield stream
        return
    if not text:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as written:
        written.write(text.encode("utf-8"))
        written.seek(0)
        yield written


@contextlib.contextmanager
def guarded(token: str, folder: Path) -> Iterator[None]:
    """For the length of a `with` block, no process that we start outlives us, however we end.

    If we are killed, a guardian process ends every process that carries `token`, and removes `folder` and
    `<folder>.lock`. Processes that inherit our environment, such as asv's calls of pip and git, carry the token too.
    Linux only; other systems cover exits, interrupts and time-outs.
    """
    global _family  # noqa: PLW0603 - a process has one environment, and so one family
    if sys.platform != "linux":
        yield
        return
    _family = _Family(token, folder)
    with restored_environment():
        os.environ[guardian.VARIABLE] = token
        try:
            yield
        finally:
            _family.end()
            _family = None


def end_strays() -> None:
    """End daemons that our children left behind, outside their process group.

    This scans all processes, which takes some milliseconds: do not call it while measuring.
    """
    if _family is not None:
        guardian.end_strays(_family.token, os.getpid())


def end_family(token: str) -> int:
    """End every process with the `token` of a killed run; return how many there were."""
    return guardian.end_family(token) if sys.platform == "linux" else 0


class _Family:
    """The processes that carry our token, and the guardian, which is started before the first of them."""

    def __init__(self, token: str, folder: Path) -> None:
        self.token = token
        self._folder = folder
        self._guardian: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()

    def watch(self) -> None:
        """Start the guardian, unless it is already running."""
        with self._starting:
            if self._guardian is None:
                self._guardian = subprocess.Popen(
                    [sys.executable, "-I", "-S", guardian.__file__, self.token, os.fspath(self._folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    start_new_session=True,
                )

    def end(self) -> None:
        """End the whole family, then the guardian."""
        guardian.end_family(self.token)
        if self._guardian is not None and self._guardian.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # the guardian was killed; the next run cleans up
                self._guardian.stdin.write(b".")
                self._guardian.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                self._guardian.stdin.close()
            self._guardian.wait()


_family: _Family | None = None


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(
    work: Callable[[_Item], _Result], items: Sequence[_Item], *, workers: int | None = None
) -> list[_Result]:
    """Apply `work` to each of `items` in worker processes; return the results in order.

    `workers` defaults to the number of cores; for one item or one core, `work` runs in this process. `work` must be a
    module-level function; items and results must be picklable. Raises what `work` raises, and ChildProcessError if a
    worker was killed.
    """
    return list(in_parallel_with(work, _apply, items, workers=workers))


def in_parallel_with(
    shared: _Shared,
    work: Callable[[_Shared, _Item], _Result],
    items: Sequence[_Item],
    *,
    workers: int | None = None,
) -> Iterator[_Result]:
    """Like `in_parallel`, for `work(shared, item)`; yields results in order as they become ready.

    Each worker receives `shared` once, so it may be large. The workers start immediately.
    """
    count = min(cores() if workers is None else workers, len(items))
    if count < 2:
        return (work(shared, item) for item in items)
    # A fork starts in milliseconds and shares our memory; a new interpreter would import numpy again. Python warns
    # about forks with threads, but our code has none, and the libraries' own threads handle a fork.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin_work, initargs=(shared, work))
    with _killed_worker_errors(), warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return _each_of(pool, pool.map(_work, items))


def _each_of(pool: ProcessPoolExecutor, results: Iterator[_Result]) -> Iterator[_Result]:
    with _killed_worker_errors(), pool:
        yield from results


@contextlib.contextmanager
def _killed_worker_errors() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise ChildProcessError("a worker process was killed; the machine may be out of memory") from None


def _apply(work: Callable[[_Item], _Result], item: _Item) -> _Result:
    return work(item)


_begun: tuple[Any, Callable[[Any, Any], Any]] | None = None
"""In a worker process: the shared value and the function to apply."""


def _begin_work(shared: object, work: Callable[[Any, Any], Any]) -> None:
    global _begun  # noqa: PLW0603 - a worker serves one pool
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    _begun = shared, work


def _work(item: object) -> Any:
    assert _begun is not None, "the pool calls `_begin_work` first"
    shared, work = _begun
    return work(shared, item)


def _wait(child: subprocess.Popen[bytes], timeout_s: float | None) -> None:
    """Wait for the child's end without delay: `Popen.wait` with a time-out polls only every 50 ms.

    Raises subprocess.TimeoutExpired.
    """
    try:
        ended = os.pidfd_open(child.pid) if timeout_s is not None else None
    except (AttributeError, OSError):  # not Linux, or an old kernel
        ended = None
    if ended is None or timeout_s is None:
        child.wait(timeout_s)
        return
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        left_s = timeout_s
        while not poll.poll(min(left_s, _LONGEST_WAIT_S) * 1000):
            left_s -= _LONGEST_WAIT_S
            if left_s <= 0:
                raise subprocess.TimeoutExpired(child.args, timeout_s)
    finally:
        os.close(ended)
    child.wait()


@contextlib.contextmanager
def _pinned_to(cpu: int | None) -> Iterator[None]:
    """Pin this thread to `cpu` while a child is started, which inherits the affinity."""
    if cpu is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # usually no process is left
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()
    child.wait()


def _tail(stream: IO[bytes], keep_bytes: int) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - keep_bytes))
    return stream.read().decode("utf-8", "replace")
