"""Events in few words, for the tests of what becomes of them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.history.detection import is_worse
from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.history.series import SeriesKey
from asv_jit.analysis.metrics import Metric
from asv_jit.model import CaseKey

KEY = SeriesKey("m1", "3.15 from debian", CaseKey("bench.time_a"), "1", "1", "f0000001")


def change(metric: Metric, before: float, after: float) -> Change:
    return Change(metric, before, before, before, after, after, after, 1e-9)


def event(*changes: Change, **fields: Any) -> Event:
    """A candidate on the commit axis; worse if its first change is."""
    headline = changes[0]
    plain = Event(
        identity="0123456789",
        key=KEY,
        axis="commits",
        worse=is_worse(headline.metric, headline.before, headline.after),
        metrics=changes,
        commit="c" * 40,
        parent="b" * 40,
        suspects=("c" * 40,),
        before="3.15.2+aaaaaaaa",
        after="3.15.2+aaaaaaaa",
        attribution=Attribution("code", 0.9, "both"),
        state="candidate",
    )
    return replace(plain, **fields)
