"""Which events were reported: `results/<machine>/events.jsonl`, a line each, so that each keeps its name.

Without the file, or where it cannot be written, events are named after the commit at which they now are.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from asv_jit.analysis.history.identity import Reported
from asv_jit.store.files import append_synced

FILE_NAME = "events.jsonl"  # not *.json: asv takes every such file below results/ for a result
_decoder = msgspec.json.Decoder(Reported)


def known_events(machine_folder: Path) -> tuple[Reported, ...]:
    """What was reported of this machine, oldest first.

    A line that cannot be read is passed over (at worst an event gets a new name), and so is one of another machine: the
    folder was copied, and two events must not share a name.
    """
    try:
        lines = (machine_folder / FILE_NAME).read_bytes().split(b"\n")
    except OSError:
        return ()
    known: dict[str, Reported] = {}
    for line in filter(None, lines):
        try:
            one = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if one.machine not in ("", machine_folder.name):
            continue
        if one.identity not in known or one.when < known[one.identity].when:
            known[one.identity] = one
    return tuple(sorted(known.values(), key=lambda one: one.when))


def remember_events(machine_folder: Path, fresh: Iterable[Reported]) -> None:
    """Add events to what was reported. Raises StorageError."""
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in fresh)
    if lines:
        path = machine_folder / FILE_NAME
        torn = path.exists() and not path.read_bytes().endswith(b"\n")  # by a kill: keep that apart from these
        append_synced(path, b"\n" * torn + lines)
