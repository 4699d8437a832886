"""Events: related change points of a case, grouped so that a person can act on them, and their stable names.

A change point may move by a commit or two as points are added, and a range of unmeasured commits shrinks. So reported
events are remembered, and an event of the same series and direction keeps its name as long as the suspected commits of
the two overlap.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.attribution import Attribution, Axis
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.analysis.metrics import COUNTED, Metric
from asv_jit.model import CaseKey, Name

State = Literal["candidate", "confirmed", "refuted", "fixed", "accepted"]
"""`candidate`: seen in history; `confirmed`, `refuted`: fresh blocks of both sides did or did not show it; `fixed`: a
later improvement took it back; `accepted`: a person accepted it."""


class Change(Struct, frozen=True):
    """One metric's change of level: levels with intervals (at 95%) in the metric's unit, and the chance of seeing
    one as strong in a series that has none. `figures`: how many each level is made of, which are points of the series
    on the axis `commits`, blocks on the axis `pythons`. A counted change is exact: it has no intervals, its `figures`
    are hash seeds, and its levels those of the seed that changed least."""

    metric: Metric
    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float
    p_value: float
    figures: tuple[int, int] = (0, 0)

    @property
    def ratio(self) -> float:
        """after / before; NaN where they are not both positive, as tracked values may be: then no factor tells it."""
        return self.after / self.before if self.before > 0.0 and self.after > 0.0 else math.nan


class Event(Struct, frozen=True):
    """One change of one case on one line of one machine.

    `identity`: stable over publications, ten hexadecimal digits; what `accept` and `bisect` take. `worse`: whether any
    metric became worse (slower, a smaller speedup, more memory); else it is an improvement. `metrics`: those that
    moved, the headline first: what became worse, but between two minor versions, where nothing became worse, the time.
    On the axis `commits`, `commit` is the first one measured at the new level, `parent`
    the last one measured at the old level, and `suspects` all commits, oldest first, of which one is to blame:
    the unmeasured ones between and those that the interval of the change's place holds; `before` and `after` are
    both the identity of the interpreter that measured `commit`. On the axis `pythons`, `before` and `after` are
    identities of the two interpreters and `commit` is where both were measured.
    `requirements`, `requirements_before`: the sets that `commit` and `parent` were measured with, empty where nothing
    tells. `installed`: the packages, `numpy 2.1.0 → 2.2.0`, of which pip installed other versions for `commit` than for
    `parent`, though the set is the same. `bisection`: the stored result's identity where one was made.

    `moved`, `measured_s`: of an event that stands for many cases which moved with the date of measuring
    (`measuring_dates`), all of these cases and the date, seconds since 1970; else empty. Its `key` and `metrics` are
    those of one of the cases, `parent` is the newest commit measured before the date, and no commit is suspected.
    """

    identity: str
    key: SeriesKey
    axis: Axis
    worse: bool
    metrics: tuple[Change, ...]
    commit: str
    parent: str
    suspects: tuple[str, ...]
    before: str
    after: str
    attribution: Attribution
    state: State
    why: str = ""
    bisection: str | None = None
    requirements: str = ""
    requirements_before: str = ""
    installed: tuple[str, ...] = ()
    moved: tuple[CaseKey, ...] = ()
    measured_s: int = 0

    @property
    def headline(self) -> Change:
        """Return the change that names the event."""
        return self.metrics[0]

    @property
    def counted(self) -> Change | None:
        """Return the change of instructions, the larger one of two modes; None if only times or memory changed."""
        return next((change for change in self.metrics if change.metric in COUNTED), None)

    @property
    def searched(self) -> Change:
        """Return the change that a bisection looks for: an exact one needs one measurement a commit."""
        return self.counted or self.headline

    @property
    def is_unsettled(self) -> bool:
        """Return True if it is an open candidate that fresh blocks can settle: counts need none."""
        return self.is_open and self.state == "candidate" and self.counted is None

    @property
    def ends(self) -> tuple[str, str]:
        """Return the good and the bad end of a bisection: commits as git names them, or two interpreters.

        Parent and commit; where the place is not sure, the range of all suspects.
        """
        if self.axis == "pythons":
            return self.before, self.after
        if self.suspects and (self.suspects[-1] != self.commit or self.parent in self.suspects):
            return f"{self.suspects[0]}^", self.suspects[-1]
        return self.parent, self.commit

    @property
    def between_lines(self) -> bool:
        """Return True if the event compares two interpreter lines, such as 3.14 and 3.15.

        A series holds one line, so that no level changed: the two differ, and differ for as long as both are measured.
        """
        return self.axis == "pythons" and not is_one_line(self.before, self.after)

    @property
    def is_regression(self) -> bool:
        """Return True if it is worse, not caused by the machine, and not a difference between interpreter lines."""
        return self.worse and self.attribution.cause != "machine" and not self.between_lines

    @property
    def is_open(self) -> bool:
        """Return True if it is a regression that still needs action."""
        return self.is_regression and self.state in ("candidate", "confirmed")


def is_one_line(before: str, after: str) -> bool:
    """Return True if two identities are patch releases of one minor version; bridges never join providers."""
    return before.rpartition(".")[0] == after.rpartition(".")[0]


class Reported(Struct, frozen=True):
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
        waiting.setdefault(_series(event.key, event.axis, worse=event.worse), []).append(event)
    names: dict[int, str] = {}
    for record in known:
        candidates = waiting.get(_series(record, record.axis, worse=record.worse), [])
        near = [event for event in candidates if id(event) not in names and _overlap(event, record, places)]
        if near:
            at = places.get(record.commit, 0)
            names[id(min(near, key=lambda event: abs(places[event.commit] - at)))] = record.identity
    return [
        event if names.get(id(event), event.identity) == event.identity else replace(event, identity=names[id(event)])
        for event in events
    ]


def _series(key: SeriesKey | Reported, axis: Axis, *, worse: bool) -> tuple[object, ...]:
    return key.line, key.case, key.version, key.protocol, key.fingerprint, key.branch, axis, worse


def _overlap(event: Event, record: Reported, places: Mapping[str, int]) -> bool:
    if record.first not in places or record.last not in places:
        return record.commit == event.commit
    suspects = event.suspects or (event.commit,)
    return places[suspects[0]] <= places[record.last] and places[record.first] <= places[suspects[-1]]
