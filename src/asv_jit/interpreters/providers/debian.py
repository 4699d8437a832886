"""The provider `debian`: interpreters from Debian's packages, for any Debian or Ubuntu machine, without root.

Each brings its own C library, as testing's is newer than that of the releases people run.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from asv_jit.interpreters.probe import Runner
from asv_jit.interpreters.providers import prefix
from asv_jit.interpreters.providers.apt import SUITES, Archive, Package
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
        """Every release of every minor that testing and unstable hold."""
        offers = [_offer(package) for package in self._archive.versions_of(r"python3\.\d+")]
        return [offer for offer in offers if offer is not None]

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        """Unpack the packages of `offer` and the libraries they need, and make them one relocated prefix."""
        minor = minor_of(offer.version)
        family = [name.format(minor) for name in _FAMILY]
        plan = self._archive.plan(family, offer.package_version, offer.source)
        packages = {name: version for name, version in plan.items() if name in family or is_library(name)}
        with tempfile.TemporaryDirectory(dir=making.parent, prefix=".making-packages-") as downloads:
            for file in self._archive.download(packages, offer.source, Path(downloads)):
                self._archive.unpack(file, making)
        executable = Path("usr", "bin", f"python{minor}")
        prefix.make_relocated(making, final, executable, run=self._run)
        return Built(executable, packages)


def is_library(package: str) -> bool:
    """Whether a package that an interpreter depends on is a shared library that it loads.

    All else in the dependencies is the system's: headers of the C library, zone data, debconf, and the C
    library's converters, which are looked up under /usr whatever the prefix.
    """
    if package.startswith("libc-") or package.endswith(("-dev", "-bin", "-data", "-doc", "-perl")):
        return False
    return package.startswith("lib") or package == "zlib1g"


def _offer(package: Package) -> Offer | None:
    match = re.match(r"\d+\.\d+\.\d+", package.version)
    suite = next((suite for suite in SUITES if suite in package.suites), None)
    if match is None or suite is None:
        return None
    return Offer("debian", match[0], package.version, suite)
