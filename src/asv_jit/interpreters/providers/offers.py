"""What a provider of interpreters is: it offers releases, and builds one of them into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from asv_jit.interpreters import identity

# What a provider's client may see of our environment besides the usual: how to reach the network.
NETWORK_VARIABLES = (
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip


class Offer(Struct, frozen=True):
    """One release that a provider can install; `source` is the provider's own word for where it gets it."""

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
        """The release as numbers in release order."""
        return identity.release_key(self.package_version)


class Built(Struct, frozen=True):
    """What a provider made: the executable, relative to its folder, and the exact packages that went in."""

    executable: Path
    packages: Mapping[str, str]


class Provider(Protocol):
    """A source of interpreters."""

    @property
    def name(self) -> str:
        """The word for it in interpreter lines and manifests."""
        ...

    def offers(self) -> list[Offer]:
        """Everything it can install here now. Raises NoInterpreterError, saying why, when it is of no use here."""
        ...

    def install(self, offer: Offer, making: Path, final: Path) -> Built:
        """Build `offer` inside the existing empty folder `making`, such that it works once renamed to `final`.

        Raises NoInterpreterError when it cannot.
        """
        ...
