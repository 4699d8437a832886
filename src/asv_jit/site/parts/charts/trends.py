"""Finds the series behind a row: its last values, and the newest change of its level."""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.arrays import Places
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import CaseSeries, History
from asv_jit.analysis.metrics import Metric
from asv_jit.model import CaseKey
from asv_jit.site.content.site_content import Machine, SiteContent
from asv_jit.site.parts.charts.marks import trend_mark

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
