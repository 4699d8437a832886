"""SVG as safe text: elements with escaped attributes and texts, logarithmic scales, and axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape
from msgspec import Struct

_LEAST, _MOST = 1e-300, 1e300
"""The range of a scale: beyond it the room around a chart's values would overflow."""


def element(tag: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Return `<tag …>children</tag>`; in names `_` stands for `-`, `class_` for `class`; None is omitted.

    A site has hundreds of thousands of elements: texts are escaped one by one and joined as plain text.
    """
    known = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None]
    written = "".join([f' {name}="{_attribute(value)}"' for name, value in known])
    inner = "".join([str(escape(child)) for child in children])
    return Markup(f"<{tag}{written}>{inner}</{tag}>")  # noqa: S704 - every text in it went through escape


def drawing(parts: Sequence[Markup], label: str, width: float, height: float, kind: str = "chart") -> Markup:
    """Return a whole drawing; `label` is what a screen reader says."""
    box = f"0 0 {width:.0f} {height:.0f}"
    return element("svg", *parts, class_=kind, role="img", aria_label=label, viewBox=box, width=width, height=height)


def text(words: str, x: float, y: float, kind: str = "tick", anchor: str | None = None) -> Markup:
    """Return a text at (`x`, `y`); `anchor` is its `middle` or `end`."""
    return element("text", words, class_=kind, x=x, y=y, text_anchor=anchor)


def line(kind: str, points: Sequence[tuple[float, float]], *, closed: bool = False) -> Markup:
    """Return a polyline through `points`; `kind` is its style."""
    steps = (f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points))
    return element("path", class_=kind, d="".join(steps) + ("Z" if closed else ""))


class Scale(Struct, frozen=True):
    """Logarithmic: `low` lies at `start`, `high` at `end`; values outside are drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a positive value."""
        low, high = _log(self.low), _log(self.high)
        if low == high:
            return (self.start + self.end) / 2.0
        share = (min(max(_log(value), low), high) - low) / (high - low)
        return self.start + share * (self.end - self.start)


def roomy(low: float, high: float, start: float, end: float, share: float = 0.06) -> Scale:
    """Return a scale with some room around [`low`, `high`], so that noise of a percent is no cliff."""
    room = max((high / low) ** share, 1.02)
    return Scale(low / room, high * room, start, end)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values within [`low`, `high`], at most `most`, for a logarithmic axis."""
    low, high = max(low, _LEAST), min(high, _MOST)
    span = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.5, 2.8, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0)
    for steps in (fine, (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0,)):
        values = [s * 10.0**e for e in span for s in steps if low <= s * 10.0**e <= high]
        if len(values) <= most:
            return values
    return values[:: math.ceil(len(values) / most)]


def y_axis(scale: Scale, left: float, right: float, form: Callable[[float], str], most: int = 6) -> list[Markup]:
    """Return horizontal grid lines from `left` to `right` with their values."""
    parts = []
    for value in ticks(scale.low, scale.high, most):
        y = scale.at(value)
        parts += [line("grid", [(left, y), (right, y)]), text(form(value), left - 6.0, y + 4.0, anchor="end")]
    return parts


def x_axis(scale: Scale, top: float, bottom: float, form: Callable[[float], str], caption: str) -> list[Markup]:
    """Return vertical grid lines from `top` to `bottom` with their values, and what they are values of."""
    parts = []
    for value in ticks(scale.low, scale.high, 5):
        x = scale.at(value)
        parts += [line("grid", [(x, top), (x, bottom)]), text(form(value), x, bottom + 16.0, anchor="middle")]
    return [*parts, text(caption, scale.end, bottom + 30.0, anchor="end")]


def _log(value: float) -> float:
    return math.log(min(max(value, _LEAST), _MOST))


def _attribute(value: str | float) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, int | float) else str(escape(value))
