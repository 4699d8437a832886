"""A case over the Python releases: both absolute times, and below them the speedup, on the same places."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.levels import Level
from asv_jit.site.parts.charts.svg import Scale, drawing, element, line, roomy, text, y_axis
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
    """Draw `points` from old to new, with whiskers for their intervals; empty with fewer than two."""
    levels = [level for point in points for level in (point.off, point.on) if level is not None and level.value > 0.0]
    if len(points) < 2 or len(levels) < 2:
        return Markup("")
    step = min((_WIDTH - _LEFT - _RIGHT) / len(points), _STEP_MOST)
    places = [_LEFT + step * (place + 0.5) for place in range(len(points))]
    right, floor = _LEFT + step * len(points), _MIDDLE
    vertical = _scale(levels, _MIDDLE, _TOP)
    parts = y_axis(vertical, _LEFT, right, form, 5)
    captions = [_caption(_TOP, "time per call" if form is units.seconds else "value")]
    parts += _marks("off", [x - 7.0 for x in places], [point.off for point in points], vertical)
    parts += _marks("on", [x + 7.0 for x in places], [point.on for point in points], vertical)
    gains = [point.speedup for point in points]
    known = [gain for gain in gains if gain is not None and gain.value > 0.0]
    if known:
        lower = _scale([*known, Level(1.0, None, None, 1)], _FLOOR, _MIDDLE + _GAP)
        parts += y_axis(lower, _LEFT, right, units.ratio, 4)
        captions.append(_caption(_MIDDLE + _GAP, "speedup"))
        parts.append(line("unity", [(_LEFT, lower.at(1.0)), (right, lower.at(1.0))]))
        parts += _marks("gain", places, gains, lower)
        floor = _FLOOR
    parts += [text(point.name, x, floor + 18.0, anchor="middle") for x, point in zip(places, points, strict=True)]
    return drawing([*parts, *captions], label, right + _RIGHT, floor + _BOTTOM, "chart strip-chart")


def _marks(kind: str, places: Sequence[float], levels: Sequence[Level | None], vertical: Scale) -> list[Markup]:
    """Draw a line through the figures and their whiskers; shapes tell the modes apart, not colour alone."""
    spots = [(x, level) for x, level in zip(places, levels, strict=True) if level is not None and level.value > 0.0]
    parts = []
    if len(spots) > 1:
        parts.append(line(f"line {kind} thin", [(x, vertical.at(level.value)) for x, level in spots]))
    for x, level in spots:
        y = vertical.at(level.value)
        if level.low is not None and level.high is not None and 0.0 < level.low <= level.high < math.inf:
            parts.append(line(f"reach {kind}", [(x, vertical.at(level.low)), (x, vertical.at(level.high))]))
            for bound, edge, tip in ((level.low, vertical.low, -5.0), (level.high, vertical.high, 5.0)):
                if bound < vertical.low or bound > vertical.high:  # an arrow says that it goes on outside
                    end = vertical.at(edge)
                    parts.append(line(f"reach {kind} beyond", [(x - 4.0, end + tip), (x, end), (x + 4.0, end + tip)]))
        if kind == "off":
            parts.append(element("rect", class_="point off", x=x - 4.0, y=y - 4.0, width=8.0, height=8.0))
        else:
            parts.append(element("circle", class_=f"point {kind}", cx=x, cy=y, r=4.4))
    return parts


def _scale(levels: Sequence[Level], start: float, end: float) -> Scale:
    values = [level.value for level in levels]
    bounds = [bound for level in levels for bound in (level.low, level.high) if bound is not None]
    near = [bound for bound in bounds if min(values) / 2.0 <= bound <= max(values) * 2.0]
    return roomy(min([*values, *near]), max([*values, *near]), start, end, 0.08)


def _caption(y: float, words: str) -> Markup:
    return text(words, _LEFT + 2.0, y + 2.0, "tick caption")
