"""A run that is killed leaves no process and no folder behind, wherever its children have moved to."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from asv_jit.system import guardian, paths, processes, scratch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guardian looks at /proc")

# A run whose trial starts helpers that try to get away: by a session, by an orphan, by an empty environment.
RUN = """
import sys
from asv_jit.system import processes, scratch
with scratch.private() as folder:
    (folder / "left").write_text("something")
    processes.run([sys.executable, "-c", sys.argv[1], sys.argv[2]], env={})
"""
TRIAL = """
import os, subprocess, sys, time
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
pids = [os.getpid()]
pids.append(subprocess.Popen(sleeper, start_new_session=True).pid)
pids.append(subprocess.Popen(sleeper, env={}).pid)
orphaning = '''
import subprocess, sys
print(subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=subprocess.DEVNULL).pid)
'''
orphan = subprocess.run([sys.executable, "-c", orphaning, *sleeper], stdout=subprocess.PIPE, text=True)
pids.append(int(orphan.stdout))
with open(sys.argv[1], "w") as stream:
    print(*pids, file=stream)
time.sleep(600)
"""
# The helpers are there; then the run's trial ends by itself.
ENDING = TRIAL.removesuffix("time.sleep(600)\n")


def _gone(pid: int) -> bool:
    """Whether a process has ended, or does so within 10 s."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10.0)[0])
    finally:
        os.close(handle)


@pytest.fixture
def started(tmp_path: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A run in the middle of its trial, and the processes that belong to it."""
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)
    env = {**os.environ, paths.CACHE_VARIABLE: str(tmp_path / "cache")}
    run = subprocess.Popen([sys.executable, "-c", RUN, TRIAL, str(fifo)], env=env)
    return run, [int(word) for word in fifo.read_text().split()]


def test_a_killed_run_leaves_nothing(started: tuple[subprocess.Popen[bytes], list[int]], tmp_path: Path) -> None:
    run, pids = started
    run.kill()
    run.wait()
    assert all(_gone(pid) for pid in pids)
    home = tmp_path / "cache" / "tmp"
    _until_empty(home)
    assert not list(home.iterdir())


def test_the_next_run_tidies_up_when_the_guardian_was_killed_as_well(
    started: tuple[subprocess.Popen[bytes], list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, pids = started
    os.kill(_guardian_of(run.pid), signal.SIGKILL)
    run.kill()
    run.wait()
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    with scratch.private():
        pass
    assert all(_gone(pid) for pid in pids)
    assert not list((tmp_path / "cache" / "tmp").iterdir())


def test_a_living_runs_folder_is_left_alone(
    started: tuple[subprocess.Popen[bytes], list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, pids = started
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    with scratch.private():
        pass
    assert [path.read_text() for path in (tmp_path / "cache" / "tmp").glob("*/left")] == ["something"]
    run.kill()
    run.wait()
    assert all(_gone(pid) for pid in pids)


def test_daemons_end_with_the_trial_that_left_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    before = tempfile.gettempdir()
    with scratch.private() as folder:
        assert tempfile.gettempdir() == str(folder) == os.environ["TMPDIR"]
        done = processes.run([sys.executable, "-c", ENDING, tmp_path / "pids"], env={})
        assert done.ok, done.complaint()
        processes.end_strays()
        pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
        assert all(_gone(pid) for pid in pids)
    assert tempfile.gettempdir() == before
    assert not list((tmp_path / "cache" / "tmp").iterdir())
    assert guardian.VARIABLE not in os.environ


def test_where_no_folder_can_be_made_the_systems_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "file"))
    with scratch.private() as folder:
        assert folder is None
        assert processes.run([sys.executable, "-c", ""], env={}).ok


def _guardian_of(pid: int) -> int:
    for name in (path.name for path in Path("/proc").iterdir()):
        if name.isdigit():
            status = Path("/proc", name, "status").read_text()
            command = Path("/proc", name, "cmdline").read_bytes()
            if f"PPid:\t{pid}\n" in status and b"guardian.py" in command:
                return int(name)
    raise AssertionError("no guardian")


def _until_empty(folder: Path) -> None:
    """Wait for the guardian, which has ended the processes by now, to have removed the files too."""
    for name in (path.name for path in Path("/proc").iterdir()):
        try:
            command = Path("/proc", name, "cmdline").read_bytes() if name.isdigit() else b""
        except OSError:
            continue
        if b"guardian.py" in command and str(folder).encode() in command:
            assert _gone(int(name))
