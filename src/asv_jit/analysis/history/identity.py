"""Identities of events that stay stable while points are added.

A change point may move by a commit or two as points are added, and a range of unmeasured commits shrinks. So reported
events are remembered, and an event of the same series and direction keeps the name as long as the suspected commits of
the two overlap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from asv_jit.analysis.attribution import Axis
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.model import CaseKey, Name


class Reported(msgspec.Struct, frozen=True):
    """The record of a reported event: a line of the file of known events.

    `commit`: the first one at the new level, as first reported; `first`, `last`: the ends of its suspects; on the axis
    `pythons` all three are the event's identity. `when`: the first report, UTC, ISO. `machine` is empty in older files.
    """

    identity: Name
    line: str
    case: CaseKey
    version: str
    protocol: str
    fingerprint: str
    branch: str
    axis: Axis
    worse: bool
    commit: Name
    first: Name
    last: Name
    when: str
    machine: str = ""


def identity_of(key: SeriesKey, axis: Axis, place: str, *, worse: bool) -> str:
    """Return ten hexadecimal digits. `place`: a commit's hash, or a pair of releases."""
    parts = (
        key.machine, key.fingerprint, key.line, key.branch, str(key.case), key.version, key.protocol, axis, place,
        "worse" if worse else "better",
    )  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def reported(event: Event, when: str) -> Reported:
    """Return the record of an event for the file of known events."""
    key = event.key
    ends = (event.suspects[0], event.suspects[-1]) if event.suspects else (event.commit, event.commit)
    commit = event.commit
    if event.axis == "pythons":
        commit, ends = event.identity, (event.identity, event.identity)
    return Reported(
        event.identity, key.line, key.case, key.version, key.protocol, key.fingerprint, key.branch,
        event.axis, event.worse, commit, *ends, when, key.machine,
    )  # fmt: skip


def named(events: Sequence[Event], known: Iterable[Reported], places: Mapping[str, int]) -> list[Event]:
    """Return one machine's events under the identities of their first report, oldest reports first.

    `places`: of each commit in the history's order. Events on the axis `pythons` are named after their releases and
    need no memory.
    """
    waiting: dict[tuple[object, ...], list[Event]] = {}
    for event in events:
        waiting.setdefault(_series(event), []).append(event)
    names: dict[int, str] = {}
    for record in known:
        candidates = waiting.get(_series_of(record), [])
        near = [event for event in candidates if id(event) not in names and _overlap(event, record, places)]
        if near:
            at = places.get(record.commit, 0)
            names[id(min(near, key=lambda event: abs(places[event.commit] - at)))] = record.identity
    return [
        event if names.get(id(event), event.identity) == event.identity else replace(event, identity=names[id(event)])
        for event in events
    ]


def _series(event: Event) -> tuple[object, ...]:
    key = event.key
    return key.line, key.case, key.version, key.protocol, key.fingerprint, key.branch, event.axis, event.worse


def _series_of(key: Reported) -> tuple[object, ...]:
    return key.line, key.case, key.version, key.protocol, key.fingerprint, key.branch, key.axis, key.worse


def _overlap(event: Event, record: Reported, places: Mapping[str, int]) -> bool:
    if record.first not in places or record.last not in places:
        return record.commit == event.commit
    suspects = event.suspects or (event.commit,)
    return places[suspects[0]] <= places[record.last] and places[record.first] <= places[suspects[-1]]
