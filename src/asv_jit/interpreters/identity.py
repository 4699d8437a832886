"""The description of an interpreter, and the digest that identifies it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

from msgspec import Struct

from asv_jit.model import minor_of

Jit = Literal["none", "off by default", "on by default"]

_LEVELS = {"a": 0, "b": 1, "rc": 2}


class Interpreter(Struct, frozen=True):
    """One concrete CPython build.

    `version` is `X.Y.Z`; `identity` is `X.Y.Z+<8 hex>`; `executable` is the real file, outside any virtual
    environment; `package_version` is the provider's version, None for builds that asv-jit did not install.
    """

    version: str
    identity: str
    executable: Path
    provider: str
    package_version: str | None
    jit: Jit
    free_threaded: bool
    debug: bool
    sys_version: str

    @property
    def minor(self) -> str:
        """The minor version, with `t` for builds without a GIL: `3.15`, `3.15t`."""
        return minor_of(self.version) + ("t" if self.free_threaded else "")

    @property
    def line(self) -> str:
        """The interpreter line of its results: `3.15 from debian`."""
        return f"{self.minor} from {self.provider}"

    @property
    def has_jit(self) -> bool:
        """True if `PYTHON_JIT` has an effect on it."""
        return self.jit != "none"

    @property
    def release(self) -> tuple[int, ...]:
        """A sort key in release order: pre-releases come before their release."""
        return release_key(self.sys_version.split()[0])


def of_package(version: str, provider: str, package_version: str) -> str:
    """Return the identity of a provider's build: equal packages are the same interpreter."""
    return f"{version}+{_digest(provider, package_version)}"


def of_build(version: str, sys_version: str, configuration: str) -> str:
    """Return the identity of a build found on the machine, from `sys.version` and its configuration without paths."""
    return f"{version}+{_digest(sys_version, configuration)}"


def release_key(version: str) -> tuple[int, ...]:
    """Parse `3.15.0rc2`, `3.16.0~a3-1` or `3.15.2+` into (major, minor, micro, level, serial); a final is level 3.

    Raises ValueError if `version` does not start with a Python version.
    """
    match = re.match(r"(\d+)\.(\d+)\.(\d+)(?:~?(a|b|rc)(\d+))?", version)
    if match is None:
        raise ValueError(f"not a Python version: {version!r}")
    major, minor, micro, level, serial = match.groups()
    return int(major), int(minor), int(micro), _LEVELS.get(level or "", 3), int(serial or 0)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
