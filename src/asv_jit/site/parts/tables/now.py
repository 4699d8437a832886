"""What asv's own series of a case say now: the newest value of each, and how its level changed last."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import CaseSeries
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.site.content.timetable import Placed, newest_of_each
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Figure
from asv_jit.text import units

_MANY_TIMES = 11.0  # from here on percents only grow longer
_METRICS: tuple[Metric, ...] = ("plain", "off", "on")


class NowRow(Struct, frozen=True):
    """The newest values of one line of one machine, each with its interval and what it is of (empty, or a mode).

    `change` is that of `event`, against the level before, and `kind` its style; `order` sorts by date.
    """

    line: str
    machine: str
    figures: tuple[tuple[str, Figure], ...]
    change: Figure
    kind: str
    event: Event | None
    commit: str
    date: str
    order: int


def now_rows(placed: Sequence[Placed], events: Sequence[Event], site: Publication) -> tuple[NowRow, ...]:
    """Return a row for each line that asv measured the case on, the newest first, of its newest series.

    `events` are the case's, newest first.
    """
    rows = []
    for newest in newest_of_each(one for one in placed if one.series.key.protocol == "asv").values():
        key = newest.series.key
        alike = (one for one in events if one.axis == "commits" and one.key == key and one.state != "refuted")
        rows.append(now_row(newest.series, next(alike, None), site))
    return tuple(row for row in rows if row is not None)


def now_row(series: CaseSeries, event: Event | None, site: Publication) -> NowRow | None:
    """Return the row of a series; None if it has no value. `event` is its newest change of level."""
    points = {metric: _last_point(series, metric) for metric in _METRICS if metric in series.tracks}
    last = max((point for point in points.values() if point is not None), default=None)
    if last is None:
        return None
    key, digest = series.key, site.content.history.commits[series.places[last]]
    change, kind = _change(event, site)
    return NowRow(
        line=units.shown(f"{key.line}, branch {key.branch}" if key.branch else key.line, 120),
        machine=units.shown(key.machine, 80),
        figures=tuple(
            (METRICS[metric].words, _figure(series, metric, point))
            for metric, point in points.items()
            if point is not None
        ),
        change=change,
        kind=kind,
        event=event,
        commit=units.visible(digest[:8]),
        date=site.commits.date(digest),
        order=site.commits.find(digest).date,
    )


def _change(event: Event | None, site: Publication) -> tuple[Figure, str]:
    """Return an event's change as a share of the level before, with the commit since which it is there; its style."""
    if event is None or not event.headline.ratio > 0.0:
        return Figure(units.DASH), "same"
    ratio = event.headline.ratio
    since = f"since {units.visible(event.commit[:8])}, {site.commits.date(event.commit)}"
    text = units.signed_percent(ratio, 1) if ratio < _MANY_TIMES else units.ratio(ratio)
    return Figure(text, since, f"{ratio:.4f}"), "slower" if event.worse else "faster"


def _last_point(series: CaseSeries, metric: Metric) -> int | None:
    """Return the last point that has a value; None without any."""
    values = series.tracks[metric].values
    return next((place for place in range(len(values) - 1, -1, -1) if not math.isnan(values[place])), None)


def _figure(series: CaseSeries, metric: Metric, place: int) -> Figure:
    """Return the value at a point with its interval."""
    track = series.tracks[metric]
    value, low, high = (float(column[place]) for column in (track.values, track.low, track.high))
    form = units.form(series.unit)
    return Figure(form(value), units.interval(form(low), form(high)), f"{value:.4g}")
