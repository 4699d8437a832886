"""Charts of counted instructions: where they go, as stacked bars, and how they fall while a case warms up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from asv_jit.analysis.counts.curve import CurvePoint
from asv_jit.analysis.counts.summary import ModeCount
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


def split_bars(counts: Mapping[Mode, ModeCount], label: str) -> Markup:
    """Draw a stacked bar for each mode, on one scale, with the shares that have room; empty without instructions."""
    bars = {mode: count for mode, count in counts.items() if count.split.total > 0}
    most = max((count.per_call for count in bars.values()), default=0.0)
    if most <= 0.0:
        return Markup("")
    parts: list[Markup] = []
    for number, (mode, count) in enumerate(bars.items()):
        top = _TOP + number * _STEP
        words = f"JIT {mode}: {units.instructions(count.per_call)} instructions per call"
        parts += [text(words, 0.0, top - 5.0, "bar-name"), *_stack(count.split, top, _WIDTH * count.per_call / most)]
    return drawing(parts, label, _WIDTH, _TOP + (len(bars) - 1) * _STEP + _BAR + 4.0)


def warm_up_counts(curves: Mapping[Mode, Sequence[CurvePoint]], label: str) -> Markup:
    """Draw instructions per call against the calls made, both logarithmic.

    Dots are points of `excess`: with the JIT off nothing is compiled, and the first call does all else as well.
    """
    usable = {mode: points for mode, points in curves.items() if len(points) >= 2}
    if not usable:
        return Markup("")
    values = [point.per_call for points in usable.values() for point in points]
    vertical = roomy(min(values), max(values), _BELOW, _ABOVE)
    last = max(points[-1].calls for points in usable.values())
    across = Scale(1.0, max(float(last), 2.0), _LEFT + 4.0, _RIGHT)
    parts = y_axis(vertical, _LEFT, _RIGHT, units.instructions)
    parts += x_axis(across, _ABOVE, _BELOW, units.number, "calls made")
    for mode, points in usable.items():
        spots = [(across.at(point.calls), vertical.at(point.per_call)) for point in points]
        parts.append(line(f"line {mode} thin", spots))
    marked = sorted((point for point in usable.get("on", ())[1:] if point.excess), key=lambda point: -point.excess)
    for point in sorted(marked[:_MOST_MARKS], key=lambda point: point.calls):
        title = element("title", f"call {point.calls:,}: {point.excess:,} instructions more than the next one")
        spot = {"cx": across.at(point.calls), "cy": vertical.at(point.per_call), "r": 3.4}
        parts.append(element("circle", title, class_="point on", **spot))
    return drawing(parts, label, _WIDTH, _HEIGHT)


def _stack(split: Split, top: float, width: float) -> list[Markup]:
    """Return the segments of one bar; each one's title says what it is, and what has room says its share."""
    parts = []
    left = 0.0
    for part in PARTS:
        instructions: int = getattr(split, part)
        if instructions <= 0:
            continue
        share = instructions / split.total
        across = share * width
        title = element("title", f"{PART_NAMES[part]}: {share:.1%}")
        place = {"x": left, "y": top, "width": max(across - 1.0, 0.6), "height": _BAR}
        parts.append(element("rect", title, class_=f"part {part}", **place))
        if across >= _LABEL_ROOM:
            parts.append(text(f"{share:.0%}", left + across / 2.0, top + _BAR / 2.0 + 4.0, f"share {part}", "middle"))
        left += across
    return parts
