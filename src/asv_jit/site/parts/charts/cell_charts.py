"""Charts of a cell and of a release, drawn at publication: no script, colours from the style sheet's classes."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.model import Trial
from asv_jit.site.parts.charts.svg import Scale, drawing, element, line, roomy, text, ticks, x_axis, y_axis
from asv_jit.text import units

_WIDTH, _HEIGHT = 420.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 408.0, 14.0, 196.0
_LABEL_WIDTH = 50.0


class Curve(Struct, frozen=True):
    """How one mode warms up: per bin the running time at its end and the mean time per call, both in seconds."""

    elapsed_s: tuple[float, ...]
    call_s: tuple[float, ...]
    low_s: tuple[float, ...]
    high_s: tuple[float, ...]
    steady_from_s: float | None


class Dot(Struct, frozen=True):
    """One case in a strip of speedups."""

    label: str
    ratio: float
    kind: str


def strip(
    dots: Sequence[Dot], mean: tuple[float, float, float] | None, reach: tuple[float, float], label: str
) -> Markup:
    """Draw all cases of one release on one axis of speedups, and their mean with its interval (ratio, low, high)."""
    scale = Scale(*reach, 14.0, 406.0)
    parts = []
    shown = [1.0]
    for tick in ticks(*reach, 7):
        if all(abs(scale.at(tick) - scale.at(other)) > _LABEL_WIDTH for other in shown):
            shown.append(tick)
    for value in shown:
        x = scale.at(value)
        parts.append(line("unity" if value == 1.0 else "grid", [(x, 8.0), (x, 62.0)]))
        parts.append(text(units.ratio(value), x, 78.0, anchor="middle"))
    if mean is not None and mean[1] > 0.0 and math.isfinite(mean[2]):
        left, right = scale.at(mean[1]), scale.at(mean[2])
        parts.append(
            element("rect", class_="mean-band", x=left, y=8.0, width=max(right - left, 2.0), height=54.0, rx=1.0)
        )
    levels: Counter[int] = Counter()
    for dot in sorted(dots, key=lambda dot: dot.ratio):
        x = scale.at(dot.ratio)
        column = round(x / 9.0)
        y = 35.0 + (levels[column] + 1) // 2 * 9.0 * (-1 if levels[column] % 2 else 1)
        levels[column] += 1
        title = element("title", f"{dot.label}: {units.ratio(dot.ratio)}")
        parts.append(element("circle", title, class_=f"dot {dot.kind}", cx=x, cy=min(max(y, 10.0), 60.0), r=4.2))
    return drawing(parts, label, _WIDTH, 84.0)


def common_bins(trials: Sequence[Trial]) -> tuple[int, ...]:
    """Return the iterations at which most trials kept their curves; empty if none did."""
    grids = Counter(tuple(done for done, _ in trial.curve) for trial in trials if len(trial.curve) >= 2)
    bins = grids.most_common(1)[0][0] if grids else ()
    return bins if all(later > earlier for earlier, later in zip((0, *bins), bins, strict=False)) else ()


def calls_s(trial: Trial, bins: tuple[int, ...]) -> list[float] | None:
    """Return the mean seconds per call in each bin; None if the trial kept its curve in other ones."""
    if not bins or trial.inner_loops <= 0 or tuple(done for done, _ in trial.curve) != bins:
        return None
    before = ((0, 0.0), *trial.curve[:-1])
    return [(s - s0) / ((n - n0) * trial.inner_loops) for (n0, s0), (n, s) in zip(before, trial.curve, strict=True)]


def warm_up_curve(trials: Sequence[Trial], mode: str) -> Curve | None:
    """Return the median over the trials of `mode` that kept their curve at the same points; None without any."""
    kept = [trial for trial in trials if trial.mode == mode and trial.outcome == "ok" and trial.inner_loops > 0]
    bins = common_bins(kept)
    alike = [(trial, calls) for trial in kept if (calls := calls_s(trial, bins)) is not None]
    if not alike:
        return None
    columns = list(zip(*(calls for _, calls in alike), strict=True))
    starts = [trial.warmup_s for trial, _ in alike if trial.warmup_s is not None]
    return Curve(
        elapsed_s=tuple(statistics.median(trial.curve[i][1] for trial, _ in alike) for i in range(len(bins))),
        call_s=tuple(statistics.median(column) for column in columns),
        low_s=tuple(sorted(column)[len(column) // 4] for column in columns),
        high_s=tuple(sorted(column)[-1 - len(column) // 4] for column in columns),
        steady_from_s=statistics.median(starts) if starts else None,
    )


def warm_up(curves: Sequence[tuple[str, Curve]], break_even_s: float | None, label: str) -> Markup:
    """Draw time per call against running time, both logarithmic, with each mode's steady start and break-even."""
    usable = [(mode, curve) for mode, curve in curves if min(curve.elapsed_s) > 0.0 and min(curve.low_s) > 0.0]
    if not usable:
        return Markup("")
    vertical = roomy(min(min(c.low_s) for _, c in usable), max(max(c.high_s) for _, c in usable), _BOTTOM, _TOP)
    first, last = min(c.elapsed_s[0] for _, c in usable), max(c.elapsed_s[-1] for _, c in usable)
    across = Scale(first, max(last, first * 1.01), _LEFT + 4.0, _RIGHT)
    parts = y_axis(vertical, _LEFT, _RIGHT, units.seconds)
    parts += x_axis(across, _TOP, _BOTTOM, units.seconds, "running time")
    for mode, curve in usable:
        spots = [across.at(value) for value in curve.elapsed_s]
        upper, lower, middle = (
            [(x, vertical.at(value)) for x, value in zip(spots, values, strict=True)]
            for values in (curve.high_s, curve.low_s, curve.call_s)
        )
        parts += [line(f"band {mode}", [*upper, *reversed(lower)], closed=True), line(f"line {mode}", middle)]
        if curve.steady_from_s is not None and across.low < curve.steady_from_s <= across.high:
            row = 0 if mode == "off" else 1
            parts += _mark(across.at(curve.steady_from_s), f"steady-start {mode}", f"steady, {mode}", row)
    if break_even_s is not None and across.low < break_even_s <= across.high:
        parts += _mark(across.at(break_even_s), "break-even", "break-even", 2)
    return drawing(parts, label, _WIDTH, _HEIGHT)


def _mark(x: float, kind: str, words: str, row: int) -> list[Markup]:
    """Return a vertical line with its name, which stands in a row of its own."""
    anchor, shift = ("end", -4.0) if x > _WIDTH * 0.6 else ("start", 4.0)
    name = text(words, x + shift, _TOP + 10.0 + 13.0 * row, f"note {kind}", anchor)
    return [line(f"mark {kind}", [(x, _TOP), (x, _BOTTOM)]), name]
