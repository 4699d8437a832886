"""Reported events: `results/<machine>/events.jsonl`, one line each, so that each event keeps its name.

If the file is missing or cannot be written, events are named after their current commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asv_jit.analysis.history.identity import Reported
from asv_jit.store.lines import Lines, append_lines, read_lines

FILE_NAME = "events.jsonl"  # not *.json: asv reads every .json file below results/ as a result


def known_events(machine_folder: Path) -> Lines[Reported]:
    """Return the reported events of this machine, oldest first.

    An invalid line loses at most a name. Lines of another machine are ignored: the folder was copied, and two events
    must not share a name.
    """
    read = read_lines(machine_folder / FILE_NAME, Reported, "a reported event")
    known: dict[str, Reported] = {}
    for one in read.records:
        if one.machine not in ("", machine_folder.name):
            continue
        if one.identity not in known or one.when < known[one.identity].when:
            known[one.identity] = one
    return Lines(tuple(sorted(known.values(), key=lambda one: one.when)), read.problems)


def remember_events(machine_folder: Path, fresh: Sequence[Reported]) -> str | None:
    """Append reported events; return a warning if a torn line was removed. Raises StorageError."""
    return append_lines(machine_folder / FILE_NAME, fresh)
