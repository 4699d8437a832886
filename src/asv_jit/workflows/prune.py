"""`asv-jit prune`: deletes what no result is computed from.

That is profiles of counted trials, single iterations that older versions stored, and unused installations. Journals
are kept for ever.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from asv_jit import installations
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.store.files import storage_errors
from asv_jit.system import locks

_DAY_S = 86400.0


class Keep(Struct, frozen=True):
    """Which profiles to keep: those of the last `days`, or of the last `sessions` of each machine."""

    days: float | None = None
    sessions: int | None = None


class Pruned(Struct, frozen=True):
    """What was deleted, or would be: profiles, installations and their sizes."""

    raw: tuple[Path, ...]
    raw_bytes: int
    installations: tuple[Path, ...]
    installations_bytes: int


def parse_keep(text: str) -> Keep:
    """Parse `30d` (days) or `20` (sessions). Raises UsageError."""
    match = re.fullmatch(r"(\d{1,6})(d?)", text.strip())
    if match is None:
        raise UsageError(f"--keep: expected a number of days such as 30d, or of sessions such as 20, found {text!r}")
    number = int(match[1])
    return Keep(days=float(number)) if match[2] else Keep(sessions=number)


def prune(project: Project, keep: Keep, *, kept_installations: int, dry_run: bool = False) -> Pruned:
    """Delete the profiles that `keep` does not cover, and the least recently used installations.

    Raises LockedError during a measurement, which may be using them.
    """
    with locks.held(locks.measuring_lock(), doing="prune"), locks.held(locks.installing_lock(), doing="prune"):
        raw = [path for folder in _raw_folders(project.results_dir) for path in _surplus(folder, keep)]
        unused = installations.surplus([], kept_installations)
        made = Pruned(tuple(raw), _size(raw), tuple(unused), sum(_size(path.rglob("*")) for path in unused))
        if not dry_run:
            for path in raw:
                with storage_errors(path):
                    path.unlink(missing_ok=True)
            installations.prune([], kept_installations)
        return made


def _raw_folders(results_dir: Path) -> list[Path]:
    folders = (*results_dir.glob("*/trials/raw"), *results_dir.glob("*/counts/raw"))
    return sorted(path for path in folders if path.is_dir() and not path.is_symlink())


def _surplus(folder: Path, keep: Keep) -> list[Path]:
    """Return the files to delete. Names begin with the session's start, so they sort by time."""
    files = sorted((path for path in folder.glob("*.jsonl.gz") if path.is_file()), key=lambda path: path.name)
    if keep.sessions is not None:
        return files[: max(0, len(files) - keep.sessions)]
    oldest = time.time() - (keep.days or 0.0) * _DAY_S
    return [path for path in files if path.stat().st_mtime < oldest]


def _size(paths: Iterable[Path]) -> int:
    return sum(path.lstat().st_size for path in paths if path.is_file() and not path.is_symlink())
