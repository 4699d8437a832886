from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters import discover, manifest
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.manifest import Manifest
from asv_jit.system import paths
from tests.interpreters.fakes import interpreter


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(tmp_path / "pyenv" / "shims"))


def executable(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_ours_come_first_and_each_group_newest_first() -> None:
    builds = {
        Path("/a"): interpreter("3.15.9", "aaaaaaaa"),
        Path("/b"): interpreter("3.14.8", "bbbbbbbb", package_version="3.14.8-1"),
        Path("/c"): interpreter("3.14.10", "cccccccc", package_version="3.14.10-1"),
        Path("/d"): interpreter("3.15.10", "dddddddd"),
    }
    survey = discover.survey(builds, ask=builds.__getitem__)
    assert [one.version for one in survey.interpreters] == ["3.14.10", "3.14.8", "3.15.10", "3.15.9"]


def test_one_build_is_listed_once_and_one_file_probed_once(tmp_path: Path) -> None:
    real = executable(tmp_path / "bin" / "python3.15")
    alias = tmp_path / "bin" / "python3"
    alias.symlink_to(real)
    copy = executable(tmp_path / "copy" / "python3.15")
    asked: list[Path] = []

    def ask(path: Path) -> Interpreter:
        asked.append(path)
        return interpreter()

    assert len(discover.survey([real, alias, copy], ask=ask).interpreters) == 1
    assert asked == [real, copy]


def test_broken_candidates_become_notes() -> None:
    def ask(path: Path) -> Interpreter:
        if path.name == "broken":
            raise NoInterpreterError(f"{path} does not run")
        return interpreter()

    survey = discover.survey([Path("/broken"), Path("/works")], ask=ask)
    assert survey.notes == (f"{Path('/broken')} does not run",)
    assert len(survey.interpreters) == 1


def test_our_prefixes_and_all_of_pyenvs_versions_are_candidates(tmp_path: Path) -> None:
    prefix = paths.cache_dir("interpreters") / "3.15.2+e451c8ba"
    prefix.mkdir(parents=True)
    manifest.write(
        prefix, Manifest("3.15.2+e451c8ba", "debian", "3.15.2", "3.15.2-1", "usr/bin/python3.15", {}, "2026-11-23")
    )
    (paths.cache_dir("interpreters") / ".making-3.15.3+00000000").mkdir()
    (paths.cache_dir("interpreters") / "no-manifest").mkdir()
    versions = tmp_path / "pyenv" / "versions"
    found = [executable(versions / name / "bin" / "python") for name in ("3.13.0", "3.9.18", "mine")]
    for too_old in ("2.7.18", "3.8.18"):
        executable(versions / too_old / "bin" / "python")
    own = prefix / "usr" / "bin" / "python3.15"
    assert list(discover.candidates())[:4] == [own, *found]


def test_shims_are_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    executable(tmp_path / "pyenv" / "shims" / "python3.13", f"#!/bin/sh\necho >{ran}\n")
    found = list(discover.candidates())
    assert not ran.exists()
    assert found, "the interpreter that runs this is always one"


def test_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (running,) = {path.resolve() for path in discover.candidates()}
    other = tmp_path / "bin" / "python3"
    other.parent.mkdir()
    other.symlink_to(running)
    monkeypatch.setenv("PATH", str(other.parent))
    assert {path.resolve() for path in discover.candidates()} == {running}
