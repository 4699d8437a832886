from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.providers.apt import (
    FALLBACK,
    Archive,
    Debian,
    Package,
    debian_mirrors,
    is_library,
    parse_madison,
    parse_plan,
)
from asv_jit.interpreters.providers.offers import Offer
from asv_jit.system.processes import Finished
from tests.interpreters.fakes import FakeRunner, finished

# Both recorded from apt 2.6.1, in November 2026.
MADISON = """\
python3.14 |  3.14.10-1 | http://deb.debian.org/debian unstable/main amd64 Packages
python3.14 |   3.14.8-1 | http://deb.debian.org/debian testing/main amd64 Packages
python3.15 |   3.15.2-1 | http://deb.debian.org/debian testing/main amd64 Packages
python3.15 |   3.15.2-1 | http://deb.debian.org/debian unstable/main amd64 Packages
python3.15 |   3.15.2-1 | http://deb.debian.org/debian unstable/main Sources
"""
PLAN = """\
NOTE: This is only a simulation!
Reading package lists...
The following NEW packages will be installed:
  debconf gcc-16-base libc6
Inst gcc-16-base (16.2.0-3 Debian:testing [amd64])
Inst libgcc-s1 (16.2.0-3 Debian:testing [amd64]) []
Inst libc6 (2.43-7 Debian:testing, Debian:unstable [amd64])
Inst zlib1g (1:1.3.dfsg+really1.3.2-3 Debian:testing [amd64])
Inst libc-gconv-modules-extra (2.43-7 Debian:testing, Debian:unstable [amd64]) []
Inst debconf (1.5.92 Debian:testing, Debian:unstable [all])
Inst libc6-dev (2.43-7 Debian:testing, Debian:unstable [amd64])
Inst libssl3t64 (3.6.5-1 Debian:testing, Debian:unstable [amd64])
Inst libpython3.15-dev (3.15.2-1 Debian:testing [amd64])
Inst python3.15-minimal (3.15.2-1 Debian:testing [amd64])
Inst python3.15 (3.15.2-1 Debian:testing [amd64])
Conf libc6 (2.43-7 Debian:testing, Debian:unstable [amd64])
"""
# What apt 2.6.1 prints for one-line and deb822 sources, without those that are commented out or not enabled.
TARGETS = """\
https://packages.example.com/prod/ bookworm main
https://download.docker.com/linux/debian/ bookworm stable
http://ftp.example.org/debian/ trixie main
http://ftp.example.org/debian/ trixie main
http://ftp.example.org/debian/ trixie non-free-firmware
http://security.debian.org/debian-security/ trixie-security main
mirror+file:/etc/apt/mirrors/debian.list/ trixie main
http://archive.ubuntu.com/ubuntu/ noble main
https://deb.nodesource.com/node_20.x/ nodistro main
http://flat.example.org/ ./ $(COMPONENT)
"""
ACQUIRE = """\
Acquire "";
Acquire::AllowInsecureRepositories "1";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example.org:3128";
"""


class Machine:
    """Answers like apt and dpkg on a Debian machine; `unreachable` mirrors fail."""

    def __init__(self, folder: Path, *unreachable: str, update: Finished | None = None) -> None:
        self.folder = folder
        self.unreachable = unreachable
        self.updates: list[str] = []
        self.unpacked: list[str] = []
        self._update = update or finished("Hit:1 http://deb.debian.org/debian testing InRelease\n")

    def __call__(self, command: list[str]) -> Finished:
        match command:
            case ["apt-get", "-q", "update"]:
                sources = (self.folder / "sources.list").read_text()
                self.updates.append(sources)
                if any(mirror in sources for mirror in self.unreachable):
                    return finished(exit_code=100, stderr="E: The repository is not signed.")
                return self._update
            case ["dpkg", "--print-architecture"]:
                return finished("arm64\n")
            case ["apt-get", "indextargets", *_]:
                return finished("http://mirror.example.org/debian/ trixie main\n")
            case ["apt-config", "dump", "Acquire"]:
                return finished(ACQUIRE)
            case ["apt-cache", "pkgnames", "python3."]:
                return finished("python3.15-venv\npython3.15\npython3.14\npython3.14-dbg\n")
            case ["apt-cache", "madison", "python3.14", "python3.15"]:
                return finished(MADISON)
            case ["apt-get", "-s", *_]:
                return finished(PLAN)
            case ["apt-get", "-q", "-t", "testing", "download", *packages]:
                for package in packages[: self.downloads]:
                    (next(self.folder.parent.glob(".making-*")) / f"{package.replace('=', '_')}.deb").write_text("")
                return finished()
            case ["dpkg-deb", "-x", package, _]:
                self.unpacked.append(Path(package).name)
        return finished()

    downloads: int | None = None


@pytest.fixture(autouse=True)
def debian_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")
    (tmp_path / "keyring.gpg").write_text("")


def archive_on(machine: Machine, tmp_path: Path) -> Archive:
    return Archive(machine.folder, run=FakeRunner(machine), keyring=tmp_path / "keyring.gpg")


def test_madison_is_read_with_the_suites_of_one_version_together() -> None:
    assert parse_madison(MADISON) == [
        Package("python3.14", "3.14.10-1", ("unstable",)),
        Package("python3.14", "3.14.8-1", ("testing",)),
        Package("python3.15", "3.15.2-1", ("testing", "unstable")),
    ]
    assert parse_madison("") == []


