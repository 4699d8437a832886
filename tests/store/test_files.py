"""A full disk, a lost permission, a kill: the old content or the new, and an error that says what to do."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asv_jit.errors import StorageError
from asv_jit.store.files import append_synced, write_atomically
from asv_jit.store.journal import TRIALS
from asv_jit.store.lines import append_lines
from tests.store.trials import FULL

if sys.platform != "win32":
    import resource

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE stands for the full disk")


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """No file can grow beyond `size_bytes`: a write is cut short there and the next one fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@needs_limits
@pytest.mark.parametrize("room", [0, 1, 100, 8192, 20_000])
def test_an_append_that_does_not_fit_is_taken_back(room: int, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "file"
    append_synced(path, b"old\n")
    with file_size_limit(4 + room), pytest.raises(StorageError, match=r"cannot write .*file: .*are safe"):
        append_synced(path, b"x" * 30_000)
    assert path.read_bytes() == b"old\n"
    append_synced(path, b"new\n")
    assert path.read_bytes() == b"old\nnew\n"


@needs_limits
@pytest.mark.parametrize("size", [0, 10, 60, 2000])
def test_a_journal_on_a_full_disk_goes_on_when_there_is_room_again(size: int, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    long = type(FULL)(**{name: getattr(FULL, name) for name in FULL.__struct_fields__} | {"stderr": "e" * 4000})
    with file_size_limit(size), pytest.raises(StorageError):
        append_lines(path, [long], head=TRIALS.head)
    assert append_lines(path, [FULL], head=TRIALS.head) is None  # the same run, or the next one
    assert path.read_bytes() == TRIALS.encode([FULL])
    assert TRIALS.read(path).records == (FULL,)


@needs_limits
def test_a_replacement_that_does_not_fit_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_atomically(path, "old")
    with file_size_limit(100), pytest.raises(StorageError, match="run the same command again"):
        write_atomically(path, "n" * 30_000)
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]


@pytest.mark.parametrize("write", [append_synced, write_atomically])
def test_a_sync_that_fails_is_a_failed_write(write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="free some space"):
            write(path, b"new")  # type: ignore[operator]  # either of the two functions
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_an_interrupt_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "file"
    write_atomically(path, "old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for write in (append_synced, write_atomically):
        with pytest.raises(StorageError, match="check the folder's permissions"):
            write(tmp_path / "file" / "below", b"x")
    with pytest.raises(StorageError):
        TRIALS.append(tmp_path / "file", FULL)


def test_a_replaced_file_can_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    write_atomically(path, "é")
    assert path.read_bytes() == "é".encode()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o644
