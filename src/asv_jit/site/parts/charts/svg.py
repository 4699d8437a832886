"""SVG as safe text: elements with escaped attributes and texts, and scales from values to places."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape
from msgspec import Struct


def element(tag: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """`<tag …>children</tag>`; in names `_` stands for `-`, `class_` for `class`; None is left out.

    A site has hundreds of thousands of elements: texts are escaped one by one and joined as plain text.
    """
    known = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None]
    written = "".join([f' {name}="{_text(value)}"' for name, value in known])
    inner = "".join([str(escape(child)) for child in children])
    return Markup(f"<{tag}{written}>{inner}</{tag}>")  # noqa: S704 - every text in it went through escape


def path(points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """The `d` of a polyline through `points`."""
    steps = (f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points))
    return "".join(steps) + ("Z" if closed else "")


_LEAST, _MOST = 1e-300, 1e300
"""What a scale reaches at most: beyond, the room that a chart leaves around its values is no number any more."""


class Scale(Struct, frozen=True):
    """Logarithmic: `low` lies at `start`, `high` at `end`; values outside are drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a positive value."""
        low, high = _log(self.low), _log(self.high)
        if low == high:
            return (self.start + self.end) / 2.0
        share = (min(max(_log(value), low), high) - low) / (high - low)
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round values within [`low`, `high`], at most `most`, for a logarithmic axis."""
    low, high = max(low, _LEAST), min(high, _MOST)
    span = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.5, 2.8, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0)
    for steps in (fine, (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0,)):
        found = [s * 10.0**e for e in span for s in steps if low <= s * 10.0**e <= high]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def _log(value: float) -> float:
    return math.log(min(max(value, _LEAST), _MOST))


def _text(value: str | float) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, int | float) else str(escape(value))
