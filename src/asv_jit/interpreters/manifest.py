"""The file in each prefix that asv-jit installed, which records where the interpreter came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

FILE_NAME = "asv-jit-interpreter.json"


class Manifest(msgspec.Struct, frozen=True):
    """Where an installed interpreter came from.

    `executable` is relative to the prefix; `packages` maps package names to their exact versions;
    `installed_at` is UTC, ISO 8601.
    """

    identity: str
    provider: str
    version: str
    package_version: str
    executable: str
    packages: Mapping[str, str]
    installed_at: str
    free_threaded: bool = False


def write(prefix: Path, manifest: Manifest) -> None:
    """Write the manifest of `prefix`."""
    (prefix / FILE_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))


def read(prefix: Path) -> Manifest | None:
    """Return the manifest of `prefix`; None if it is missing or invalid."""
    try:
        return msgspec.json.decode((prefix / FILE_NAME).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def read_above(executable: Path) -> Manifest | None:
    """Return the manifest of the prefix that contains `executable`; None if asv-jit did not install it."""
    for folder in executable.parents:
        found = read(folder)
        if found is not None:
            return found if folder / found.executable == executable else None
    return None
