"""A case over the Python releases: both absolute times, and below them the speedup, on the same places."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.levels import Level
from asv_jit.site.parts.charts.svg import Scale, element, ticks
from asv_jit.text import units

_LEFT, _RIGHT, _TOP = 64.0, 14.0, 12.0
_UPPER, _GAP, _LOWER, _BOTTOM = 150.0, 26.0, 86.0, 24.0
_STEP_MOST, _WIDTH = 150.0, 640.0
_MIDDLE = _TOP + _UPPER
_FLOOR = _MIDDLE + _GAP + _LOWER


class ReleasePoint(Struct, frozen=True):
    """One release; None where it has no such figure."""

    name: str
    off: Level | None
    on: Level | None
    speedup: Level | None


def release_strip(points: Sequence[ReleasePoint], form: Callable[[float | None], str], label: str) -> Markup:
    """`points` from old to new, with whiskers for their intervals; empty with fewer than two."""
    levels = [level for point in points for level in (point.off, point.on) if level is not None and level.value > 0.0]
    if len(points) < 2 or len(levels) < 2:
        return Markup("")
    step = min((_WIDTH - _LEFT - _RIGHT) / len(points), _STEP_MOST)
    places = [_LEFT + step * (place + 0.5) for place in range(len(points))]
    right = _LEFT + step * len(points)
    vertical = _scale(levels, _MIDDLE, _TOP)
    parts = _axis(vertical, right, form, 5)
    captions = [_caption(_TOP + 2.0, "time per call" if form is units.seconds else "value")]
    for kind, shift in (("off", -7.0), ("on", 7.0)):
        mode = [point.off if kind == "off" else point.on for point in points]
        parts += _marks(kind, [x + shift for x in places], mode, vertical)
    gains = [point.speedup for point in points]
    known = [gain for gain in gains if gain is not None and gain.value > 0.0]
    floor = _MIDDLE
    if known:
        lower = _scale([*known, Level(1.0, None, None, 1)], _FLOOR, _MIDDLE + _GAP)
        parts += _axis(lower, right, units.ratio, 4)
        captions.append(_caption(_MIDDLE + _GAP + 2.0, "speedup"))
        parts.append(element("path", class_="unity", d=f"M{_LEFT:g} {lower.at(1.0):.1f}H{right:.1f}"))
        parts += _marks("gain", places, gains, lower)
        floor = _FLOOR
    for x, point in zip(places, points, strict=True):
        parts.append(element("text", point.name, class_="tick", x=x, y=floor + 18.0, text_anchor="middle"))
    width, height = right + _RIGHT, floor + _BOTTOM
    return element(
        "svg", *parts, *captions, class_="chart strip-chart", role="img", aria_label=label,
        viewBox=f"0 0 {width:.0f} {height:.0f}", width=width, height=height,
    )  # fmt: skip


def _marks(kind: str, places: Sequence[float], levels: Sequence[Level | None], vertical: Scale) -> list[Markup]:
    """A line through the figures and each one with its whisker; the shape tells the modes apart, not colour alone."""
    known = [(x, level) for x, level in zip(places, levels, strict=True) if level is not None and level.value > 0.0]
    line = "M" + "L".join(f"{x:.1f} {vertical.at(level.value):.1f}" for x, level in known) if known else ""
    parts = [element("path", class_=f"line {kind} thin", d=line)] if len(known) > 1 else []
    for x, level in known:
        y = vertical.at(level.value)
        if level.low is not None and level.high is not None and 0.0 < level.low <= level.high < math.inf:
            d = f"M{x:.1f} {vertical.at(level.low):.1f}V{vertical.at(level.high):.1f}"
            parts.append(element("path", class_=f"reach {kind}", d=d))
            for bound, edge, tip in ((level.low, vertical.low, -5.0), (level.high, vertical.high, 5.0)):
                if bound < vertical.low or bound > vertical.high:  # an arrow says that it goes on outside
                    y_edge = vertical.at(edge)
                    arrow = f"M{x - 4.0:.1f} {y_edge + tip:.1f}L{x:.1f} {y_edge:.1f}L{x + 4.0:.1f} {y_edge + tip:.1f}"
                    parts.append(element("path", class_=f"reach {kind} beyond", d=arrow))
        if kind == "off":
            parts.append(element("rect", class_="point off", x=x - 4.0, y=y - 4.0, width=8.0, height=8.0))
        else:
            parts.append(element("circle", class_=f"point {kind}", cx=x, cy=y, r=4.4))
    return parts


def _scale(levels: Sequence[Level], start: float, end: float) -> Scale:
    bounds = [b for level in levels for b in (level.low, level.high) if b is not None and 0.0 < b < math.inf]
    values = [level.value for level in levels]
    near = [b for b in bounds if min(values) / 2.0 <= b <= max(values) * 2.0]
    low, high = min([*values, *near]), max([*values, *near])
    room = max((high / low) ** 0.08, 1.02)
    return Scale(low / room, high * room, start, end)


def _axis(vertical: Scale, right: float, form: Callable[[float | None], str], most: int) -> list[Markup]:
    parts = []
    for value in ticks(vertical.low, vertical.high, most):
        y = vertical.at(value)
        parts.append(element("path", class_="grid", d=f"M{_LEFT:g} {y:.1f}H{right:.1f}"))
        parts.append(element("text", form(value), class_="tick", x=_LEFT - 6.0, y=y + 4.0, text_anchor="end"))
    return parts


def _caption(y: float, text: str) -> Markup:
    return element("text", text, class_="tick caption", x=_LEFT + 2.0, y=y)
