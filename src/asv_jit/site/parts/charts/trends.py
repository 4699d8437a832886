"""Trends of the series behind rows, and the small marks that tables of thousands of rows draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.arrays import Places
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import CaseSeries, History
from asv_jit.analysis.metrics import Metric
from asv_jit.analysis.speedup import Speedup
from asv_jit.model import CaseKey
from asv_jit.site.content.site_content import Machine, SiteContent
from asv_jit.site.parts.charts.svg import Scale

_LAST = 30
_LAST_OF_ASV = 15
"""asv's own results put thousands of cases into one table."""


class Trends(Struct, frozen=True):
    """The series of one publication by machine, case, version, protocol and interpreter; without a history the
    summaries by machine, case and interpreter; the newest event by machine, line and case."""

    history: History
    series: dict[tuple[str, CaseKey, str, str, str], CaseSeries]
    summaries: dict[tuple[str, CaseKey, str], list[CaseSummary]]
    changes: dict[tuple[str, str, CaseKey], Event]

    @staticmethod
    def of(content: SiteContent) -> Trends:
        """Index the series, summaries and events of `content`."""
        history = content.history
        series: dict[tuple[str, CaseKey, str, str, str], CaseSeries] = {}
        for member in history.series:
            key = member.key
            if key.branch or key.protocol == "asv" or not len(member.places):  # no row of a cell is of asv's own
                continue
            for place in _different(member.interpreters):
                index = key.machine, key.case, key.version, key.protocol, history.interpreters[place]
                other = series.get(index)  # from before the machine changed
                if other is None or other.places[-1] <= member.places[-1]:
                    series[index] = member
        summaries: dict[tuple[str, CaseKey, str], list[CaseSummary]] = {}
        for machine in content.machines:
            for suite in machine.suites:
                for case in suite.cases:
                    summaries.setdefault((machine.name, case.key.case, suite.interpreter), []).append(case)
        changes: dict[tuple[str, str, CaseKey], Event] = {}
        for event in content.events:  # newest first
            if event.axis == "commits" and event.state != "refuted":
                changes.setdefault((event.key.machine, event.key.line, event.key.case), event)
        return Trends(history, series, summaries, changes)

    def mark(self, machine: Machine, case: CaseSummary) -> Markup:
        """Draw the trend of a cell's speedup (of its time or value where there is none)."""
        key = case.key
        found = self.series.get((machine.name, key.case, key.version, key.protocol, key.interpreter))
        if found is not None:
            return self.of_series(found, ("speedup", "off", "plain"))
        points = self.summaries.get((machine.name, key.case, key.interpreter), ())
        alike = [point for point in points if (point.key.version, point.key.protocol) == (key.version, key.protocol)]
        values = [
            point.speedup.ratio if point.speedup is not None else point.off.value if point.off is not None else None
            for point in alike[:_LAST][::-1]
        ]
        return trend_mark([value if value is not None and math.isfinite(value) else None for value in values])

    def of_series(self, series: CaseSeries, metrics: tuple[Metric, ...]) -> Markup:
        """Draw the trend of the first of `metrics` that the series has, with its newest change of level."""
        track = next((series.tracks[metric] for metric in metrics if metric in series.tracks), None)
        if track is None:
            return Markup("")
        event = self.changes.get((series.key.machine, series.key.line, series.key.case))
        last = _LAST_OF_ASV if series.key.protocol == "asv" else _LAST
        values = track.values[-last:].tolist()
        places = [self.history.commits[place] for place in series.places[-last:]]
        change = places.index(event.commit) if event is not None and event.commit in places else None
        return trend_mark([None if math.isnan(value) else value for value in values], change)


def _different(places: Places) -> set[int]:
    """Return the numbers that occur; asked first is what is true of most series of a thousand points: there is one."""
    return {int(places[0])} if np.all(places == places[0]) else set(places.tolist())


_WIDTH = 80.0
_TREND_WIDTH, _TREND_HEIGHT = 144, 36  # half pixels
_TREND_BOTTOM, _TREND_TOP = _TREND_HEIGHT - 4.0, 4.0


def interval_mark(speedup: Speedup | None, reach: tuple[float, float]) -> Markup:
    """Draw a speedup with its interval on an axis over `reach` with a line at 1; empty if there is none."""
    if speedup is None or not 0.0 < speedup.ratio < math.inf:
        return Markup("")
    ratio, low, high = speedup.ratio, speedup.low, speedup.high
    scale = Scale(*reach, 4.0, _WIDTH - 4.0)
    known = low > 0.0 and math.isfinite(high)
    left, right = (scale.at(low), scale.at(high)) if known else (scale.at(ratio), scale.at(ratio))
    whisker = f'<path d="M{left:.1f} 8h{max(right - left, 0.0):.1f}"/>'
    dot = f'<circle cx="{scale.at(ratio):.1f}" cy="8" r="3.2"/>'
    return _svg("mark-i", _WIDTH, 16.0, f'<path d="M{scale.at(1.0):.1f} 1v14"/>{whisker}{dot}')


def trend_mark(values: Sequence[float | None], change: int | None = None) -> Markup:
    """The last values of a series; `change` is the place of the newest change of level. Empty with fewer than two.

    None and what a logarithmic axis has no place for are gaps. A table has 60,000 of these points: they stand on a grid
    of half pixels, each told from the one before, and the last one is a line of no length with round ends.
    """
    across = _across(len(values))
    shown = [
        (x, value) for x, value in zip(across, values, strict=True) if value is not None and 0.0 < value < math.inf
    ]
    if len(shown) < 2:
        return Markup("")
    values_shown = [value for _, value in shown]
    least, largest = min(values_shown), max(values_shown)
    room = max((largest / least) ** 0.1, 1.02)  # noise of a percent must not look like a cliff
    low = least / room
    scale = (_TREND_BOTTOM - _TREND_TOP) / math.log(largest * room / low)
    heights = [round(_TREND_BOTTOM - math.log(value / low) * scale) for value in values_shown]
    steps = [
        f"{x - x0}{y - y0}" if y < y0 else f"{x - x0} {y - y0}"
        for (x0, _), y0, (x, _), y in zip(shown, heights, shown[1:], heights[1:], strict=False)
    ]
    rule = f'<path class="mark-c" d="M{across[change]} 2v{_TREND_HEIGHT - 4}"/>' if change is not None else ""
    line = f'<path d="M{shown[0][0]} {heights[0]}l{" ".join(steps)}"/>'
    end = f'<path d="M{shown[-1][0]} {heights[-1]}h0"/>'
    return _svg("mark-t", _TREND_WIDTH, _TREND_HEIGHT, f"{rule}{line}{end}")


@lru_cache(maxsize=64)
def _across(count: int) -> tuple[int, ...]:
    """The places of `count` points from left to right."""
    step = (_TREND_WIDTH - 12) / max(count - 1, 1)
    return tuple(round(6 + place * step) for place in range(count))


def _svg(kind: str, width: float, height: float, inner: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and our own words only
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true">{inner}</svg>'
    )
