"""What nights did and what they told people: lines that are only ever added, so that machines can unite them.

results/<machine>/nights.jsonl      one `NightRecord` each: what the next plan's estimates come from
results/<machine>/notified.jsonl    one `Notice` each: an event that was found, or that a hook was told of
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from asv_jit.store.files import append_synced

_NIGHTS, _NOTICES = "nights.jsonl", "notified.jsonl"  # not *.json: asv takes every such file for a result
_Line = TypeVar("_Line")


class NightRecord(msgspec.Struct, frozen=True):
    """One night: when it began (UTC, ISO 8601), seconds planned and spent, trials measured; `install_s` of a new
    installation (the median) and `publish_s`, None where there was none."""

    started: str
    budget_s: float | None
    spent_s: float
    trials: int
    install_s: float | None = None
    publish_s: float | None = None


class Notice(msgspec.Struct, frozen=True):
    """That an event was `found` by a night, or that the hook `webhook` or `command` has been told of it, and when."""

    event: str
    what: Literal["found", "webhook", "command"]
    at: str


def nights(machine_folder: Path) -> list[NightRecord]:
    """Every night that can be read, oldest first."""
    return _read(machine_folder / _NIGHTS, NightRecord)


def keep_night(machine_folder: Path, record: NightRecord) -> None:
    """Add one. Raises StorageError."""
    _append(machine_folder / _NIGHTS, [record])


def notices(machine_folder: Path) -> list[Notice]:
    """Every notice that can be read; one that cannot costs a message that comes twice."""
    return _read(machine_folder / _NOTICES, Notice)


def keep_notices(machine_folder: Path, fresh: list[Notice]) -> None:
    """Add some, all or none. Raises StorageError."""
    _append(machine_folder / _NOTICES, fresh)


def _read(path: Path, kind: type[_Line]) -> list[_Line]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    found = []
    for line in filter(None, lines):
        try:
            found.append(msgspec.json.decode(line, type=kind))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue  # torn by a kill, or written by a newer version
    return found


def _append(path: Path, lines: list[_Line]) -> None:
    if lines:
        torn = path.exists() and not path.read_bytes().endswith(b"\n")  # by a kill: keep that apart from these
        append_synced(path, b"\n" * torn + b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
