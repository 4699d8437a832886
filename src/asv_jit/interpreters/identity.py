"""The frozen value that describes one interpreter, and the digest that names it."""

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

    `version` is `X.Y.Z`; `identity` is `X.Y.Z+<8 hex>`; `executable` the real file, outside any virtual
    environment; `package_version` the provider's own, for builds that asv-jit installed.
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
        """The minor version, marked when there is no GIL: `3.15`, `3.15t`."""
        return minor_of(self.version) + ("t" if self.free_threaded else "")

    @property
    def line(self) -> str:
        """The interpreter line that its results belong to: `3.15 from debian`."""
        return f"{self.minor} from {self.provider}"

    @property
    def has_jit(self) -> bool:
        """Whether `PYTHON_JIT` changes anything for it."""
        return self.jit != "none"

    @property
    def release(self) -> tuple[int, ...]:
        """The release as numbers in release order, pre-releases before their release."""
        return release_key(self.sys_version.split()[0])


def of_package(version: str, provider: str, package_version: str) -> str:
    """The identity of a build that a provider's package brings: the same package is the same interpreter."""
    return f"{version}+{_digest(provider, package_version)}"


def of_build(version: str, sys_version: str, configuration: str) -> str:
    """The identity of a build found on the machine, by `sys.version` and its configuration without paths."""
    return f"{version}+{_digest(sys_version, configuration)}"


def release_key(version: str) -> tuple[int, ...]:
    """(major, minor, micro, level, serial) of `3.15.0rc2`, `3.16.0~a3-1` or `3.15.2+`; a final release is level 3.

    Raises ValueError when `version` does not start like a Python version.
    """
    match = re.match(r"(\d+)\.(\d+)\.(\d+)(?:~?(a|b|rc)(\d+))?", version)
    if match is None:
        raise ValueError(f"not a Python version: {version!r}")
    major, minor, micro, level, serial = match.groups()
    return int(major), int(minor), int(micro), _LEVELS.get(level or "", 3), int(serial or 0)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
