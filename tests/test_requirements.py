"""What CI installs is locked: everything that pyproject.toml names, by hash, from whatever index there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKED = (ROOT / "requirements" / "ci.txt").read_text(encoding="utf-8")


def test_everything_that_is_needed_is_locked_at_a_version_that_fits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["test"],
    ]
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCKED, re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    for text in wanted:
        requirement = Requirement(text)
        found = versions.get(canonicalize_name(requirement.name), [])
        assert found, f"{text}: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in found), f"{text}: run `make lock`"


def test_the_lock_holds_hashes_and_no_place() -> None:
    entries = re.split(r"\n(?=[\w.-]+==)", LOCKED)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--(extra-)?index-url|--find-links|file:|@ ", LOCKED)
