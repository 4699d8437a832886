"""Which events were reported: `results/<machine>/events.jsonl`, a line each, so that each keeps its name.

Without the file, or where it cannot be written, events are named after the commit at which they now are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asv_jit.analysis.history.identity import Reported
from asv_jit.store.lines import Lines, append_lines, read_lines

FILE_NAME = "events.jsonl"  # not *.json: asv takes every such file below results/ for a result


def known_events(machine_folder: Path) -> Lines[Reported]:
    """What was reported of this machine, oldest first.

    A line that cannot be read costs at most a name. A line of another machine is passed over: the folder was copied,
    and two events must not share a name.
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
    """Add events to what was reported; a warning where the file's last line was torn. Raises StorageError."""
    return append_lines(machine_folder / FILE_NAME, fresh)
