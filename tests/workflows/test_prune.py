"""Pruning gives back space and never a line of the journal."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import LockedError, UsageError
from asv_jit.system import locks, paths
from asv_jit.workflows.prune import Keep, parse_keep, prune


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three sessions of 1, 10 and 100 days ago on one machine, one on another; four installations."""
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "asv.conf.json").write_text(json.dumps({"version": 1, "project": "x", "repo": "."}))
    for machine, days in (("box", 1), ("box", 10), ("box", 100), ("other", 100)):
        raw = tmp_path / "results" / machine / "trials" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        (raw.parent / "journal.jsonl").write_text("for ever")
        path = raw / f"2026{200 - days}T000000Z-aaaa.jsonl.gz"
        path.write_bytes(b"x" * 100)
        os.utime(path, (time.time() - days * 86400,) * 2)
    for number in range(4):
        folder = paths.cache_dir("installations") / f"{number:016x}"
        folder.mkdir(parents=True)
        (folder / "complete").write_text("c")
        os.utime(folder / "complete", (number, number))
    return load_project(tmp_path / "asv.conf.json")


def _left(project: Project) -> list[str]:
    return sorted(path.parts[-4] for path in project.results_dir.rglob("*.gz"))


def test_by_days_and_by_sessions(project: Project) -> None:
    gone = prune(project, Keep(days=30), kept_installations=2)
    assert (len(gone.raw), gone.raw_bytes) == (2, 200)
    assert [path.name[-1] for path in gone.installations] == ["1", "0"]
    assert _left(project) == ["box", "box"]
    prune(project, Keep(sessions=1), kept_installations=2)
    assert _left(project) == ["box"]
    assert len(list(paths.cache_dir("installations").iterdir())) == 2
    assert len(list(project.results_dir.rglob("journal.jsonl"))) == 2


def test_a_dry_run_says_the_same_and_drops_nothing(project: Project) -> None:
    said = prune(project, Keep(sessions=0), kept_installations=0, dry_run=True)
    assert len(_left(project)) == 4
    assert prune(project, Keep(sessions=0), kept_installations=0) == said
    assert _left(project) == []


def test_not_while_something_is_measured(project: Project) -> None:
    with locks.held(locks.measuring_lock(), doing="measure"), pytest.raises(LockedError, match="prune"):
        prune(project, Keep(days=1), kept_installations=1)


def test_what_to_keep_is_days_or_sessions() -> None:
    assert parse_keep("30d") == Keep(days=30)
    assert parse_keep(" 20 ") == Keep(sessions=20)
    for text in ("", "d", "-1", "1.5d", "2 weeks", "9" * 99):
        with pytest.raises(UsageError, match="--keep"):
            parse_keep(text)
