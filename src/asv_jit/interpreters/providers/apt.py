"""Reads Debian's archive with apt, in private folders, without root; every signature is verified."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers import prefix
from asv_jit.interpreters.providers.offers import Built, Offer
from asv_jit.model import minor_of
from asv_jit.system import processes
from asv_jit.system.processes import NETWORK_VARIABLES

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FALLBACK = "http://deb.debian.org/debian"
SUITES = ("testing", "unstable")
# An entry of a main Debian archive names one of these suites; third parties use their own, or their own components.
_DEBIAN_SUITES = frozenset({
    "oldoldstable", "oldstable", "stable", "testing", "unstable", "sid",
    "buster", "bullseye", "bookworm", "trixie", "forky", "duke",
})  # fmt: skip
_PROGRAMS = ("apt-get", "apt-cache", "apt-config", "dpkg", "dpkg-deb")
_UPDATE_S, _ASK_S, _DOWNLOAD_S = 300.0, 120.0, 1800.0

# These override the machine's own apt settings.
_STRICT = """
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
Acquire::Languages "none";
Acquire::Retries "3";
"""


class Package(Struct, frozen=True):
    """One package at one version, and the suites that have it."""

    name: str
    version: str
    suites: tuple[str, ...]

    @property
    def suite(self) -> str:
        """The most stable of its suites."""
        return min(self.suites, key=SUITES.index)


class Archive:
    """Debian testing and unstable; apt's configuration, lists and state are below `folder`."""

    def __init__(self, folder: Path, *, run: Runner = processes.run, keyring: Path = KEYRING) -> None:
        self._folder = folder
        self._run = run
        self._keyring = keyring
        self._ready = False

    def versions_of(self, pattern: str) -> list[Package]:
        """Return every version of the packages whose whole name matches the regular expression `pattern`."""
        self._make_ready()
        names = self._ask("apt-cache", "pkgnames", _literal_prefix(pattern)).split()
        wanted = sorted(name for name in names if re.fullmatch(pattern, name))
        return parse_madison(self._ask("apt-cache", "madison", *wanted)) if wanted else []

    def plan(self, packages: Sequence[str], version: str, suite: str) -> dict[str, str]:
        """Return the versions, by name, of `packages` at `version` and of all their dependencies, as apt resolves them.

        The resolver assumes a machine with nothing installed and prefers `suite`.
        """
        self._make_ready()
        exact = [f"{name}={version}" for name in packages]
        resolver = ("-s", "-t", suite, "--no-install-recommends", "install")
        return parse_plan(self._ask("apt-get", *resolver, *exact))

    def unpack(self, packages: Mapping[str, str], suite: str, into: Path) -> None:
        """Download `packages` (name -> version) and extract their files; apt verifies each against the signed index."""
        self._make_ready()
        exact = [f"{name}={version}" for name, version in packages.items()]
        with tempfile.TemporaryDirectory(dir=into.parent, prefix=".making-packages-") as folder:
            downloads = Path(folder)
            self._ask("apt-get", "-q", "-t", suite, "download", *exact, cwd=downloads, timeout_s=_DOWNLOAD_S)
            files = sorted(downloads.glob("*.deb"))
            if len(files) != len(packages):
                raise NoInterpreterError(f"apt-get was to download {len(packages)} packages and left {len(files)}.")
            for file in files:
                self._ask("dpkg-deb", "-x", file, into, timeout_s=_DOWNLOAD_S)

    def _make_ready(self) -> None:
        """Fetch the package lists, once for this object."""
        if self._ready:
            return
        self._check_requirements()
        complaints = []
        for mirror in self._mirrors():
            self._configure(mirror)
            finished = self._start("apt-get", "-q", "update", timeout_s=_UPDATE_S)
            # After some failures apt-get update keeps old lists, warns, and exits with 0.
            if finished.ok and not re.search(r"^(E|W: Failed|Err:)", finished.stdout + finished.stderr, re.MULTILINE):
                self._ready = True
                return
            complaints.append(f"{mirror}: {finished.complaint(6)}")
        raise NoInterpreterError("no Debian mirror could be read:\n" + "\n".join(complaints))

    def _mirrors(self) -> list[str]:
        fields = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
        command = ("apt-get", "indextargets", "--no-release-info", "--format", fields, "Created-By: Packages")
        return debian_mirrors(self._start(*command, timeout_s=_ASK_S, private=False).stdout)

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
        """Write apt's private configuration: the machine's network settings, our folders and sources."""
        folder = self._folder
        for name in ("lists/partial", "cache/archives/partial", "state"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("")
        architecture = self._ask("dpkg", "--print-architecture", private=False).strip()
        options = f"[arch={architecture} signed-by={self._keyring}]"
        (folder / "sources.list").write_text("".join(f"deb {options} {mirror} {suite} main\n" for suite in SUITES))
        configuration = folder / "apt.conf"
        configuration.touch(mode=0o600)  # a proxy's address may contain a password
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


def debian_mirrors(targets: str) -> list[str]:
    """Return the mirrors to try, the likeliest first and the fallback last.

    `targets` has a line "<address> <suite> <component>" for each package index that the machine is configured with.
    Addresses that only look like Debian's are kept: if the signature is wrong, the next one is tried.
    """
    entries = [line.split() for line in targets.splitlines()]
    found = [entry[0].rstrip("/") for entry in entries if entry[2:] == ["main"] and entry[1] in _DEBIAN_SUITES]
    likely = sorted(found, key=lambda uri: not (uri.endswith("/debian") or uri.startswith("mirror")))
    return list(dict.fromkeys((*likely, FALLBACK)))


def parse_madison(text: str) -> list[Package]:
    """Parse the output of `apt-cache madison`: one package for each version, with all of its suites."""
    suites: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 3 and columns[2].endswith("Packages"):
            suite = columns[2].split()[1].split("/")[0]
            suites.setdefault((columns[0], columns[1]), []).append(suite)
    return [Package(name, version, tuple(found)) for (name, version), found in suites.items()]


def parse_plan(text: str) -> dict[str, str]:
    """Parse the output of `apt-get -s install`: the version of each package by name."""
    return dict(re.findall(r"^Inst (\S+) \((\S+) ", text, re.MULTILINE))


def _literal_prefix(pattern: str) -> str:
    match = re.match(r"(?:\\\.|[a-z0-9-])+", pattern)
    return match[0].replace("\\", "") if match else ""


def _sandbox_user() -> str:
    # apt run by root downloads as `_apt`, who cannot enter root's cache folder.
    return "root" if os.geteuid() == 0 else "_apt"


_FAMILY = (
    "python{}", "python{}-minimal", "libpython{}-minimal", "libpython{}-stdlib", "libpython{}", "libpython{}-dev",
    "python{}-dev",
)  # fmt: skip


class Debian:
    """Debian testing and unstable as a provider, on any Debian or Ubuntu machine, without root.

    Each prefix has its own C library, because testing's is newer than those of Debian's and Ubuntu's releases.
    """

    name = "debian"

    def __init__(self, archive: Archive, *, run: Runner = processes.run) -> None:
        self._archive = archive
        self._run = run

    def offers(self) -> list[Offer]:
        """Return every Python release in testing and unstable."""
        offers = [_offer(package) for package in self._archive.versions_of(r"python3\.\d+")]
        return [offer for offer in offers if offer is not None]

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        """Unpack the packages of `offer` and their libraries into one relocated prefix."""
        minor = minor_of(offer.version)
        family = [name.format(minor) for name in _FAMILY]
        plan = self._archive.plan(family, offer.package_version, offer.source)
        packages = {name: version for name, version in plan.items() if name in family or is_library(name)}
        self._archive.unpack(packages, offer.source, making)
        executable = Path("usr", "bin", f"python{minor}")
        prefix.make_relocated(making, final, executable, run=self._run)
        return Built(executable, packages)


def is_library(package: str) -> bool:
    """Return True if a dependency of an interpreter is a shared library that it loads.

    Other dependencies are not needed in the prefix: headers of the C library, zone data, debconf, and the C library's
    converters, which are always looked up under /usr.
    """
    if package.startswith("libc-") or package.endswith(("-dev", "-bin", "-data", "-doc", "-perl")):
        return False
    return package.startswith("lib") or package == "zlib1g"


def _offer(package: Package) -> Offer | None:
    match = re.match(r"\d+\.\d+\.\d+", package.version)
    return Offer("debian", match[0], package.version, package.suite) if match else None