def test_a_plan_is_read_with_epochs_and_without_configurations() -> None:
    plan = parse_plan(PLAN)
    assert plan["zlib1g"] == "1:1.3.dfsg+really1.3.2-3"
    assert plan["libc6"] == "2.43-7"
    assert len(plan) == 11


def test_libraries_are_told_from_the_rest_of_a_system() -> None:
    assert [name for name in parse_plan(PLAN) if is_library(name)] == ["libgcc-s1", "libc6", "zlib1g", "libssl3t64"]


def test_signatures_are_verified_whatever_the_machine_allows(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "apt")
    archive_on(machine, tmp_path).versions_of(r"python3\.\d+")
    configuration = (machine.folder / "apt.conf").read_text()
    for setting in ("AllowInsecureRepositories", "AllowWeakRepositories", "AllowDowngradeToInsecureRepositories"):
        assert configuration.rindex(f'Acquire::{setting} "false";') > configuration.find(f'{setting} "1"')
    assert 'APT::Get::AllowUnauthenticated "false";' in configuration
    assert (machine.folder / "sources.list").read_text().splitlines() == [
        f"deb [arch=arm64 signed-by={tmp_path}/keyring.gpg] http://mirror.example.org/debian {suite} main"
        for suite in ("testing", "unstable")
    ]


def test_the_machines_proxy_is_kept_and_its_folders_are_not(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "apt")
    archive_on(machine, tmp_path).versions_of(r"python3\.\d+")
    configuration = machine.folder / "apt.conf"
    assert 'Acquire::http::Proxy "http://proxy.example.org:3128";' in configuration.read_text()
    assert configuration.stat().st_mode & 0o077 == 0, "a proxy's address may hold a password"
    for setting in ("Dir::State::Lists", "Dir::State::Status", "Dir::Cache", "Dir::Etc::SourceList"):
        assert f'{setting} "{machine.folder}/' in configuration.read_text()
    assert 'Dir::Etc::Parts "/dev/null";' in configuration.read_text()


def test_the_lists_are_fetched_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "apt")
    archive = archive_on(machine, tmp_path)
    archive.versions_of(r"python3\.\d+")
    archive.plan(["python3.15"], "3.15.2-1", "testing")
    assert len(machine.updates) == 1


def test_a_mirror_that_fails_gives_way_to_the_next(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "apt", "mirror.example.org")
    assert archive_on(machine, tmp_path).versions_of(r"python3\.\d+")
    assert [FALLBACK in sources for sources in machine.updates] == [False, True]


@pytest.mark.parametrize(
    "update",
    [
        finished(exit_code=100, stderr="E: The repository 'http://x testing InRelease' is not signed."),
        finished("Err:1 http://x testing InRelease\n", stderr="W: Failed to fetch http://x\n"),  # apt ends with 0 then
    ],
)
def test_no_mirror_at_all_is_said(update: Finished, tmp_path: Path) -> None:
    with pytest.raises(NoInterpreterError, match="no Debian mirror could be read:\nhttp://mirror"):
        archive_on(Machine(tmp_path / "apt", update=update), tmp_path).versions_of(r"python3\.\d+")


def test_a_machine_without_debians_keys_is_told_the_package(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "apt", run=FakeRunner(Machine(tmp_path)), keyring=tmp_path / "absent.gpg")
    with pytest.raises(NoInterpreterError, match="install the package debian-archive-keyring"):
        archive.versions_of("python3")


def test_a_machine_without_apt_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program.startswith("apt") else program)
    with pytest.raises(NoInterpreterError, match=r"apt-get, apt-cache, apt-config is not on PATH"):
        archive_on(Machine(tmp_path), tmp_path).versions_of("python3")


def test_debian_offers_each_release_from_the_steadier_suite(tmp_path: Path) -> None:
    offers = Debian(archive_on(Machine(tmp_path / "apt"), tmp_path)).offers()
    assert offers == [
        Offer("debian", "3.14.10", "3.14.10-1", "unstable"),
        Offer("debian", "3.14.8", "3.14.8-1", "testing"),
        Offer("debian", "3.15.2", "3.15.2-1", "testing"),
    ]


def test_packages_are_unpacked_and_an_incomplete_download_is_noticed(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "apt")
    archive = archive_on(machine, tmp_path)
    wanted = {"python3.15": "3.15.2-1", "libc6": "2.43-7"}
    archive.unpack(wanted, "testing", tmp_path / "prefix")
    assert machine.unpacked == ["libc6_2.43-7.deb", "python3.15_3.15.2-1.deb"]
    machine.downloads = 0
    with pytest.raises(NoInterpreterError, match="was to download 2 packages and left 0"):
        archive.unpack(wanted, "testing", tmp_path / "prefix")
    assert list(tmp_path.glob(".making-*")) == []


def test_likely_mirrors_come_first_and_the_fallback_last() -> None:
    assert debian_mirrors(TARGETS) == [
        "http://ftp.example.org/debian",
        "mirror+file:/etc/apt/mirrors/debian.list",
        "https://packages.example.com/prod",  # cannot be told from a mirror: the signature will
        FALLBACK,
    ]
    assert debian_mirrors("") == [FALLBACK]
    assert debian_mirrors(f"{FALLBACK}/ stable main\n") == [FALLBACK]
