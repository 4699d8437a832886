"""Starting a process: how it ended is always known, and nothing that it started outlives it."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from asv_jit.system.processes import Finished, base_environment, in_parallel, in_parallel_with, run

posix = pytest.mark.skipif(os.name != "posix", reason="signals and process groups are POSIX's")
linux = pytest.mark.skipif(sys.platform != "linux", reason="affinity and pidfd_open are Linux's")


def _python(program: str, **options: object) -> Finished:
    return run([sys.executable, "-c", program], env=base_environment(), **options)  # type: ignore[arg-type]  # as given


def _ends(pid: int) -> bool:
    """Whether a process is gone, or goes within 5 s: a kill is not instantaneous."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5.0)[0])
    finally:
        os.close(handle)


def test_an_ordinary_end() -> None:
    done = _python("import sys; print('out'); print('err', file=sys.stderr)")
    assert (done.exit, done.signal, done.timed_out, done.ok) == (0, None, False, True)
    assert (done.stdout.split(), done.stderr.split()) == (["out"], ["err"])


def test_an_exit_code_and_its_complaint() -> None:
    done = _python("import sys; print('line one\\nline two', file=sys.stderr); sys.exit(3)")
    assert (done.exit, done.ok) == (3, False)
    assert done.complaint() == "exit code 3\nline one\nline two"
    assert done.complaint(lines=1) == "exit code 3\nline two"


@posix
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_a_signal_is_named(name: str) -> None:
    done = _python(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert (done.exit, done.signal_name, done.ok) == (None, name, False)
    assert done.complaint() == f"killed by {name}"


@posix
def test_a_signal_without_a_name_is_numbered() -> None:
    assert Finished(None, signal.SIGRTMIN + 5, False, "", "", 0.1).signal_name == f"signal {signal.SIGRTMIN + 5}"


@linux
def test_a_time_out_ends_the_whole_family() -> None:
    done = _python(
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()",
        timeout_s=0.6,
    )
    assert done.timed_out
    assert not done.ok
    assert done.complaint().startswith("stopped after 1 s")
    assert _ends(int(done.stdout))


@pytest.mark.parametrize("timeout_s", [3_000_000.0, 1e9])
def test_a_time_out_may_be_longer_than_the_system_can_wait_at_once(timeout_s: float) -> None:
    assert _python("print('done')", timeout_s=timeout_s).stdout == "done\n"


@linux
def test_a_child_that_ends_takes_what_it_left_running_with_it() -> None:
    done = _python(
        "import subprocess, sys\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)"
    )
    assert done.ok
    assert _ends(int(done.stdout))


@linux
def test_an_interrupt_ends_the_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(self: object, timeout: float | None = None) -> int:
        monkeypatch.undo()
        raise KeyboardInterrupt

    import subprocess

    pids: list[int] = []
    original = subprocess.Popen.__init__

    def started(self: subprocess.Popen[bytes], *args: object, **options: object) -> None:
        original(self, *args, **options)  # type: ignore[call-overload]  # passed on as it came
        pids.append(self.pid)

    monkeypatch.setattr(subprocess.Popen, "__init__", started)
    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _python("import time; time.sleep(600)")
    assert _ends(pids[0])


def test_only_the_tail_of_much_output_is_kept() -> None:
    done = _python("import sys; sys.stdout.write('x' * 200_000 + 'end'); sys.stderr.write('é' * 50)", keep_bytes=99)
    assert done.stdout == "x" * 96 + "end"
    assert done.stderr == "\ufffd" + "é" * 49


def test_a_child_cannot_wait_for_input() -> None:
    assert _python("import sys; print(repr(sys.stdin.read()))").stdout.strip() == "''"


@linux
def test_a_child_is_pinned_and_we_are_not() -> None:
    allowed = os.sched_getaffinity(0)
    for cpu in allowed:
        assert _python("import os; print(os.sched_getaffinity(0))", cpu=cpu).stdout.strip() == f"{{{cpu}}}"
    assert os.sched_getaffinity(0) == allowed


@linux
def test_the_affinity_is_ours_again_when_the_program_cannot_be_started() -> None:
    allowed = os.sched_getaffinity(0)
    with pytest.raises(FileNotFoundError):
        run(["/no/such/program"], env={}, cpu=max(allowed))
    with pytest.raises(OSError, match="Invalid argument"):
        run([sys.executable, "-c", ""], env={}, cpu=100_000)
    assert os.sched_getaffinity(0) == allowed


def test_the_environment_is_a_short_list_and_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("WANTED", "w")
    monkeypatch.setenv("HOME", "/home/x")
    environment = base_environment({"EXTRA": "e"}, also=["WANTED", "NOT_SET"])
    assert environment["HOME"] == "/home/x"
    assert (environment["WANTED"], environment["EXTRA"]) == ("w", "e")
    assert not {"GITHUB_TOKEN", "NOT_SET"} & set(environment)
    assert base_environment({"HOME": "/other"})["HOME"] == "/other"


def test_the_working_directory_is_the_childs(tmp_path: Path) -> None:
    assert _python("import os; print(os.getcwd())", cwd=tmp_path).stdout.strip() == str(tmp_path)


def _square(number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError(f"{number} has no place here")
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number, os.getpid()


@linux
def test_work_is_shared_and_comes_back_in_order() -> None:
    done = in_parallel(_square, range(6), workers=2)
    assert [square for square, _ in done] == [0, 1, 4, 9, 16, 25]
    assert os.getpid() not in {pid for _, pid in done}
    assert in_parallel(_square, [3], workers=2) == [(9, os.getpid())]


@linux
def test_what_work_raises_and_the_death_of_a_worker_come_out() -> None:
    with pytest.raises(ValueError, match="no place here"):
        in_parallel(_square, [1, -1], workers=2)
    with pytest.raises(ChildProcessError, match="out of memory"):
        in_parallel(_square, [13, 1, 2], workers=2)


def _noted(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    return number


@linux
def test_work_begins_before_anybody_asks_for_results(tmp_path: Path) -> None:
    results = in_parallel_with(tmp_path, _noted, range(4), workers=2)
    waited_until = time.monotonic() + 30.0
    while len(list(tmp_path.iterdir())) < 4 and time.monotonic() < waited_until:
        time.sleep(0.01)
    assert len(list(tmp_path.iterdir())) == 4
    assert list(results) == [0, 1, 2, 3]


@linux
def test_results_that_nobody_asks_for_hold_nothing_up() -> None:
    program = (
        "from asv_jit.system import processes; processes.in_parallel_with(1, pow, range(4), workers=2); print('on')"
    )
    assert _python(program, timeout_s=60.0).stdout == "on\n"
