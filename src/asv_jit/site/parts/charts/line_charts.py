"""A series as a small drawing for readers without scripts: bands and lines, and no more text than two axes need."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.site.parts.charts.svg import Scale, element, ticks

_WIDTH, _HEIGHT = 420.0, 170.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 10.0, 10.0, 24.0


class Line(Struct, frozen=True):
    """One track; `kind` names its style (`off`, `on` or `plain`). NaN where a point has no value or no bound."""

    kind: str
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def line_chart(lines: Sequence[Line], ends: tuple[str, str], label: str, form: Callable[[float], str]) -> Markup:
    """`lines` over points of equal distance, which `ends` name; empty with fewer than two positive values."""
    known = [value for line in lines for value in line.values if 0.0 < value < math.inf]
    if len(known) < 2:
        return Markup("")
    near = [b for line in lines for b in (*line.low, *line.high) if min(known) / 1.5 <= b <= max(known) * 1.5]
    low, high = min([*known, *near]), max([*known, *near])
    room = max((high / low) ** 0.06, 1.02)
    vertical = Scale(low / room, high * room, _HEIGHT - _BOTTOM, _TOP)
    count = max(len(line.values) for line in lines)
    step = (_WIDTH - _LEFT - _RIGHT - 12.0) / max(count - 1, 1)
    parts = []
    for value in ticks(vertical.low, vertical.high, 4):
        y = vertical.at(value)
        parts.append(element("path", class_="grid", d=f"M{_LEFT:g} {y:.0f}H{_WIDTH - _RIGHT:g}"))
        parts.append(element("text", form(value), class_="tick", x=_LEFT - 6.0, y=y + 4.0, text_anchor="end"))
    for line in lines:
        parts += _drawn(line, vertical, step)
    parts.append(element("text", ends[0], class_="tick", x=_LEFT + 6.0, y=_HEIGHT - 6.0))
    parts.append(element("text", ends[1], class_="tick", x=_WIDTH - _RIGHT, y=_HEIGHT - 6.0, text_anchor="end"))
    box = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    return element("svg", *parts, class_="chart", role="img", aria_label=label, viewBox=box)


def _drawn(line: Line, vertical: Scale, step: float) -> list[Markup]:
    places = [_LEFT + 6.0 + place * step for place in range(len(line.values))]
    spots = [(x, vertical.at(v)) for x, v in zip(places, line.values, strict=True) if 0.0 < v < math.inf]
    bounded = [
        (x, vertical.at(a), vertical.at(b))
        for x, a, b in zip(places, line.low, line.high, strict=True)
        if 0.0 < a <= b < math.inf
    ]
    parts = []
    if len(bounded) > 1:
        outline = [(x, high) for x, _, high in bounded] + [(x, low) for x, low, _ in reversed(bounded)]
        parts.append(element("path", class_=f"band {line.kind}", d=_path(outline) + "Z"))
    parts.append(element("path", class_=f"line {line.kind}", d=_path(spots)))
    if spots:
        parts.append(element("circle", class_=f"point {line.kind}", cx=spots[-1][0], cy=spots[-1][1], r=3.2))
    return parts


def _path(spots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in spots) if spots else ""
