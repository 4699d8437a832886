"""The states of an event: fixed by a later change, confirmed or refuted by fresh blocks, accepted by a person."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec.structs import replace

from asv_jit.analysis.history.detection import is_worse
from asv_jit.analysis.history.events import Change, Event


def fixed_by_level(events: Sequence[Event], equivalence: float) -> list[Event]:
    """Mark events fixed whose old level a later improvement reached, in one stretch of commits, oldest first.

    `equivalence`: a fraction, by which the new level may still be worse.
    """
    return [
        replace(event, state="fixed") if event.worse and _is_back(event, events[at + 1 :], equivalence) else event
        for at, event in enumerate(events)
    ]


def fixed_by_ratio(events: Sequence[Event], equivalence: float) -> list[Event]:
    """Mark events fixed that later releases together reverted, for one line over its releases, oldest first."""
    return [
        replace(event, state="fixed") if event.worse and _is_made_up(event, events[at + 1 :], equivalence) else event
        for at, event in enumerate(events)
    ]


def _is_back(event: Event, later: Sequence[Event], equivalence: float) -> bool:
    headline = event.headline
    room = equivalence * abs(headline.before)
    for change in _later_changes(headline, later):
        if is_worse(change.metric, change.before, change.after):
            continue
        if not is_worse(change.metric, headline.before, change.after) or abs(change.after - headline.before) <= room:
            return True
    return False


def _is_made_up(event: Event, later: Sequence[Event], equivalence: float) -> bool:
    """Ratios only: the levels of two releases were measured at other commits than those of the next two."""
    headline = event.headline
    gone = math.log(headline.ratio)
    for change in _later_changes(headline, later):
        gone += math.log(change.ratio)
        loss = -gone if headline.metric == "speedup" else gone
        if loss <= math.log1p(equivalence):
            return True
    return False


def _later_changes(headline: Change, later: Sequence[Event]) -> list[Change]:
    return [change for event in later for change in event.metrics if change.metric == headline.metric]
