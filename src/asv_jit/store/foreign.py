"""Validates result files from other machines before they are merged.

Anyone with write access can push to a results branch, so the files are untrusted: names must be plain and match the
content, sizes are bounded, and every line of a journal must be a trial.
"""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from asv_jit.model import CountedTrial, Trial
from asv_jit.store.files import storage_errors
from asv_jit.store.journal import COUNTS, TRIALS, named_in
from asv_jit.store.lines import UNREADABLE, Lines
from asv_jit.store.uniting import MAX_FILE_BYTES, is_journal, is_result_file

_MAX_LINE_BYTES = 4 << 20
_ASV_RESULT = re.compile(r"(?P<commit>[0-9a-f]{8})-.+\.json")
_IGNORED = {"README.md", ".asv-jit-results", ".nojekyll"}


def foreign_files(folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return the readable files of a result tree by name, and a sentence for each rejected file.

    Links to files or folders are never followed. Hidden files (such as locks) and `raw/` folders are ignored silently.
    """
    files: dict[str, Path] = {}
    problems = []
    with storage_errors(folder):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            inside = [folder / part for part in list(PurePosixPath(name).parents)[:-1]]
            if any(parent.is_symlink() for parent in inside) or name in _IGNORED or _is_private(name):
                continue
            if path.is_symlink():
                problems.append(f"{name!r} in {folder} is a link; skipped")
            elif path.is_file() and not is_result_file(name):
                problems.append(f"{name!r} in {folder} is not the name of a result file; skipped")
            elif path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
                problems.append(f"{name!r} in {folder} is larger than {MAX_FILE_BYTES >> 20} MiB; skipped")
            elif path.is_file():
                files[name] = path
    return files, tuple(problems)


def complaint_of(path: str, content: bytes) -> str | None:
    """Return why the file at `path` (relative to its tree) is invalid; None if it is valid."""
    if len(content) > MAX_FILE_BYTES:
        return f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB"
    if is_journal(path):
        return _journal_complaint(path, content)
    if path.endswith(".jsonl"):
        return _lines_complaint(path, content)
    return _json_complaint(path, content)


def _is_private(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith(".") and part not in (".", "..") for part in parts) or "raw" in parts


def _journal_complaint(path: str, content: bytes) -> str | None:
    if named_in(PurePosixPath(path).name) is None:
        return f"{path}: expected a journal named <full commit>-<interpreter>.jsonl"
    if max((len(line) for line in content.split(b"\n")), default=0) > _MAX_LINE_BYTES:
        return f"{path}: expected lines of at most {_MAX_LINE_BYTES >> 20} MiB, found a longer one"
    counted = PurePosixPath(path).parts[1] == COUNTS.folder
    read: Lines[Trial] | Lines[CountedTrial] = (COUNTS if counted else TRIALS).parse(Path(path), content)
    if read.problems:
        return read.problems[0]
    seen = set()
    for number, trial in enumerate(read.records, start=2):
        if trial.trial in seen:
            return f"{path}:{number}: trial {trial.trial[:80]!r} occurs twice"
        seen.add(trial.trial)
    return None


def _lines_complaint(path: str, content: bytes) -> str | None:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line and not isinstance(_decoded(line), dict):
            return f"{path}:{number}: expected one JSON object per line, found something else"
    return None


def _json_complaint(path: str, content: bytes) -> str | None:
    value = _decoded(content)
    if not isinstance(value, dict):
        return f"{path}: expected a JSON object, found something else"
    place = PurePosixPath(path)
    if place.name == "machine.json" and len(place.parts) == 2:
        return None if value.get("machine") == place.parts[0] else f"{path}: is of machine {value.get('machine')!r}"
    named = _ASV_RESULT.fullmatch(place.name)
    if named is None or len(place.parts) != 2:
        return None
    commit = value.get("commit_hash")
    if not isinstance(commit, str) or not re.fullmatch(r"[0-9a-f]{8,64}", commit) or commit[:8] != named["commit"]:
        return f"{path}: expected results of commit {named['commit']}, as the name says, found {str(commit)[:64]!r}"
    if not isinstance(value.get("results"), dict):
        return f"{path}: expected asv results, found no table named `results`"
    return None


def _decoded(content: bytes) -> Any:
    """Parse JSON; None if it is invalid. The second try accepts NaN, which asv writes and msgspec rejects."""
    try:
        return msgspec.json.decode(content)
    except UNREADABLE:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
