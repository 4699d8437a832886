"""Two commits compared as the head of `site.content.comparing` says: the oracle of what a browser shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from asv_jit.model import CaseKey
from asv_jit.site.content.columns import Column
from asv_jit.site.content.comparing import COMPARED
from asv_jit.site.content.timetable import Placed, Timetable
from asv_jit.text import units

NAMES = {"off": "JIT off", "on": "JIT on", "speedup": "speedup", "plain": "asv’s result"}


@dataclass
class Compared:
    """One figure of a case on a line; `behind`: of how many blocks each side is made, as the page says it."""

    case: CaseKey
    line: str
    figure: str
    verdict: str
    significance: float
    behind: tuple[str, str]


def between_commits(
    table: Timetable, machine: str, before: int, after: int, *, alpha: float, equivalence: float
) -> list[Compared]:
    """Every figure of `machine` at both places of the timetable, the most significant first."""
    found = [
        one
        for members in table.series.values()
        for placed in members
        if table.schedules[placed.schedule].machine == machine
        for one in _of_series(table, placed, before, after, alpha, equivalence)
    ]
    return sorted(found, key=lambda one: -one.significance if math.isfinite(one.significance) else 1.0)


def _of_series(
    table: Timetable, placed: Placed, before: int, after: int, alpha: float, equivalence: float
) -> list[Compared]:
    schedule = table.schedules[placed.schedule]
    slots = [max((slot for slot in placed.slots if schedule.places[slot] == at), default=-1) for at in (before, after)]
    if min(slots) < 0:
        return []
    columns, found = placed.columns(), []
    behind = tuple(_blocks(placed, slot) for slot in slots)
    for metric in COMPARED:
        if metric not in columns:
            continue
        one, other = (_written(columns[metric], slot - placed.start) for slot in slots)
        if one[0] > 0.0 and other[0] > 0.0:
            usual = -NormalDist().inv_cdf(alpha / 2.0) * math.sqrt(2.0) * float(f"{columns[metric].noise:.3g}")
            own = math.hypot(_half_width(*one), _half_width(*other))
            threshold = max((part for part in (own, usual) if math.isfinite(part)), default=math.nan)
            change = math.log(other[0] / one[0])
            verdict = _verdict(change, threshold, equivalence, more_is_better=metric == "speedup")
            weight = abs(change) / threshold if threshold else math.inf if change else 0.0
            found.append(Compared(placed.series.key.case, schedule.line, NAMES[metric], verdict, weight, behind))
    return found


def _verdict(change: float, threshold: float, equivalence: float, *, more_is_better: bool) -> str:
    low, high = change - threshold, change + threshold
    if math.log1p(-equivalence) < low and high < math.log1p(equivalence):
        return "same"
    if low > 0.0 or high < 0.0:
        return "better" if (change > 0.0) == more_is_better else "worse"
    return "unclear"


def _blocks(placed: Placed, slot: int) -> str:
    series = placed.series
    if series.blocks is None:
        return ""
    blocks = int(series.blocks[placed.slots.tolist().index(slot)])
    return units.count(blocks, "pair" if series.paired else "trial") if blocks else ""


def _written(column: Column, place: int) -> tuple[float, float, float]:
    """A value and its interval, rounded as the data files have them; NaN where there is none."""
    if place not in column.places:
        return math.nan, math.nan, math.nan
    at = column.places.tolist().index(place)
    count = int(column.counts[at])
    low, high = (
        math.nan if widths is None or widths[at] < 0 else (count + sign * int(widths[at])) * column.step
        for sign, widths in ((-1, column.below), (1, column.above))
    )
    return count * column.step, low, high


def _half_width(value: float, low: float, high: float) -> float:
    if not 0.0 < low <= value <= high < math.inf:
        return math.nan
    return max(math.log(high / value), math.log(value / low))
