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
    """`regressions.html`. The tuples of names are the filters' choices; `cut` says if not all events are shown."""

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


def make(site: Publication) -> RegressionsPage:
    """Make the page from the events as the content orders them."""
    events = site.content.events
    maker = EventLines(site)
    lines = [maker.line(event) for event in _newest(events)]
    still_open = sum(event.is_open for event in events)
    between = sum(event.between_lines for event in events)
    regressions = sum(event.worse and not event.between_lines for event in events)
    improvements = len(events) - regressions - between
    counts = [("open", f"{still_open:,}"), _counted(regressions, "regression"), _counted(improvements, "improvement")]
    if between:
        counts.append(("between minor versions of Python", f"{between:,}"))
    cut = f"Only the newest {units.count(len(lines), 'change')} are shown; each case’s page lists all of its own."
    description = f"became slower or faster, and why: {units.count(still_open, 'open regression')}."
    return RegressionsPage(
        frame=site.frame("regressions.html", f"Where {site.content.project} {description}"),
        events=tuple(lines),
        counts=tuple(counts),
        cut=cut if len(lines) < len(events) else "",
        states=tuple(state for state in _STATES if any(line.event.state == state for line in lines)),
        causes=tuple(sorted({line.event.attribution.cause for line in lines})),
        machines=site.machine_choices({line.machine for line in lines}),
        groups=tuple(sorted({line.name.group for line in lines})),
        lines=_several(sorted({line.line for line in lines}, key=by_version)),
        between=between > 0,
    )


def _several(names: Sequence[str]) -> tuple[str, ...]:
    """Return the choices of a filter; none if there is nothing to choose."""
    return tuple(names) if len(names) > 1 else ()


def _counted(amount: int, noun: str) -> tuple[str, str]:
    """Return `regressions` and `1,200`: the noun fits the number."""
    number, _, word = units.count(amount, noun).partition(" ")
    return word, number


def _newest(events: Sequence[Event]) -> tuple[Event, ...]:
    """Return the newest of each kind, in their order: nobody reads thousands of rows."""
    left = {True: _MOST_REGRESSIONS, False: _MOST_IMPROVEMENTS}
    kept: list[Event] = []
    for event in events:
        if left[event.worse] > 0:
            left[event.worse] -= 1
            kept.append(event)
    return tuple(kept)
