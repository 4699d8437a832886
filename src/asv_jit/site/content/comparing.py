"""Two releases side by side: which figures differ by more than their noise.

A figure is a sample of what it would be if it were measured again; its interval says how much it varies:

    threshold = sqrt(ha² + hb²), in logarithms of the ratio
    significance = |ln(after / before)| / threshold

with ha and hb the half-widths of the two intervals. The ratio's interval is ratio · exp(± threshold). The verdict is
that of `verdict.decide`; its 90% interval follows from the same figures, see `verdict.narrowing`.

`static/compare.js` computes the same for any two releases that a reader chooses, and for any two commits, where the
threshold is at least z · √2 · noise: z is the normal quantile of the intervals' level, and 95% of the differences from
one commit to the next stay within 1.96 · √2 · noise. What asv measured by itself has intervals from within one process,
which say nothing about the next process: only the noise counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis import verdict
from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.cells.summary import CaseSummary, Limits
from asv_jit.analysis.history.series import Metric
from asv_jit.model import CaseKey

COMPARED: tuple[Metric, ...] = ("off", "on", "speedup", "plain")
"""What the data files have of each commit, so that any two can be compared."""


class Side(Struct, frozen=True):
    """A figure with its interval; NaN where there is none."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Of the interval of the logarithm; NaN where it is not known."""
        if not 0.0 < self.low <= self.value <= self.high < math.inf:
            return math.nan
        return max(math.log(self.high / self.value), math.log(self.value / self.low))


class Behind(Struct, frozen=True):
    """What a figure was made of: how many blocks, and whether those are pairs."""

    blocks: int
    paired: bool


class Difference(Struct, frozen=True):
    """One figure before and after, and what is behind each.

    `threshold` is in logarithms, NaN where an interval is missing.

    `verdict`: `better` for `faster` and `worse` for `slower`, else as `verdict.decide` says.
    """

    case: CaseKey
    metric: Metric
    unit: str
    before: Side
    after: Side
    threshold: float
    verdict: str
    behind: tuple[Behind, Behind]

    @property
    def ratio(self) -> float:
        """after / before."""
        return self.after.value / self.before.value

    @property
    def significance(self) -> float:
        """How many thresholds the change is; NaN where there is none, infinite where what never varied has changed."""
        change = abs(math.log(self.ratio))
        if self.threshold == 0.0:
            return math.inf if change > 0.0 else 0.0
        return change / self.threshold


def between_releases(cells: Mapping[CaseKey, tuple[CaseSummary, CaseSummary]], limits: Limits) -> list[Difference]:
    """The current cells of two releases by case, as (before, after); the most significant first."""
    found = []
    for case, (before, after) in cells.items():
        unit = before.unit if before.unit == after.unit else "unit"
        behind = _behind(before), _behind(after)
        sides: tuple[tuple[Metric, Side | None, Side | None], ...] = (
            ("off", _side(before.off), _side(after.off)),
            ("on", _side(before.on), _side(after.on)),
            ("speedup", _gain(before), _gain(after)),
        )
        for metric, one, other in sides:
            if one is not None and other is not None and one.value > 0.0 and other.value > 0.0:
                found.append(_difference(case, metric, unit, one, other, behind, limits))
    return _sorted(found)


def _behind(case: CaseSummary) -> Behind:
    trials = case.off.trials if case.off is not None else 0
    return Behind(case.pairs or trials, case.pairs > 0)


def _difference(
    case: CaseKey,
    metric: Metric,
    unit: str,
    before: Side,
    after: Side,
    behind: tuple[Behind, Behind],
    limits: Limits,
) -> Difference:
    halves = before.half_width, after.half_width
    narrow = (half * verdict.narrowing(one.blocks, limits.alpha) for half, one in zip(halves, behind, strict=True))
    threshold = math.hypot(*halves)
    change = math.log(after.value / before.value)
    gain = change if metric == "speedup" else -change
    found = verdict.decide(gain, threshold, math.hypot(*narrow), limits.equivalence)
    said = {"faster": "better", "slower": "worse"}.get(found, found)
    return Difference(case, metric, unit, before, after, threshold, said, behind)


def _side(level: Level | None) -> Side | None:
    if level is None:
        return None
    return Side(level.value, *(math.nan if bound is None else bound for bound in (level.low, level.high)))


def _gain(case: CaseSummary) -> Side | None:
    found = case.speedup
    return Side(found.ratio, found.low, found.high) if found is not None and math.isfinite(found.ratio) else None


def _sorted(found: Sequence[Difference]) -> list[Difference]:
    def order(one: Difference) -> tuple[float, CaseKey, int]:
        weight = one.significance
        return 1.0 if math.isnan(weight) else -weight, one.case, COMPARED.index(one.metric)

    return sorted(found, key=order)
