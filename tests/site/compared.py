"""Two commits compared as the head of `static/compare.js` says: the oracle of what a browser shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

from asv_jit.analysis.verdict import decide, quantile
from asv_jit.model import CaseKey
from asv_jit.site.content.columns import Column
from asv_jit.site.content.timetable import Placed, Timetable
from asv_jit.site.data.files import COMPARED
from asv_jit.text import units

NAMES = {"off": "JIT off", "on": "JIT on", "speedup": "Speedup", "plain": "asv’s result"}
_WORDS = {"faster": "better", "slower": "worse", "same": "same", "unclear": "unclear"}
_Figure: TypeAlias = tuple[float, float, float]


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
    behind = (_behind(placed, slots[0]), _behind(placed, slots[1]))
    for metric in COMPARED:
        if metric not in columns:
            continue
        one, other = (_written(columns[metric], slot - placed.start) for slot in slots)
        if one[0] > 0.0 and other[0] > 0.0:
            noise = math.sqrt(2.0) * float(f"{columns[metric].noise:.3g}")
            threshold, narrow = (
                max((part for part in (own, usual) if math.isfinite(part)), default=math.nan)
                for own, usual in _widths(placed, slots, (one, other), noise, alpha)
            )
            change = math.log(other[0] / one[0])
            gain = change if metric == "speedup" else -change
            verdict = _WORDS[decide(gain, threshold, narrow, equivalence)]
            weight = abs(change) / threshold if threshold else math.inf if change else 0.0
            found.append(Compared(placed.series.key.case, schedule.line, NAMES[metric], verdict, weight, behind))
    return found


def _widths(
    placed: Placed, slots: list[int], sides: tuple[_Figure, _Figure], noise: float, alpha: float
) -> list[tuple[float, float]]:
    """At level 1 - `alpha`, then at 90%: the half-width from both intervals, and that from the usual noise."""
    blocks, halves = [_blocks(placed, slot) for slot in slots], [_half_width(*side) for side in sides]
    at_90 = [
        half * quantile(count - 1, 0.1) / quantile(count - 1, alpha) if count > 1 else math.nan
        for half, count in zip(halves, blocks, strict=True)
    ]
    return [
        (math.hypot(*widths), -NormalDist().inv_cdf(level / 2.0) * noise)
        for widths, level in ((halves, alpha), (at_90, 0.1))
    ]


def _blocks(placed: Placed, slot: int) -> int:
    blocks = placed.series.blocks
    return 0 if blocks is None else int(blocks[placed.slots.tolist().index(slot)])


def _behind(placed: Placed, slot: int) -> str:
    blocks = _blocks(placed, slot)
    return units.count(blocks, "pair" if placed.series.paired else "trial") if blocks else ""


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
