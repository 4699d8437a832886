"""The protocol of providers of interpreters: they offer releases, and install one into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from asv_jit.interpreters import identity


class Offer(Struct, frozen=True):
    """One release that a provider can install; `source` is the provider's own name of its origin."""

    provider: str
    version: str
    package_version: str
    source: str
    free_threaded: bool = False

    @property
    def identity(self) -> str:
        """The identity that the interpreter will have."""
        return identity.of_package(self.version, self.provider, self.package_version)

    @property
    def release(self) -> tuple[int, ...]:
        """A sort key in release order."""
        return identity.release_key(self.package_version)


class Built(Struct, frozen=True):
    """An installed release: its executable, relative to the folder, and the exact versions of its packages."""

    executable: Path
    packages: Mapping[str, str]


class Provider(Protocol):
    """A source of interpreters."""

    @property
    def name(self) -> str:
        """Its name in interpreter lines and manifests."""
        ...

    def offers(self) -> list[Offer]:
        """Return what it can install here now. Raises NoInterpreterError if it does not work here."""
        ...

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        """Install `offer` into the empty folder `making` so that it works once renamed to `final`.

        Raises NoInterpreterError.
        """
        ...
