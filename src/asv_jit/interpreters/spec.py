"""Parses interpreter specs: `3.15`, `3.15.*`, `3.15t`, `3.15.2`, `3.15.2+1a2b3c4d`."""

from __future__ import annotations

import re

from msgspec import Struct

from asv_jit.errors import UsageError

FORMS = "3.15 (the newest), 3.15.* (each that is installed), 3.15t (without a GIL), 3.15.2 or 3.15.2+1a2b3c4d"
_PATTERN = re.compile(
    r"(?P<version>\d+\.\d+(?P<patch>\.\d+)?)(?P<threads>t?)(?P<each>\.\*)?(?P<build>\+[0-9a-f]{8})?", re.ASCII
)


class Spec(Struct, frozen=True):
    """A parsed spec: `version` is `X.Y` or `X.Y.Z`, `build` is `+<8 hex>` or empty; with `each` it means every
    release of a minor version, not only the newest."""

    text: str
    version: str
    free_threaded: bool
    build: str
    each: bool = False

    @property
    def exact(self) -> bool:
        """True if it names one release, not the newest of a minor version."""
        return self.version.count(".") == 2

    def fits(self, version: str, identity: str, *, free_threaded: bool) -> bool:
        """Return True if an interpreter of this version (`X.Y.Z`), identity and kind matches."""
        if version != self.version and not version.startswith(f"{self.version}."):
            return False
        if self.build:  # names one build, whatever its kind
            return identity.endswith(self.build)
        return free_threaded is self.free_threaded


def parse(text: str) -> Spec:
    """Parse a spec. Raises UsageError if it is malformed."""
    match = _PATTERN.fullmatch(text)
    if match is None or (match["build"] and not match["patch"]) or (match["each"] and match["patch"]):
        raise UsageError(f"Expected a Python version like {FORMS}; found {text!r}.")
    return Spec(text, match["version"], bool(match["threads"]), match["build"] or "", bool(match["each"]))
