"""A series as a small drawing for readers without scripts: bands and lines, and no more text than two axes need."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.site.parts.charts.svg import Scale, drawing, element, line, roomy, text, y_axis

_WIDTH, _HEIGHT = 420.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 410.0, 10.0, 146.0


class Line(Struct, frozen=True):
    """One track; `kind` names its style (`off`, `on` or `plain`). NaN where a point has no value or no bound."""

    kind: str
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def line_chart(lines: Sequence[Line], ends: tuple[str, str], label: str, form: Callable[[float], str]) -> Markup:
    """Draw `lines` over points of equal distance, which `ends` name; empty with fewer than two positive values."""
    values = [value for track in lines for value in track.values if 0.0 < value < math.inf]
    if len(values) < 2:
        return Markup("")
    near = [b for track in lines for b in (*track.low, *track.high) if min(values) / 1.5 <= b <= max(values) * 1.5]
    vertical = roomy(min([*values, *near]), max([*values, *near]), _BOTTOM, _TOP)
    count = max(len(track.values) for track in lines)
    places = [_LEFT + 6.0 + place * (_RIGHT - _LEFT - 12.0) / max(count - 1, 1) for place in range(count)]
    parts = y_axis(vertical, _LEFT, _RIGHT, form, 4)
    for track in lines:
        parts += _drawn(track, vertical, places)
    parts += [text(ends[0], _LEFT + 6.0, _HEIGHT - 6.0), text(ends[1], _RIGHT, _HEIGHT - 6.0, anchor="end")]
    return drawing(parts, label, _WIDTH, _HEIGHT)


def _drawn(track: Line, vertical: Scale, places: Sequence[float]) -> list[Markup]:
    points = list(zip(places, track.values, track.low, track.high, strict=False))
    spots = [(x, vertical.at(value)) for x, value, _, _ in points if 0.0 < value < math.inf]
    bounded = [(x, vertical.at(low), vertical.at(high)) for x, _, low, high in points if 0.0 < low <= high < math.inf]
    parts = []
    if len(bounded) > 1:
        outline = [(x, high) for x, _, high in bounded] + [(x, low) for x, low, _ in reversed(bounded)]
        parts.append(line(f"band {track.kind}", outline, closed=True))
    parts.append(line(f"line {track.kind}", spots))
    if spots:
        parts.append(element("circle", class_=f"point {track.kind}", cx=spots[-1][0], cy=spots[-1][1], r=3.2))
    return parts
