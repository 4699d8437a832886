"""The words by which people name interpreters: `3.15`, `3.15.*`, `3.15t`, `3.15.2`, `3.15.2+1a2b3c4d`. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from asv_jit.errors import UsageError

FORMS = "3.15 (the newest), 3.15.* (each that is installed), 3.15t (without a GIL), 3.15.2 or 3.15.2+1a2b3c4d"
_PATTERN = re.compile(
    r"(?P<version>\d+\.\d+(?P<patch>\.\d+)?)(?P<threads>t?)(?P<each>\.\*)?(?P<build>\+[0-9a-f]{8})?", re.ASCII
)


class Spec(Struct, frozen=True):
    """A parsed spec: `version` is `X.Y` or `X.Y.Z`, `build` is `+<8 hex>` or empty; `each` of the releases of a minor
    version is meant, not only the newest."""

    text: str
    version: str
    free_threaded: bool
    build: str
    each: bool = False

    @property
    def exact(self) -> bool:
        """Whether it means one release, not the newest of a minor version."""
        return self.version.count(".") == 2

    def fits(self, version: str, identity: str, *, free_threaded: bool) -> bool:
        """Whether an interpreter of this version (`X.Y.Z`), identity and kind is meant."""
        if version != self.version and not version.startswith(f"{self.version}."):
            return False
        if self.build:  # names one build, whatever its kind
            return identity.endswith(self.build)
        return free_threaded is self.free_threaded


def parse(text: str) -> Spec:
    """Parse a spec. Raises UsageError when it has none of the known forms."""
    match = _PATTERN.fullmatch(text)
    if match is None or (match["build"] and not match["patch"]) or (match["each"] and match["patch"]):
        raise UsageError(f"Expected a Python version like {FORMS}; found {text!r}.")
    return Spec(text, match["version"], bool(match["threads"]), match["build"] or "", bool(match["each"]))
