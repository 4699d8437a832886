"""Charts as inline SVG, drawn at publication: no script, no style attribute, colours from the style sheet's classes."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.model import Trial
from asv_jit.site.parts.charts.svg import Scale, element, path, ticks
from asv_jit.text import units

_WIDTH, _HEIGHT = 420.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 14.0, 34.0
_LABEL_WIDTH = 50.0
_MODES = ("off", "on")


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
    """All cases of one release on one axis of speedups, and their mean with its interval (ratio, low, high)."""
    scale = Scale(*reach, 14.0, 406.0)
    parts = []
    shown = [1.0]
    for tick in ticks(*reach, 7):
        if all(abs(scale.at(tick) - scale.at(other)) > _LABEL_WIDTH for other in shown):
            shown.append(tick)
    for value in shown:
        x = scale.at(value)
        parts.append(element("path", class_="unity" if value == 1.0 else "grid", d=path([(x, 8.0), (x, 62.0)])))
        parts.append(element("text", units.ratio(value), class_="tick", x=x, y=78.0, text_anchor="middle"))
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
    return _figure(parts, label, height=84.0)


def warm_up_curve(trials: Sequence[Trial], mode: str) -> Curve | None:
    """The median over the trials of `mode` that kept their curve at the same points; None without any."""
    kept = [t for t in trials if t.mode == mode and t.outcome == "ok" and len(t.curve) >= 2 and t.inner_loops > 0]
    if not kept:
        return None
    grid, _ = Counter(tuple(done for done, _ in trial.curve) for trial in kept).most_common(1)[0]
    alike = [trial for trial in kept if tuple(done for done, _ in trial.curve) == grid]
    if any(later <= earlier for earlier, later in zip((0, *grid), grid, strict=False)):
        return None
    bins = [list(_calls(trial)) for trial in alike]
    columns = list(zip(*bins, strict=True))
    starts = [trial.warmup_s for trial in alike if trial.warmup_s is not None]
    return Curve(
        elapsed_s=tuple(statistics.median(t.curve[i][1] for t in alike) for i in range(len(grid))),
        call_s=tuple(statistics.median(column) for column in columns),
        low_s=tuple(sorted(column)[len(column) // 4] for column in columns),
        high_s=tuple(sorted(column)[-1 - len(column) // 4] for column in columns),
        steady_from_s=statistics.median(starts) if starts else None,
    )


def warm_up(curves: Sequence[tuple[str, Curve]], break_even_s: float | None, label: str) -> Markup:
    """Time per call against running time, both logarithmic; the steady start of each mode and break-even marked."""
    usable = [(mode, curve) for mode, curve in curves if min(curve.elapsed_s) > 0.0 and min(curve.low_s) > 0.0]
    if not usable:
        return Markup("")
    vertical = _vertical(min(min(c.low_s) for _, c in usable), max(max(c.high_s) for _, c in usable))
    first, last = min(c.elapsed_s[0] for _, c in usable), max(c.elapsed_s[-1] for _, c in usable)
    across = Scale(first, max(last, first * 1.01), _LEFT + 4.0, _WIDTH - _RIGHT)
    parts = _axis(vertical, units.seconds)
    for value in ticks(across.low, across.high, 5):
        x = across.at(value)
        parts.append(element("path", class_="grid", d=path([(x, _TOP), (x, _HEIGHT - _BOTTOM)])))
        parts.append(element("text", units.seconds(value), class_="tick", x=x, y=_HEIGHT - 18.0, text_anchor="middle"))
    parts.append(element("text", "running time", class_="tick", x=_WIDTH - _RIGHT, y=_HEIGHT - 4.0, text_anchor="end"))
    for mode, curve in usable:
        spots = [across.at(value) for value in curve.elapsed_s]
        upper = [(x, vertical.at(v)) for x, v in zip(spots, curve.high_s, strict=True)]
        lower = [(x, vertical.at(v)) for x, v in zip(spots, curve.low_s, strict=True)]
        parts.append(element("path", class_=f"band {mode}", d=path([*upper, *reversed(lower)], closed=True)))
        line = [(x, vertical.at(v)) for x, v in zip(spots, curve.call_s, strict=True)]
        parts.append(element("path", class_=f"line {mode}", d=path(line)))
        if curve.steady_from_s is not None and across.low < curve.steady_from_s <= across.high:
            line_no = _MODES.index(mode)
            parts.append(_mark(across.at(curve.steady_from_s), f"steady-start {mode}", f"steady, {mode}", line_no))
    if break_even_s is not None and across.low < break_even_s <= across.high:
        parts.append(_mark(across.at(break_even_s), "break-even", "break-even", 2))
    return _figure(parts, label)


def _calls(trial: Trial) -> list[float]:
    """Mean seconds per call in each bin of the trial's curve."""
    before = ((0, 0.0), *trial.curve[:-1])
    return [(s - s0) / ((n - n0) * trial.inner_loops) for (n0, s0), (n, s) in zip(before, trial.curve, strict=True)]


def _mark(x: float, kind: str, text: str, line_no: int) -> Markup:
    anchor = "end" if x > _WIDTH * 0.6 else "start"
    y = _TOP + 10.0 + 13.0 * line_no
    return Markup("").join(
        (
            element("path", class_=f"mark {kind}", d=path([(x, _TOP), (x, _HEIGHT - _BOTTOM)])),
            element(
                "text", text, class_=f"note {kind}", x=x + (-4.0 if anchor == "end" else 4.0), y=y, text_anchor=anchor
            ),
        )
    )


def _vertical(low: float, high: float) -> Scale:
    room = max((high / low) ** 0.06, 1.02)
    return Scale(low / room, high * room, _HEIGHT - _BOTTOM, _TOP)


def _axis(vertical: Scale, form: Callable[[float], str]) -> list[Markup]:
    parts = []
    for value in ticks(vertical.low, vertical.high, 6):
        y = vertical.at(value)
        parts.append(element("path", class_="grid", d=path([(_LEFT, y), (_WIDTH - _RIGHT, y)])))
        parts.append(element("text", form(value), class_="tick", x=_LEFT - 6.0, y=y + 4.0, text_anchor="end"))
    return parts


def _figure(parts: Sequence[Markup], label: str, height: float = _HEIGHT) -> Markup:
    return element(
        "svg",
        *parts,
        class_="chart",
        role="img",
        aria_label=label,
        viewBox=f"0 0 {_WIDTH:.0f} {height:.0f}",
        width=_WIDTH,
        height=height,
    )
