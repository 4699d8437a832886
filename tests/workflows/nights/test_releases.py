from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import paths
from asv_jit.workflows.nights.releases import install_releases
from tests.interpreters.fakes import FakeProvider, FakeRunner, answering_itself, interpreter

OLD = interpreter("3.15.0", "aaaaaaaa", package_version="3.15.0-1")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path))


def _install(pythons: list[str], found: list[Interpreter], *providers: FakeProvider) -> tuple[list[str], list[str]]:
    return install_releases(pythons, found, providers, run=FakeRunner(answering_itself))


@pytest.mark.parametrize("spec", ["3.15", "3.15.*"])
def test_a_newer_release_of_a_minor_version_is_installed_once(spec: str) -> None:
    debian = FakeProvider("debian", "3.15.0-1", "3.15.2-1", "3.14.10-1")
    installed, complaints = _install([spec], [OLD], debian)
    assert [identity.partition("+")[0] for identity in installed] == ["3.15.2"]
    assert not complaints
    there = interpreter("3.15.2", installed[0].partition("+")[2], package_version="3.15.2-1")
    assert _install([spec], [OLD, there], debian) == ([], [])


def test_nothing_older_replaces_what_is_there() -> None:
    newer = interpreter("3.15.3", "bbbbbbbb")
    assert _install(["3.15"], [newer], FakeProvider("debian", "3.15.2-1")) == ([], [])


def test_exact_releases_and_paths_ask_nobody() -> None:
    nobody = FakeProvider("debian", unavailable="must not be asked")
    assert _install(["3.15.0", "/usr/bin/python3"], [OLD], nobody) == ([], [])


def test_without_a_provider_the_night_goes_on() -> None:
    installed, complaints = _install(["3.15", "3.16"], [OLD], FakeProvider("debian", unavailable="no network"))
    assert not installed
    assert len(complaints) == 2
    assert "using what is installed" in complaints[0]


def test_an_install_that_fails_is_a_complaint() -> None:
    installed, (complaint,) = _install(["3.15"], [OLD], FakeProvider("debian", "3.15.2-1", broken="no space"))
    assert not installed
    assert "no space" in complaint
