"""What asv's own series of a case say now: the newest value of each, and how its level changed last."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import CaseSeries, History, Metric
from asv_jit.site.content.timetable import Placed, newest_of_each
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.values import Badge, Figure, Link
from asv_jit.text import units

_LIMIT = 120
_MANY_TIMES = 11.0  # from here on percents only grow longer
_MODES: Mapping[Metric, str] = {"plain": "", "off": "JIT off", "on": "JIT on"}


class NowRow(Struct, frozen=True):
    """One line of one machine. `figures`: what each value is of (empty, or a mode) and the value with its interval;
    `since` leads to what the page says of the change."""

    line: str
    machine: str
    figures: tuple[tuple[str, Figure], ...]
    change: Badge | None
    since: Link
    commit: str
    date: str


def now_rows(
    placed: Sequence[Placed], events: Sequence[Event], history: History, commits: CommitBook
) -> tuple[NowRow, ...]:
    """A row for each line that asv measured the case on, the newest first, of its newest series; `events`: the case's,
    newest first."""
    newest = newest_of_each(one for one in placed if one.series.key.protocol == "asv")
    rows = (_row(one.series, events, history, commits) for one in newest.values())
    return tuple(row for row in rows if row is not None)


def _row(series: CaseSeries, events: Iterable[Event], history: History, commits: CommitBook) -> NowRow | None:
    points = {metric: last_point(series, metric) for metric in _MODES if metric in series.tracks}
    last = max((point for point in points.values() if point is not None), default=None)
    if last is None:
        return None
    key = series.key
    event = next((one for one in events if one.axis == "commits" and one.key == key and one.state != "refuted"), None)
    change, kind = change_since(event, commits)
    digest = history.commits[series.places[last]]
    return NowRow(
        line=units.shorten(units.visible(key.line + (f", branch {key.branch}" if key.branch else "")), _LIMIT),
        machine=units.shorten(units.visible(key.machine), _LIMIT),
        figures=tuple(
            (_MODES[metric], figure_at(series, metric, point)) for metric, point in points.items() if point is not None
        ),
        change=Badge(kind, "▼" if kind == "slower" else "▲", change.text) if change.order else None,
        since=Link(change.detail, f"#event-{event.identity}" if event is not None else ""),
        commit=units.visible(digest[:8]),
        date=commits.date(digest),
    )


def change_since(event: Event | None, commits: CommitBook) -> tuple[Figure, str]:
    """An event's change as a share of the level before, with the commit since which it is there; and its style."""
    if event is None or not event.headline.ratio > 0.0:
        return Figure(units.DASH), "same"
    ratio = event.headline.ratio
    since = f"since {units.visible(event.commit[:8])}, {commits.date(event.commit)}"
    text = units.signed_percent(ratio, 1) if ratio < _MANY_TIMES else units.ratio(ratio)
    figure = Figure(text, since, f"{ratio:.4f}")
    return figure, "slower" if event.worse else "faster"


def last_point(series: CaseSeries, metric: Metric) -> int | None:
    """The last point that has a value; None without any."""
    values = series.tracks[metric].values
    return next((place for place in range(len(values) - 1, -1, -1) if not math.isnan(values[place])), None)


def figure_at(series: CaseSeries, metric: Metric, place: int) -> Figure:
    """The value at a point with its interval."""
    track = series.tracks[metric]
    value, low, high = (float(column[place]) for column in (track.values, track.low, track.high))
    if math.isnan(value):
        return Figure(units.DASH)
    form = units.form(series.unit)
    return Figure(form(value), units.interval(form(low), form(high)), f"{value:.4g}")
