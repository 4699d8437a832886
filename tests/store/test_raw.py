"""Raw iterations: any gzip reads them, and a kill costs the last trial at most."""

from __future__ import annotations

import gzip
from pathlib import Path

from asv_jit.store.raw import RawTrial, append_raw, raw_path, read_raw

TRIALS = [RawTrial("a.1-off", 3, (1, 2, 10**12)), RawTrial("a.1-on", 3, ()), RawTrial("b.1-off", 1, tuple(range(500)))]


def _written(folder: Path) -> tuple[Path, list[int]]:
    path = raw_path(folder, "session-1")
    sizes = [0]
    for trial in TRIALS:
        append_raw(path, trial.trial, trial.inner_loops, trial.durations_ns)
        sizes.append(path.stat().st_size)
    return path, sizes


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path, _ = _written(tmp_path)
    assert path == tmp_path / "trials" / "raw" / "session-1.jsonl.gz"
    assert list(read_raw(path)) == TRIALS
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 3


def test_a_torn_file_gives_what_is_whole(tmp_path: Path) -> None:
    path, sizes = _written(tmp_path)
    data = path.read_bytes()
    for cut in [*range(0, sizes[1], 7), *range(sizes[1], len(data), 3), len(data) - 1]:
        path.write_bytes(data[:cut])
        whole = sum(size <= cut for size in sizes[1:])
        found = list(read_raw(path))
        assert found == TRIALS[: len(found)]
        assert len(found) >= whole


def test_a_file_that_is_none_gives_nothing(tmp_path: Path) -> None:
    assert list(read_raw(tmp_path / "absent.jsonl.gz")) == []
    (tmp_path / "text.jsonl.gz").write_bytes(b"not gzip")
    assert list(read_raw(tmp_path / "text.jsonl.gz")) == []
    (tmp_path / "json.jsonl.gz").write_bytes(gzip.compress(b'{"trial": "\xff"}\n'))
    assert list(read_raw(tmp_path / "json.jsonl.gz")) == []
