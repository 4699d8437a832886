"""The provider `debian`: interpreters from Debian's packages, on any Debian or Ubuntu machine, without root.

Each has its own C library, because testing's is newer than those of Debian's and Ubuntu's releases.
"""

from __future__ import annotations

import re
from pathlib import Path

from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers import prefix
from asv_jit.interpreters.providers.apt import Archive, Package
from asv_jit.interpreters.providers.offers import Built, Offer
from asv_jit.model import minor_of
from asv_jit.system import processes

_FAMILY = (
    "python{}", "python{}-minimal", "libpython{}-minimal", "libpython{}-stdlib", "libpython{}", "libpython{}-dev",
    "python{}-dev",
)  # fmt: skip


class Debian:
    """Debian testing and unstable as a provider of interpreters."""

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
