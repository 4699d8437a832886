"""Unites the results of two trees, file by file: nothing that either holds is lost, and nothing is counted twice.

Journals are sets of trials that only grow, so their union is taken by trial id. asv's rows are united benchmark by
benchmark. Of bisections and confirmations the later one stays, of all else the second.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct

from asv_jit.model import Trial
from asv_jit.store.lines import UNREADABLE

MAX_FILE_BYTES = 256 << 20
_MAX_DEPTH, _MAX_NAME_BYTES = 4, 250
_SUFFIXES = (".json", ".jsonl")
# When a file of ours that is replaced as a whole was written (UTC, ISO 8601): the later one counts.
_MOMENTS = ("updated", "at")
# No separator of another system's paths, and nothing that a terminal or a shell would take for more than a letter.
_FORBIDDEN = frozenset('\\:*?"<>|')
_trial_of = msgspec.json.Decoder(Trial)


class _Named(msgspec.Struct, frozen=True):
    trial: str


_name_of = msgspec.json.Decoder(_Named)


class United(Struct, frozen=True):
    """The united content, and the ids of trials that both sides hold with different content (the first stays)."""

    content: bytes
    conflicts: tuple[str, ...] = ()


def is_result_file(path: str) -> bool:
    """Whether a path, relative to a tree of results and with slashes, is one of a file that is shared with others.

    Iterations in `raw/`, locks and half-written files are not; neither is anything that would leave the tree.
    """
    parts = path.split("/")
    if len(parts) > _MAX_DEPTH or not path.endswith(_SUFFIXES) or "raw" in parts[:-1]:
        return False
    return all(_is_plain(part) for part in parts)


def is_journal(path: str) -> bool:
    """Whether such a path is that of a journal: `<machine>/trials/<name>.jsonl`; that of counts is in `counts`."""
    place = PurePosixPath(path)
    return len(place.parts) == 3 and place.parts[1] in ("trials", "counts") and place.suffix == ".jsonl"


def unite(path: str, first: bytes, second: bytes) -> United:
    """Everything that the two contents of the file at `path` hold: `first` as it is, then what `second` adds."""
    if path.endswith(".jsonl"):
        first, second = _ended(first), _ended(second)
    if not first or first == second:
        return United(second)
    if is_journal(path):
        return _unite_journals(first, second)
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


def _unite_journals(first: bytes, second: bytes) -> United:
    """The header and lines of `first`, then the trials that only `second` has."""
    known = dict(filter(None, map(_named, _lines(first)[1:])))
    added, conflicts = [], []
    for line in _lines(second)[1:]:
        named = _named(line)
        if named is None:  # not a trial: the reader names it where it stands, and it goes nowhere else
            continue
        name, _ = named
        if name not in known:
            known[name] = line
            added.append(line)
        elif not _same_trial(known[name], line):
            conflicts.append(name)
    return United(first + b"".join(line + b"\n" for line in added), tuple(conflicts))


def _unite_lines(first: bytes, second: bytes) -> bytes:
    known = set(_lines(first))
    return first + b"".join(line + b"\n" for line in dict.fromkeys(_lines(second)) if line not in known)


def _unite_rows(first: bytes, second: bytes) -> bytes:
    """asv's results of one commit and environment: the rows of both, `second`'s of a benchmark that both have."""
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
    """Without a torn last line: whoever tore it has the trial no more than we do."""
    return content[: content.rfind(b"\n") + 1]


def _named(line: bytes) -> tuple[str, bytes] | None:
    try:
        return _name_of.decode(line).trial, line
    except UNREADABLE:
        return None


def _same_trial(one: bytes, other: bytes) -> bool:
    if one == other:
        return True
    try:
        return _trial_of.decode(one) == _trial_of.decode(other)
    except UNREADABLE:
        return False
