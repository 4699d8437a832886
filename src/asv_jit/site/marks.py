"""Small marks for tables of thousands of rows: an interval on an axis, a trend. Short text, made without a tree.

Colours come from the style sheet by the row's verdict. All that goes into the text are numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from asv_jit.site.svg import Scale

__all__ = ["interval_mark", "trend_mark"]

_WIDTH = 80.0
_TREND_WIDTH, _TREND_HEIGHT = 72, 18


def interval_mark(ratio: float, low: float, high: float, reach: tuple[float, float]) -> Markup:
    """A speedup with its interval on an axis over `reach` with a line at 1; empty where there is none."""
    if not 0.0 < ratio < math.inf:
        return Markup("")
    scale = Scale(*reach, 4.0, _WIDTH - 4.0)
    known = low > 0.0 and math.isfinite(high)
    left, right = (scale.at(low), scale.at(high)) if known else (scale.at(ratio), scale.at(ratio))
    whisker = f'<path d="M{left:.1f} 8h{max(right - left, 0.0):.1f}"/>'
    dot = f'<circle cx="{scale.at(ratio):.1f}" cy="8" r="3.2"/>'
    return _svg("mark-i", _WIDTH, 16.0, f'<path d="M{scale.at(1.0):.1f} 1v14"/>{whisker}{dot}')


def trend_mark(values: Sequence[float | None], change: int | None = None) -> Markup:
    """The last values of a series; `change` is the place of the newest change of level. Empty with fewer than two."""
    known = [value for value in values if value is not None and 0.0 < value < math.inf]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    room = max((high / low) ** 0.1, 1.02)  # noise of a percent must not look like a cliff
    vertical = Scale(low / room, high * room, _TREND_HEIGHT - 2.0, 2.0)
    step = (_TREND_WIDTH - 6) / (len(values) - 1)
    spots = [
        (round(3 + place * step), round(vertical.at(value), 1))
        for place, value in enumerate(values)
        if value is not None and 0.0 < value < math.inf
    ]
    line = "".join(f"{'L' if place else 'M'}{x} {y:g}" for place, (x, y) in enumerate(spots))
    rule = f'<path class="mark-c" d="M{round(3 + change * step)} 1v{_TREND_HEIGHT - 2}"/>' if change is not None else ""
    end = f'<circle cx="{spots[-1][0]}" cy="{spots[-1][1]:g}" r="2.2"/>'
    return _svg("mark-t", _TREND_WIDTH, _TREND_HEIGHT, f'{rule}<path d="{line}"/>{end}')


def _svg(kind: str, width: float, height: float, inner: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and our own words only
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true">{inner}</svg>'
    )
