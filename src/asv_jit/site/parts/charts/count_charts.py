"""Charts of counted instructions: where they go, as stacked bars, and how they fall while a case warms up."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.counts.warmup import CurvePoint
from asv_jit.model import Mode, Part, Split
from asv_jit.site.parts.charts.svg import Scale, drawing, element, line, roomy, text, x_axis, y_axis
from asv_jit.text import units

PARTS: tuple[Part, ...] = ("loop", "jit", "interpreter", "extensions", "libc", "other")
"""The parts of a process in the order of the bars: what the JIT works on comes first."""
PART_NAMES: dict[Part, str] = {
    "loop": "interpreter’s loop",
    "jit": "code made by the JIT",
    "interpreter": "interpreter’s C code",
    "extensions": "extension modules",
    "libc": "C library",
    "other": "rest",
}
"""What the pages call each part."""
_WIDTH = 420.0
_BAR, _STEP, _TOP = 24.0, 52.0, 18.0
_LABEL_ROOM = 34.0
_HEIGHT, _LEFT, _RIGHT, _ABOVE, _BELOW = 230.0, 58.0, 408.0, 14.0, 196.0
_MOST_MARKS = 60


class Bar(Struct, frozen=True):
    """One mode: instructions per call, and how they divide."""

    mode: Mode
    per_call: float
    split: Split


class CountCurve(Struct, frozen=True):
    """How one mode warms up; the points of `excess` are marked."""

    mode: Mode
    points: Sequence[CurvePoint]


def split_bars(bars: Sequence[Bar], label: str) -> Markup:
    """A stacked bar for each mode, on one scale, with the shares that have room; empty without any instructions."""
    most = max((bar.per_call for bar in bars if bar.split.total > 0), default=0.0)
    if most <= 0.0:
        return Markup("")
    parts: list[Markup] = []
    shown = [bar for bar in bars if bar.split.total > 0]
    for number, bar in enumerate(shown):
        top = _TOP + number * _STEP
        words = f"JIT {bar.mode}: {units.instructions(bar.per_call)} instructions per call"
        parts += [text(words, 0.0, top - 5.0, "bar-name"), *_stack(bar, top, _WIDTH * bar.per_call / most)]
    return drawing(parts, label, _WIDTH, _TOP + (len(shown) - 1) * _STEP + _BAR + 4.0)


def warm_up_counts(curves: Sequence[CountCurve], label: str) -> Markup:
    """Instructions per call against the calls made, both logarithmic; points of `excess` are dots."""
    usable = [curve for curve in curves if len(curve.points) >= 2]
    if not usable:
        return Markup("")
    values = [point.per_call for curve in usable for point in curve.points]
    vertical = roomy(min(values), max(values), _BELOW, _ABOVE)
    last = max(curve.points[-1].calls for curve in usable)
    across = Scale(1.0, max(float(last), 2.0), _LEFT + 4.0, _RIGHT)
    parts = y_axis(vertical, _LEFT, _RIGHT, units.instructions)
    parts += x_axis(across, _ABOVE, _BELOW, units.number, "calls made")
    for curve in usable:
        points = [(across.at(point.calls), vertical.at(point.per_call)) for point in curve.points]
        parts.append(line(f"line {curve.mode} thin", points))
    for curve in usable:
        marked = sorted((p for p in curve.points if p.excess), key=lambda p: -p.excess)[:_MOST_MARKS]
        for point in sorted(marked, key=lambda p: p.calls):
            title = element("title", f"call {point.calls:,}: {point.excess:,} instructions more than the next one")
            spot = {"cx": across.at(point.calls), "cy": vertical.at(point.per_call), "r": 3.4}
            parts.append(element("circle", title, class_=f"point {curve.mode}", **spot))
    return drawing(parts, label, _WIDTH, _HEIGHT)


def _stack(bar: Bar, top: float, width: float) -> list[Markup]:
    """The segments of one bar; each one's title says what it is, and what has room says its share."""
    parts = []
    left = 0.0
    for part in PARTS:
        instructions: int = getattr(bar.split, part)
        if instructions <= 0:
            continue
        share = instructions / bar.split.total
        across = share * width
        title = element("title", f"{PART_NAMES[part]}: {share:.1%}")
        place = {"x": left, "y": top, "width": max(across - 1.0, 0.6), "height": _BAR}
        parts.append(element("rect", title, class_=f"part {part}", **place))
        if across >= _LABEL_ROOM:
            x, y = left + across / 2.0, top + _BAR / 2.0 + 4.0
            parts.append(text(f"{share:.0%}", x, y, f"share {part}", "middle"))
        left += across
    return parts
