"""Cells of heat maps: a case or a mean on one release, coloured by its verdict."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct

from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.parts import figures
from asv_jit.site.parts.values import Link
from asv_jit.text import units


class HeatCell(Struct, frozen=True):
    """The text of one cell, below it its interval and both times, and all of it in `title`.

    `heat` names the colour, `symbol` and `word` say the same without one; `order` is what a column is sorted by;
    `behind` says how many pairs there are and leads to them.
    """

    heat: str
    symbol: str
    word: str
    text: str = ""
    interval: str = ""
    detail: str = ""
    title: str = ""
    order: str = ""
    behind: Link = Link("")


def mean_cell(mean: SuiteSpeedup | None, equivalence: float) -> HeatCell:
    """Return the cell of a mean over cases."""
    if mean is None:
        return HeatCell("blank", "", "no mean", units.DASH)
    verdict, interval = mean.verdict(equivalence), units.ratio_interval(mean.low, mean.high)
    return HeatCell(
        heat_of(mean.ratio, verdict),
        figures.badge(verdict).symbol,
        verdict,
        units.ratio(mean.ratio),
        interval,
        title=f"{verdict}: geometric mean over {units.count(mean.cases, 'case')}, 95% interval {interval}",
        behind=Link(units.count(mean.pairs, "pair")),
    )


def case_cell(cell: MeasuredCell | None) -> HeatCell:
    """Return the cell of a case: its speedup, or what there is instead."""
    if cell is None:
        return HeatCell("blank", "", "not measured")
    case, form = cell.summary, figures.format_of(cell.summary)
    off, on = (form(level.value) if level is not None else units.DASH for level in (case.off, case.on))
    badge, speedup = figures.badge_of(case), case.speedup
    verdict = f"{badge.word}: {badge.why}" if badge.why else badge.word
    behind = Link(figures.pairs_text(case), f"{cell.href}#trials-{cell.anchor}")
    if speedup is None or not math.isfinite(speedup.ratio):
        values = off if case.on is None else f"{off} → {on}"
        return HeatCell(
            heat_of(math.nan, case.verdict),
            badge.symbol if case.verdict != "none" else "",
            badge.word,
            case.verdict if case.verdict in ("failed", "skipped") else values,
            figures.level_of(case.off, form).detail if case.on is None else "",
            title=f"{verdict}; {'JIT off' if cell.release.has_jit else 'no JIT'} {off}",
            behind=behind,
        )
    interval = units.ratio_interval(speedup.low, speedup.high)
    times = f"JIT off {off}{_bounds(case.off, form)}, on {on}{_bounds(case.on, form)}"
    title = filter(None, (verdict, f"speedup {interval}", times, units.count(case.pairs, "pair")))
    return HeatCell(
        heat_of(speedup.ratio, case.verdict),
        badge.symbol,
        badge.word,
        units.ratio(speedup.ratio),
        interval,
        f"{off} → {on}",
        "; ".join(title),
        f"{speedup.ratio:.5f}",
        behind,
    )


def heat_of(ratio: float, verdict: str) -> str:
    """Return the style of a cell, from `slower-3` over `even` to `faster-3`; the unclear has no colour."""
    if verdict not in ("faster", "slower") or not 0.0 < ratio < math.inf:
        return {"same": "even", "unclear": "doubt", "failed": "failed"}.get(verdict, "blank")
    distance = abs(math.log(ratio))
    step = 3 if distance >= math.log(1.5) else 2 if distance >= math.log(1.15) else 1
    return f"{verdict}-{step}"


def _bounds(level: Level | None, form: Callable[[float | None], str]) -> str:
    """Return ` (1.2 to 1.3 ms)`; empty without an interval."""
    interval = figures.level_of(level, form).detail
    return f" ({interval})" if interval else ""
