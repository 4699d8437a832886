"""Regressions: what changed in the history, how sure that is, what moved, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.history.events import Event
from asv_jit.site.content.timetable import by_version
from asv_jit.site.parts.event_lines import EventLine, EventLines
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Frame
from asv_jit.text import units

_MOST_REGRESSIONS, _MOST_IMPROVEMENTS = 200, 50
_STATES = ("candidate", "confirmed", "refuted", "fixed", "accepted")


class RegressionsPage(Struct, frozen=True):
    """`regressions.html`. The tuples of names are the filters' choices; `cut` says where not all events are shown."""

    frame: Frame
    events: tuple[EventLine, ...]
    counts: tuple[tuple[str, str], ...]
    cut: str
    states: tuple[str, ...]
    causes: tuple[str, ...]
    machines: tuple[str, ...]
    groups: tuple[str, ...]
    lines: tuple[str, ...]
    between: bool
    searched: bool
    bisections: str


def make(site: Publication) -> RegressionsPage:
    """The page, from the events as the content orders them."""
    content = site.content
    bisections = "bisections.html" if "bisections" in site.frames.present else ""
    shown = _newest(content.events)
    made = EventLines(content, bisections)
    events = [made.line(event) for event in shown]
    still_open = sum(event.is_open for event in content.events)
    machines, lines = {event.machine for event in events}, {event.line for event in events}
    between = sum(event.between_lines for event in content.events)
    regressions = sum(event.worse and not event.between_lines for event in content.events)
    improvements = len(content.events) - regressions - between
    counts = [("open", f"{still_open:,}"), _counted(regressions, "regression"), _counted(improvements, "improvement")]
    if between:
        counts.append(("between minor versions of Python", f"{between:,}"))
    return RegressionsPage(
        frame=site.frames.make(
            "regressions", "Regressions",
            f"Where {content.project} became slower or faster, and why: {units.count(still_open, 'open regression')}.",
            path="regressions.html",
        ),
        events=tuple(events),
        counts=tuple(counts),
        between=between > 0,
        cut=f"The newest {units.count(len(events), 'change')} are shown; those of a case are all on its page."
        if len(events) < len(content.events)
        else "",
        states=tuple(state for state in _STATES if any(event.state_name == state for event in events)),
        causes=tuple(sorted({event.cause_name for event in events})),
        machines=tuple(sorted(machines)) if len(machines) > 1 else (),
        groups=tuple(sorted({event.group for event in events})),
        lines=tuple(sorted(lines, key=by_version)) if len(lines) > 1 else (),
        searched=content.history is not None,
        bisections=bisections,
    )  # fmt: skip


def _counted(amount: int, noun: str) -> tuple[str, str]:
    """`regressions`, `1,200`: the noun fits the number."""
    number, _, word = units.count(amount, noun).partition(" ")
    return word, number


def _newest(events: Sequence[Event]) -> tuple[Event, ...]:
    """Of a long history the newest of each kind, in their order: nobody reads thousands of rows."""
    kept: list[Event] = []
    left = {True: _MOST_REGRESSIONS, False: _MOST_IMPROVEMENTS}
    for event in events:
        if left[event.worse] > 0:
            left[event.worse] -= 1
            kept.append(event)
    return tuple(kept)
