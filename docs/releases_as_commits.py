"""Makes a git repository of a package's released versions, one commit and one tag each, to be bisected.

    python releases_as_commits.py PACKAGE FOLDER [FIRST [LAST]]

pip finds the versions and downloads their source distributions; pre-releases, and versions without one, are passed
over and named. Only pip, git and the standard library are needed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

_IDENTITY = ("-c", "user.name=releases_as_commits", "-c", "user.email=releases@example.invalid")


def main(arguments: list[str]) -> int:
    if not 2 <= len(arguments) <= 4:
        print(__doc__, file=sys.stderr)
        return 2
    package, folder = arguments[0], Path(arguments[1])
    versions = _between(_released(package), *arguments[2:])
    if not versions:
        print(f"no final releases of {package} in that range", file=sys.stderr)
        return 1
    folder.mkdir(parents=True)
    _git(folder, "init", "-q", "-b", "main")
    for version in versions:
        with tempfile.TemporaryDirectory() as scratch:
            source = _downloaded(package, version, Path(scratch))
            if source is None:
                print(f"{version}: no source distribution that pip can read; left out")
                continue
            _replace_content(folder, source)
        _git(folder, "add", "-A", "-f")
        _git(folder, "commit", "-q", "--allow-empty", "-m", f"{package} {version}")
        _git(folder, "tag", f"v{version}")
        print(f"{version}: v{version}")
    return 0


def _released(package: str) -> list[str]:
    """Final releases, oldest first."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", package], capture_output=True, text=True, check=True
    )
    listed = next(line for line in done.stdout.splitlines() if line.startswith("Available versions:"))
    versions = re.findall(r"[^\s,]+", listed.partition(":")[2])
    return sorted((v for v in versions if re.fullmatch(r"\d+(\.\d+)*", v)), key=_key)


def _between(versions: list[str], first: str = "0", last: str = "999999") -> list[str]:
    return [version for version in versions if _key(first) <= _key(version) <= _key(last)]


def _key(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _downloaded(package: str, version: str, folder: Path) -> Path | None:
    """The unpacked source distribution."""
    wanted = f"{package}=={version}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder, wanted]
    subprocess.run(command, capture_output=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        return None
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return next((folder / "unpacked").iterdir())


def _replace_content(folder: Path, source: Path) -> None:
    for old in folder.iterdir():
        if old.name != ".git":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for new in source.iterdir():
        if new.name != ".git":
            shutil.move(new, folder / new.name)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *_IDENTITY, *arguments], cwd=folder, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
