"""Charts of counted instructions: where they go, as stacked bars, and how they fall while a case warms up."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.counts.warmup import CurvePoint
from asv_jit.model import Mode, Part, Split
from asv_jit.site.parts.charts.svg import Scale, element, path, ticks
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
_HEIGHT, _LEFT, _RIGHT, _ABOVE, _BELOW = 230.0, 58.0, 12.0, 14.0, 34.0
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
        text = f"JIT {bar.mode}: {units.instructions(bar.per_call)} instructions per call"
        parts.append(element("text", text, class_="bar-name", x=0.0, y=top - 5.0))
        parts += _stack(bar, top, _WIDTH * bar.per_call / most)
    height = _TOP + (len(shown) - 1) * _STEP + _BAR + 4.0
    return _figure(parts, label, height)


def warm_up_counts(curves: Sequence[CountCurve], label: str) -> Markup:
    """Instructions per call against the calls made, both logarithmic; points of `excess` are dots."""
    usable = [curve for curve in curves if len(curve.points) >= 2]
    if not usable:
        return Markup("")
    values = [point.per_call for curve in usable for point in curve.points]
    room = max((max(values) / min(values)) ** 0.06, 1.02)
    vertical = Scale(min(values) / room, max(values) * room, _HEIGHT - _BELOW, _ABOVE)
    last = max(curve.points[-1].calls for curve in usable)
    across = Scale(1.0, max(float(last), 2.0), _LEFT + 4.0, _WIDTH - _RIGHT)
    parts = _axes(vertical, across)
    for curve in usable:
        line = [(across.at(point.calls), vertical.at(point.per_call)) for point in curve.points]
        parts.append(element("path", class_=f"line {curve.mode} thin", d=path(line)))
    for curve in usable:
        marked = sorted((p for p in curve.points if p.excess), key=lambda p: -p.excess)[:_MOST_MARKS]
        for point in sorted(marked, key=lambda p: p.calls):
            title = element("title", f"call {point.calls:,}: {point.excess:,} instructions more than the next one")
            spot = {"cx": across.at(point.calls), "cy": vertical.at(point.per_call), "r": 3.4}
            parts.append(element("circle", title, class_=f"point {curve.mode}", **spot))
    return _figure(parts, label, _HEIGHT)


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
            at = {"x": left + across / 2.0, "y": top + _BAR / 2.0 + 4.0}
            parts.append(element("text", f"{share:.0%}", class_=f"share {part}", text_anchor="middle", **at))
        left += across
    return parts


def _axes(vertical: Scale, across: Scale) -> list[Markup]:
    parts = []
    for value in ticks(vertical.low, vertical.high, 6):
        y = vertical.at(value)
        parts.append(element("path", class_="grid", d=path([(_LEFT, y), (_WIDTH - _RIGHT, y)])))
        parts.append(
            element("text", units.instructions(value), class_="tick", x=_LEFT - 6.0, y=y + 4.0, text_anchor="end")
        )
    for value in ticks(across.low, across.high, 5):
        x = across.at(value)
        parts.append(element("path", class_="grid", d=path([(x, _ABOVE), (x, _HEIGHT - _BELOW)])))
        parts.append(element("text", units.number(value), class_="tick", x=x, y=_HEIGHT - 18.0, text_anchor="middle"))
    parts.append(element("text", "calls made", class_="tick", x=_WIDTH - _RIGHT, y=_HEIGHT - 4.0, text_anchor="end"))
    return parts


def _figure(parts: Sequence[Markup], label: str, height: float) -> Markup:
    box = f"0 0 {_WIDTH:.0f} {height:.0f}"
    return element(
        "svg", *parts, class_="chart", role="img", aria_label=label, viewBox=box, width=_WIDTH, height=height
    )
