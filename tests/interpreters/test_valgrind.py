"""Finding and installing valgrind, with a fake of the processes and of the archive."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from asv_jit.errors import NoCounterError, NoInterpreterError
from asv_jit.interpreters import valgrind
from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers.apt import Archive, Package
from asv_jit.system import paths
from asv_jit.system.processes import Finished


def says(version: str) -> Runner:
    def run(
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        timeout_s: float | None = None,
    ) -> Finished:
        assert env["VALGRIND_LIB"] == str(Path(command[0]).parent)
        return Finished(0, None, False, f"valgrind-{version}\n", "", 0.1)

    return run


class FakeArchive(Archive):
    def __init__(self, *packages: Package) -> None:
        self.packages = packages
        self.downloaded: list[tuple[dict[str, str], str]] = []

    def versions_of(self, pattern: str) -> list[Package]:
        assert pattern == "valgrind"
        return list(self.packages)

    def unpack(self, packages: Mapping[str, str], suite: str, into: Path) -> None:
        self.downloaded.append((dict(packages), suite))
        add_tool(into / "usr" / "libexec" / "valgrind")


def add_tool(library: Path) -> None:
    library.mkdir(parents=True)
    for name in ("amd64", "arm64"):
        (library / f"callgrind-{name}-linux").touch()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without valgrind."""
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_the_one_on_path_is_taken_with_its_folder_of_tools(empty: Path) -> None:
    (empty / "bin").mkdir()
    program = empty / "bin" / "valgrind"
    program.touch(mode=0o755)
    add_tool(empty / "libexec" / "valgrind")
    found = valgrind.find(run=says("3.19.0"))
    assert found == valgrind.Valgrind(empty / "libexec" / "valgrind", "3.19.0", str(program))
    assert found.callgrind().identity.startswith(f"callgrind 3.19.0 {platform.machine()}")


def test_where_there_is_none_it_is_installed_once_from_the_packages(empty: Path) -> None:
    assert valgrind.find(run=says("3.27.1")) is None
    archive = FakeArchive(Package("valgrind", "1:3.27.1-1", ("unstable", "testing")))
    found = valgrind.find_or_install(run=says("3.27.1"), archive=archive)
    assert found.version == "3.27.1"
    assert found.library.is_relative_to(empty / "cache")
    assert archive.downloaded == [({"valgrind": "1:3.27.1-1"}, "testing")]
    valgrind.find_or_install(run=says("3.27.1"), archive=archive)
    assert len(archive.downloaded) == 1
    assert list(empty.glob("cache/.making*")) == []


def test_what_cannot_be_had_is_an_error_with_a_remedy_and_exit_code_3(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoCounterError, match="offers no package valgrind.*\n.*apt install valgrind"):
        valgrind.find_or_install(run=says("3.27.1"), archive=FakeArchive())

    class Offline(FakeArchive):
        def versions_of(self, pattern: str) -> list[Package]:
            raise NoInterpreterError("no Debian mirror could be read")

    with pytest.raises(NoCounterError, match="no Debian mirror could be read") as raised:
        valgrind.find_or_install(run=says("3.27.1"), archive=Offline())
    assert raised.value.exit_code == 3
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoCounterError, match="count on Linux"):
        valgrind.find_or_install(run=says("3.27.1"), archive=FakeArchive())


def test_the_features_that_choose_code_are_read_in_a_fixed_order(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu erms avx2 avx sse4_2\n\nprocessor\t: 1\nflags\t\t: fma\n")
    assert valgrind.features(cpuinfo) == ["sse4_2", "avx", "avx2", "erms"]
    assert valgrind.features(tmp_path / "none") == []
