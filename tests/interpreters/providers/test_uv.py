from __future__ import annotations

import json
from pathlib import Path

import pytest

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.providers.offers import Offer
from asv_jit.interpreters.providers.uv import Uv
from asv_jit.system.processes import Finished
from tests.interpreters.fakes import FakeRunner, finished

BASE = "https://releases.astral.sh/github/python-build-standalone/releases/download"


def entry(version: str, *, variant: str = "default", implementation: str = "cpython", date: str = "20261110") -> object:
    """One entry as uv 0.13 prints it."""
    numbers = [int(number) for number in version.replace("a", ".").split(".")[:3]]
    mark = "" if variant == "default" else f"+{variant}"
    return {
        "key": f"{implementation}-{version}{mark}-linux-x86_64-gnu",
        "version": version,
        "version_parts": dict(zip(("major", "minor", "patch"), numbers, strict=True)),
        "path": None,
        "symlink": None,
        "url": f"{BASE}/{date}/cpython-{version}%2B{date}-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz",
        "os": "linux",
        "variant": variant,
        "implementation": implementation,
        "arch": "x86_64",
        "libc": "gnu",
    }


NEWEST = [
    entry("3.16.0a2"),
    entry("3.15.2"),
    entry("3.15.2", variant="freethreaded"),
    entry("3.15.2", variant="debug"),
    entry("3.8.20", date="20241002"),
    entry("3.11.15", implementation="pypy"),
]


def uv_answers(command: list[str]) -> Finished:
    assert "--output-format" in command
    if "3.15" in command:
        return finished(json.dumps([entry("3.15.2"), entry("3.15.1", date="20261021")]))
    if "3.16" in command:
        return finished("[]")
    assert "3.8" not in command
    return finished(json.dumps(NEWEST))


def test_offers_hold_all_releases_with_a_gil_and_without() -> None:
    offers = Uv(run=FakeRunner(uv_answers), program="uv").offers()
    assert [(offer.version, offer.package_version, offer.free_threaded) for offer in offers] == [
        ("3.16.0", "3.16.0a2+20261110", False),
        ("3.15.2", "3.15.2+20261110", False),
        ("3.15.2", "3.15.2+freethreaded+20261110", True),
        ("3.15.1", "3.15.1+20261021", False),
    ]
    assert offers[0].release < Offer("debian", "3.16.0", "3.16.0-1", "unstable").release


@pytest.mark.parametrize("output", ["", "[", '{"key": 1}', '[{"key": "cpython"}]'])
def test_an_unknown_form_is_said(output: str) -> None:
    with pytest.raises(NoInterpreterError, match="gave an unknown format"):
        Uv(run=FakeRunner(lambda _: finished(output)), program="uv").offers()


def test_no_uv_no_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoInterpreterError, match="uv is not on PATH"):
        Uv().offers()


def install(making: Path, final: Path, *, downloads: bool = True) -> tuple[FakeRunner, object]:
    """As uv does it: a folder named by the key, absolute links to it, its own place written into sysconfig's data."""
    key = "cpython-3.15.2-linux-x86_64-gnu"

    def answer(command: list[str]) -> Finished:
        if command[0] != "uv":
            return finished()
        if not downloads:
            return finished(exit_code=1, stderr="error: Failed to install cpython-3.15.2-linux-x86_64-gnu")
        assert command[command.index("--install-dir") + 1] == str(making)
        assert command[-1] == key
        home = making / key
        library = home / "lib" / "python3.15"
        library.mkdir(parents=True)
        (home / "bin").mkdir()
        (home / "bin" / "python3.15").write_text("ELF")
        (library / "_sysconfigdata__linux_x86_64-linux-gnu.py").write_text(f"x = {{'LIBDIR': '{home}/lib'}}\n")
        (making / "cpython-3.15-linux-x86_64-gnu").symlink_to(home)
        return finished()

    run = FakeRunner(answer)
    offer = Offer("uv", "3.15.2", "3.15.2+20261110", key)
    return run, Uv(run=run, program="uv").install(offer, making, final)


def test_an_install_names_its_final_place_only(tmp_path: Path) -> None:
    making, final = tmp_path / ".making-x", tmp_path / "x"
    making.mkdir()
    run, built = install(making, final)
    assert [path.name for path in making.iterdir()] == ["cpython-3.15.2-linux-x86_64-gnu"]
    (data,) = making.rglob("_sysconfigdata*.py")
    assert data.read_text() == f"x = {{'LIBDIR': '{final}/cpython-3.15.2-linux-x86_64-gnu/lib'}}\n"
    assert getattr(built, "executable", None) == Path("cpython-3.15.2-linux-x86_64-gnu/bin/python3.15")
    assert any("compileall" in command for command in run.commands)


def test_unreachable_downloads_are_said(tmp_path: Path) -> None:
    with pytest.raises(NoInterpreterError, match=r"Failed to install cpython-3\.15\.2"):
        install(tmp_path, tmp_path / "x", downloads=False)
