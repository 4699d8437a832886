"""What nights did and what they told people: lines that are only ever added, so that machines can unite them.

results/<machine>/nights.jsonl      one `NightRecord` each: what the next plan's estimates come from
results/<machine>/notified.jsonl    one `Notice` each: an event that was found, or that a hook was told of
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from asv_jit.store.lines import Lines, append_lines, read_lines

_NIGHTS, _NOTICES = "nights.jsonl", "notified.jsonl"  # not *.json: asv takes every such file for a result


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


def nights(machine_folder: Path) -> Lines[NightRecord]:
    """Every night that can be read, oldest first."""
    return read_lines(machine_folder / _NIGHTS, NightRecord, "a night")


def keep_night(machine_folder: Path, record: NightRecord) -> str | None:
    """Add one; a warning where the file's last line was torn. Raises StorageError."""
    return append_lines(machine_folder / _NIGHTS, [record])


def notices(machine_folder: Path) -> Lines[Notice]:
    """Every notice that can be read; one that cannot costs a message that comes twice."""
    return read_lines(machine_folder / _NOTICES, Notice, "a notice")


def keep_notices(machine_folder: Path, fresh: Sequence[Notice]) -> str | None:
    """Add some, all or none; a warning where the file's last line was torn. Raises StorageError."""
    return append_lines(machine_folder / _NOTICES, fresh)
