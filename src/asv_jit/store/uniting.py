"""Merges the results of two trees, file by file, without losing or duplicating a trial.

Journals only grow, so they are merged by trial id. asv's result files are merged by benchmark. Of two bisections or
confirmations the later one is kept; of any other file the second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct

from asv_jit.model import CountedTrial, Trial, TrialBase
from asv_jit.store.lines import UNREADABLE

MAX_FILE_BYTES = 256 << 20
_MAX_DEPTH, _MAX_NAME_BYTES = 4, 250
_SUFFIXES = (".json", ".jsonl")
# Keys that hold when a file was written (UTC, ISO 8601), in files that are replaced whole: the later file is kept.
_MOMENTS = ("updated", "at")
# Path separators of other systems, and characters that are special to a terminal or a shell.
_FORBIDDEN = frozenset('\\:*?"<>|')


class _Named(Struct, frozen=True):
    trial: str


_name_of = msgspec.json.Decoder(_Named)


class United(Struct, frozen=True):
    """The merged content, and the ids of trials whose content differs between the sides (the first is kept)."""

    content: bytes
    conflicts: tuple[str, ...] = ()


def is_result_file(path: str) -> bool:
    """Return True if a path (relative to a result tree, with slashes) is that of a shared result file.

    Files in `raw/`, locks and half-written files are not shared. A path that leaves the tree is rejected.
    """
    parts = path.split("/")
    if len(parts) > _MAX_DEPTH or not path.endswith(_SUFFIXES) or "raw" in parts[:-1]:
        return False
    return all(_is_plain(part) for part in parts)


def is_journal(path: str) -> bool:
    """Return True if a path is that of a journal: `<machine>/trials/<name>.jsonl`, or `counts` for `trials`."""
    place = PurePosixPath(path)
    return len(place.parts) == 3 and place.parts[1] in ("trials", "counts") and place.suffix == ".jsonl"


def unite(path: str, first: bytes, second: bytes) -> United:
    """Merge two contents of the file at `path`: all of `first`, then what only `second` holds."""
    if path.endswith(".jsonl"):
        first, second = _ended(first), _ended(second)
    if not first or first == second:
        return United(second)
    if is_journal(path):
        return _unite_journals(first, second, CountedTrial if PurePosixPath(path).parts[1] == "counts" else Trial)
    if path.endswith(".jsonl"):
        return United(_unite_lines(first, second))
    return United(_unite_rows(first, second))


def _is_plain(part: str) -> bool:
    return (
        part != ""
        and not part.startswith(".")
        and not part.endswith((" ", "."))
        and part.isprintable()
        and not _FORBIDDEN & set(part)
        and len(part.encode("utf-8", "replace")) <= _MAX_NAME_BYTES
    )


def _unite_journals(first: bytes, second: bytes, kind: type[TrialBase]) -> United:
    """Return the header and lines of `first`, then the trials that only `second` has."""
    known = dict(_named_lines(first))
    added, conflicts = [], []
    for name, line in _named_lines(second):
        if name not in known:
            known[name] = line
            added.append(line)
        elif not _is_same(known[name], line, kind):
            conflicts.append(name)
    return United(first + b"".join(line + b"\n" for line in added), tuple(conflicts))


def _unite_lines(first: bytes, second: bytes) -> bytes:
    known = set(_lines(first))
    return first + b"".join(line + b"\n" for line in dict.fromkeys(_lines(second)) if line not in known)


def _unite_rows(first: bytes, second: bytes) -> bytes:
    """Merge asv's results of one commit and environment; for a benchmark that both have, `second`'s row is kept."""
    old, new = _object(first), _object(second)
    if old is None or new is None:
        return second if new is not None else first
    for moment in _MOMENTS:
        if isinstance(old.get(moment), str) and isinstance(new.get(moment), str):
            return first if old[moment] > new[moment] else second
    alike = ("version", "commit_hash", "env_name", "result_columns")
    if "result_columns" not in new or any(old.get(key) != new.get(key) for key in alike):
        return second
    merged = {**old, **new}
    for key in ("results", "durations"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            merged[key] = {**old[key], **new[key]}
    return second if merged == new else json.dumps(merged).encode("utf-8")


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)  # not msgspec: asv writes NaN
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\n") if line]


def _ended(content: bytes) -> bytes:
    """Return `content` without a torn last line."""
    return content[: content.rfind(b"\n") + 1]


def _named_lines(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a journal's trial ids and lines, without the invalid lines, which the reader reports in their own file."""
    for line in _lines(content)[1:]:
        with suppress(*UNREADABLE):
            yield _name_of.decode(line).trial, line


def _is_same(line: bytes, other: bytes, kind: type[TrialBase]) -> bool:
    """Return True if two lines hold the same trial, which another version may have encoded differently."""
    try:
        return line == other or msgspec.json.decode(line, type=kind) == msgspec.json.decode(other, type=kind)
    except UNREADABLE:
        return False
