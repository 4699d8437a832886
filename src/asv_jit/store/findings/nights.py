"""Records of nights and their notifications, in append-only files that can be merged across machines.

results/<machine>/nights.jsonl      one `NightRecord` each, from which the next plan takes its estimates
results/<machine>/notified.jsonl    one `Notice` each: an event that was found or sent to a hook
"""

from __future__ import annotations

from typing import Literal

import msgspec

from asv_jit.store.records import RecordFile


class NightRecord(msgspec.Struct, frozen=True):
    """One night: its start (UTC, ISO 8601), its budget and the time spent, trials measured; `install_s` (median of new
    installations) and `publish_s` are None if nothing was installed or published; trials counted, and what moved, a
    text each."""

    started: str
    budget_s: float | None
    spent_s: float
    trials: int
    install_s: float | None = None
    publish_s: float | None = None
    counted: int = 0
    moved: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True):
    """An event that a night `found`, or that was sent to the hook `webhook` or `command`, and when."""

    event: str
    what: Literal["found", "webhook", "command"]
    at: str


NIGHTS = RecordFile("nights.jsonl", NightRecord, "a night")
NOTICES = RecordFile("notified.jsonl", Notice, "a notice")
"""An invalid line causes at most a repeated message."""
