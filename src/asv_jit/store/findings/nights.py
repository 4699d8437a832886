"""Records of nights and their notifications, in append-only files that can be merged across machines.

results/<machine>/nights.jsonl      one `NightRecord` each, from which the next plan takes its estimates
results/<machine>/notified.jsonl    one `Notice` each: an event that was found or sent to a hook
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from asv_jit.store.lines import Lines, append_lines, read_lines

_NIGHTS, _NOTICES = "nights.jsonl", "notified.jsonl"  # not *.json: asv takes every such file for a result


class NightRecord(msgspec.Struct, frozen=True):
    """One night: its start (UTC, ISO 8601), its budget and the time spent, trials measured; `install_s` (median of new
    installations) and `publish_s` are None if nothing was installed or published."""

    started: str
    budget_s: float | None
    spent_s: float
    trials: int
    install_s: float | None = None
    publish_s: float | None = None


class Notice(msgspec.Struct, frozen=True):
    """An event that a night `found`, or that was sent to the hook `webhook` or `command`, and when."""

    event: str
    what: Literal["found", "webhook", "command"]
    at: str


def nights(machine_folder: Path) -> Lines[NightRecord]:
    """Return every valid record of a night, oldest first."""
    return read_lines(machine_folder / _NIGHTS, NightRecord, "a night")


def keep_night(machine_folder: Path, record: NightRecord) -> str | None:
    """Append one record; return a warning if a torn line was removed. Raises StorageError."""
    return append_lines(machine_folder / _NIGHTS, [record])


def notices(machine_folder: Path) -> Lines[Notice]:
    """Return every valid notice; an invalid one causes at most a repeated message."""
    return read_lines(machine_folder / _NOTICES, Notice, "a notice")


def keep_notices(machine_folder: Path, fresh: Sequence[Notice]) -> str | None:
    """Append all notices or none; return a warning if a torn line was removed. Raises StorageError."""
    return append_lines(machine_folder / _NOTICES, fresh)
