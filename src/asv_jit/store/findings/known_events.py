"""Reported events: `results/<machine>/events.jsonl`, one line each, so that each event keeps its name.

If the file is missing or cannot be written, events are named after their current commit.
"""

from __future__ import annotations

from pathlib import Path

from asv_jit.analysis.history.events import Reported
from asv_jit.store.lines import Lines
from asv_jit.store.records import RecordFile

EVENTS = RecordFile("events.jsonl", Reported, "a reported event")


def known_events(machine_folder: Path) -> Lines[Reported]:
    """Return the reported events of this machine, oldest first.

    An invalid line loses at most a name. Lines of another machine are ignored: the folder was copied, and two events
    must not share a name.
    """
    read = EVENTS.read(machine_folder)
    known: dict[str, Reported] = {}
    for event in sorted(read.records, key=lambda event: event.when):
        if event.machine in ("", machine_folder.name):
            known.setdefault(event.identity, event)
    return Lines(tuple(known.values()), read.problems)
