"""Debian's archive through apt's own client, with private folders, without root, every signature verified."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers import mirrors
from asv_jit.interpreters.providers.offers import NETWORK_VARIABLES
from asv_jit.system import processes

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SUITES = ("testing", "unstable")
_PROGRAMS = ("apt-get", "apt-cache", "apt-config", "dpkg", "dpkg-deb")
_UPDATE_S, _ASK_S, _DOWNLOAD_S = 300.0, 120.0, 1800.0

# Whatever the machine's own apt settings say, these hold.
_STRICT = """
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
Acquire::Languages "none";
Acquire::Retries "3";
"""


class Package(Struct, frozen=True):
    """One package at one version, and the suites that hold it."""

    name: str
    version: str
    suites: tuple[str, ...]


class Archive:
    """Debian testing and unstable, seen through private folders under `folder`."""

    def __init__(self, folder: Path, *, run: Runner = processes.run, keyring: Path = KEYRING) -> None:
        self._folder = folder
        self._run = run
        self._keyring = keyring
        self._ready = False

    def versions_of(self, pattern: str) -> list[Package]:
        """Every version of every package whose name matches the regular expression `pattern` wholly."""
        self._make_ready()
        names = self._ask("apt-cache", "pkgnames", _literal_prefix(pattern)).split()
        wanted = sorted(name for name in names if re.fullmatch(pattern, name))
        return parse_madison(self._ask("apt-cache", "madison", *wanted)) if wanted else []

    def plan(self, packages: Sequence[str], version: str, suite: str) -> dict[str, str]:
        """Names and versions of `packages` at `version` and of all that they depend on, as apt resolves it.

        The resolver starts from a machine with nothing installed and prefers `suite`.
        """
        self._make_ready()
        exact = [f"{name}={version}" for name in packages]
        resolver = ("-s", "-t", suite, "--no-install-recommends", "install")
        return parse_plan(self._ask("apt-get", *resolver, *exact))

    def download(self, packages: Mapping[str, str], suite: str, into: Path) -> list[Path]:
        """Download `packages` (name -> version) into the folder `into`; apt checks each against the signed index."""
        self._make_ready()
        exact = [f"{name}={version}" for name, version in packages.items()]
        self._ask("apt-get", "-q", "-t", suite, "download", *exact, cwd=into, timeout_s=_DOWNLOAD_S)
        files = sorted(into.glob("*.deb"))
        if len(files) != len(packages):
            raise NoInterpreterError(f"apt-get was to download {len(packages)} packages and left {len(files)}.")
        return files

    def unpack(self, package: Path, into: Path) -> None:
        """Extract a package's files."""
        self._ask("dpkg-deb", "-x", package, into, timeout_s=_DOWNLOAD_S)

    def _make_ready(self) -> None:
        """Fetch the package lists, once in the life of this object."""
        if self._ready:
            return
        self._check_requirements()
        complaints = []
        for mirror in machine_mirrors(_apt_folder()):
            self._configure(mirror)
            finished = self._start("apt-get", "-q", "update", timeout_s=_UPDATE_S)
            # apt-get update ends with 0 after some failures: it keeps old lists, and warns.
            if finished.ok and not re.search(r"^(E|W: Failed|Err:)", finished.stdout + finished.stderr, re.MULTILINE):
                self._ready = True
                return
            complaints.append(f"{mirror}: {finished.complaint(6)}")
        raise NoInterpreterError("no Debian mirror could be read:\n" + "\n".join(complaints))

    def _check_requirements(self) -> None:
        missing = [program for program in _PROGRAMS if shutil.which(program) is None]
        if missing:
            raise NoInterpreterError(f"{', '.join(missing)} is not on PATH: this is no Debian or Ubuntu machine.")
        if not self._keyring.exists():
            raise NoInterpreterError(
                f"the keys that Debian's packages are signed with are not at {self._keyring}: "
                "install the package debian-archive-keyring."
            )

    def _configure(self, mirror: str) -> None:
        """Write apt's private configuration: the machine's way to the network, our folders, our sources."""
        folder = self._folder
        for name in ("lists/partial", "cache/archives/partial", "state"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("")
        architecture = self._ask("dpkg", "--print-architecture", private=False).strip()
        options = f"[arch={architecture} signed-by={self._keyring}]"
        (folder / "sources.list").write_text("".join(f"deb {options} {mirror} {suite} main\n" for suite in SUITES))
        configuration = folder / "apt.conf"
        configuration.touch(mode=0o600)  # a proxy's address may hold a password
        configuration.write_text(
            self._ask("apt-config", "dump", "Acquire", private=False) + _STRICT + self._locations(architecture)
        )

    def _locations(self, architecture: str) -> str:
        folder = self._folder
        return f"""
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::Status "{folder}/status";
Dir::Cache "{folder}/cache";
APT::Architecture "{architecture}";
APT::Sandbox::User "{_sandbox_user()}";
"""

    def _ask(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        timeout_s: float = _ASK_S,
        private: bool = True,
    ) -> str:
        finished = self._start(*command, cwd=cwd, timeout_s=timeout_s, private=private)
        if not finished.ok:
            raise NoInterpreterError(f"{' '.join(map(str, command[:4]))}: {finished.complaint()}")
        return finished.stdout

    def _start(
        self, *command: str | Path, timeout_s: float, cwd: Path | None = None, private: bool = True
    ) -> processes.Finished:
        extra = {"LC_ALL": "C.UTF-8"}
        if private:
            extra["APT_CONFIG"] = str(self._folder / "apt.conf")
        env = processes.base_environment(extra, also=NETWORK_VARIABLES)
        return self._run(list(command), env=env, cwd=cwd, timeout_s=timeout_s)


def machine_mirrors(folder: Path) -> list[str]:
    """The Debian mirrors that the apt configuration in `folder` names, and the fallback."""
    lists = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]
    return mirrors.debian_mirrors(_texts(lists), _texts(sorted(folder.glob("sources.list.d/*.sources"))))


def parse_madison(text: str) -> list[Package]:
    """The packages in the output of `apt-cache madison`, the suites of one version gathered."""
    suites: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 3 and columns[2].endswith("Packages"):
            suite = columns[2].split()[1].split("/")[0]
            suites.setdefault((columns[0], columns[1]), []).append(suite)
    return [Package(name, version, tuple(found)) for (name, version), found in suites.items()]


def parse_plan(text: str) -> dict[str, str]:
    """Name -> version of what `apt-get -s install` would install."""
    return dict(re.findall(r"^Inst (\S+) \((\S+) ", text, re.MULTILINE))


def _literal_prefix(pattern: str) -> str:
    match = re.match(r"(?:\\\.|[a-z0-9-])+", pattern)
    return match[0].replace("\\", "") if match else ""


def _texts(files: Iterable[Path]) -> list[str]:
    return [file.read_text(errors="replace") for file in files if os.access(file, os.R_OK)]


def _apt_folder() -> Path:
    return Path("/etc/apt")


def _sandbox_user() -> str:
    # apt run by root downloads as `_apt`, who cannot enter root's cache folder.
    return "root" if os.geteuid() == 0 else "_apt"
