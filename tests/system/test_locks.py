from __future__ import annotations

import json
import multiprocessing
import os
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from asv_jit.errors import LockedError, StorageError
from asv_jit.system import locks, paths


def test_the_holder_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "measuring.lock"
    with locks.held(lock, doing="measure"), pytest.raises(LockedError) as error, locks.held(lock, doing="measure"):
        pass
    assert str(error.value).startswith(f"Cannot measure now: process {os.getpid()} (")
    assert "since 20" in str(error.value)
    assert error.value.exit_code == 5


def test_a_lock_is_free_again_and_leaves_no_holder(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    for _ in range(2):
        with locks.held(lock, doing="write"):
            holder = locks.holder_of(lock)
            assert holder is not None
            assert holder.pid == os.getpid()
        assert locks.holder_of(lock) is None


def test_an_error_releases_it(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with pytest.raises(ZeroDivisionError), locks.held(lock, doing="write"):
        _ = 1 / 0
    with locks.held(lock, doing="write"):
        pass


def test_a_holder_that_did_not_sign_is_no_riddle(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with locks.held(lock, doing="write"):
        (tmp_path / "a.lock.holder").write_text('{"pid": 1')
        with (
            pytest.raises(LockedError, match="another process has just taken the lock"),
            locks.held(lock, doing="write"),
        ):
            pass


def test_a_stale_signature_does_not_lock(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    dead = {"pid": 1, "command": "asv-jit run", "since": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "a.lock.holder").write_text(json.dumps(dead))
    with locks.held(lock, doing="write"):
        holder = locks.holder_of(lock)
        assert holder is not None
        assert holder.pid == os.getpid()


def _hold_and_die(lock: Path, taken: Event, die: Event) -> None:
    with locks.held(lock, doing="write"):
        taken.set()
        die.wait(30)
        os._exit(9)


def test_the_system_releases_the_lock_of_a_dead_process(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    lock, taken, die = tmp_path / "a.lock", context.Event(), context.Event()
    child = context.Process(target=_hold_and_die, args=(lock, taken, die))
    child.start()
    assert taken.wait(30)
    with pytest.raises(LockedError, match=f"process {child.pid} "), locks.held(lock, doing="write"):
        pass
    die.set()
    child.join()
    with locks.held(lock, doing="write", wait_s=5):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Cannot measure: cannot create the lock file"):
        locks.held(tmp_path / "file" / "a.lock", doing="measure").__enter__()


def test_the_cache_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.CACHE_VARIABLE, raising=False)
    default = paths.cache_dir()
    assert default.name == "asv-jit"
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "elsewhere"))
    folders = [
        paths.cache_dir("interpreters"),
        paths.cache_dir("installations"),
        paths.cache_dir("locks"),
        paths.cache_dir("apt"),
    ]
    assert {folder.parent for folder in folders} == {tmp_path / "elsewhere"}
    assert locks.installing_lock().parent == locks.measuring_lock().parent == paths.cache_dir("locks")
    assert locks.results_lock(tmp_path).parent == tmp_path
