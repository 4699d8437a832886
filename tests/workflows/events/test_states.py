"""Which stored bisections are of an event: what the site links and what a night need not do again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.model import CaseKey
from asv_jit.store.findings.bisections import Bisection, Result
from asv_jit.workflows.events.states import Records, bisections_of, with_state

A, B, C, D = (letter * 40 for letter in "abcd")
NEW, OLD, OTHER = "3.15.2+aaaaaaaa", "3.14.10+bbbbbbbb", "3.15.0+cccccccc"
LINES = {NEW: "3.15 from debian", OTHER: "3.15 from debian", OLD: "3.14 from debian"}
EVENT = Event(
    identity="0123456789",
    key=SeriesKey("vm", "3.15 from debian", CaseKey("bench.time_x"), "1", "1"),
    axis="commits",
    worse=True,
    metrics=(Change("on", 1.0, 0.9, 1.1, 1.25, 1.2, 1.3, 1e-9),),
    commit=D,
    parent=A,
    suspects=(B, C, D),
    before=NEW,
    after=NEW,
    attribution=Attribution("jit", 0.95, "on"),
    state="confirmed",
)
STORED = Bisection(
    identity="abcdef0123",
    case=CaseKey("bench.time_x"),
    version="1",
    metric="on",
    axis="commits",
    all_commits=False,
    commit="",
    interpreter=NEW,
    good=A,
    bad=D,
    machine="vm",
    fingerprint="f",
    protocol="1",
    confidence=0.95,
    build_cost=10.0,
    seed=1,
    started="2026-11-23T02:00:00+00:00",
    updated="2026-11-23T02:00:00+00:00",
)


def records(*bisections: Bisection) -> Records:
    return Records((), {}, {"vm": bisections}, {"vm": LINES}, ())


@pytest.mark.parametrize(
    ("changes", "mine"),
    [
        ({}, True),
        ({"interpreter": OTHER}, True),  # another patch release of the line
        ({"interpreter": OLD}, False),  # another line that regressed between the same commits
        ({"interpreter": "3.15.9+dddddddd"}, False),  # of a line that nobody knows
        ({"metric": "peak_memory"}, False),
        ({"metric": "off", "version": "2", "event": EVENT.identity}, True),  # that is what it was started for
        ({"version": "2"}, False),
        ({"case": CaseKey("bench.time_y")}, False),
        ({"bad": "e" * 40}, False),
        ({"bad": "e" * 40, "result": Result(outcome="found", culprit=C)}, True),  # a wider range, the same culprit
    ],
)
def test_a_bisection_is_of_the_event_that_it_looked_into_on_its_line(changes: dict[str, Any], mine: bool) -> None:
    stored = msgspec.structs.replace(STORED, **changes)
    assert bisections_of(EVENT, records(stored)) == ((stored,) if mine else ())


def test_only_a_finished_bisection_is_linked() -> None:
    assert with_state(EVENT, records(STORED), {}).bisection is None
    finished = msgspec.structs.replace(STORED, result=Result(outcome="not_reproducible"))
    assert with_state(EVENT, records(finished), {}).bisection == STORED.identity
