"""Small marks for tables of thousands of rows: an interval on an axis, a trend. Short text, made without a tree.

Colours come from the style sheet by the row's verdict. All that goes into the text are numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup

from asv_jit.analysis.speedup import Speedup
from asv_jit.site.parts.charts.svg import Scale

_WIDTH = 80.0
_TREND_WIDTH, _TREND_HEIGHT = 144, 36  # half pixels
_TREND_BOTTOM, _TREND_TOP = _TREND_HEIGHT - 4.0, 4.0


def interval_mark(speedup: Speedup | None, reach: tuple[float, float]) -> Markup:
    """Draw a speedup with its interval on an axis over `reach` with a line at 1; empty if there is none."""
    if speedup is None or not 0.0 < speedup.ratio < math.inf:
        return Markup("")
    ratio, low, high = speedup.ratio, speedup.low, speedup.high
    scale = Scale(*reach, 4.0, _WIDTH - 4.0)
    known = low > 0.0 and math.isfinite(high)
    left, right = (scale.at(low), scale.at(high)) if known else (scale.at(ratio), scale.at(ratio))
    whisker = f'<path d="M{left:.1f} 8h{max(right - left, 0.0):.1f}"/>'
    dot = f'<circle cx="{scale.at(ratio):.1f}" cy="8" r="3.2"/>'
    return _svg("mark-i", _WIDTH, 16.0, f'<path d="M{scale.at(1.0):.1f} 1v14"/>{whisker}{dot}')


def trend_mark(values: Sequence[float | None], change: int | None = None) -> Markup:
    """The last values of a series; `change` is the place of the newest change of level. Empty with fewer than two.

    None and what a logarithmic axis has no place for are gaps. A table has 60,000 of these points: they stand on a grid
    of half pixels, each told from the one before, and the last one is a line of no length with round ends.
    """
    across = _across(len(values))
    shown = [
        (x, value) for x, value in zip(across, values, strict=True) if value is not None and 0.0 < value < math.inf
    ]
    if len(shown) < 2:
        return Markup("")
    values_shown = [value for _, value in shown]
    least, largest = min(values_shown), max(values_shown)
    room = max((largest / least) ** 0.1, 1.02)  # noise of a percent must not look like a cliff
    low = least / room
    scale = (_TREND_BOTTOM - _TREND_TOP) / math.log(largest * room / low)
    heights = [round(_TREND_BOTTOM - math.log(value / low) * scale) for value in values_shown]
    steps = [
        f"{x - x0}{y - y0}" if y < y0 else f"{x - x0} {y - y0}"
        for (x0, _), y0, (x, _), y in zip(shown, heights, shown[1:], heights[1:], strict=False)
    ]
    rule = f'<path class="mark-c" d="M{across[change]} 2v{_TREND_HEIGHT - 4}"/>' if change is not None else ""
    line = f'<path d="M{shown[0][0]} {heights[0]}l{" ".join(steps)}"/>'
    end = f'<path d="M{shown[-1][0]} {heights[-1]}h0"/>'
    return _svg("mark-t", _TREND_WIDTH, _TREND_HEIGHT, f"{rule}{line}{end}")


@lru_cache(maxsize=64)
def _across(count: int) -> tuple[int, ...]:
    """The places of `count` points from left to right."""
    step = (_TREND_WIDTH - 12) / max(count - 1, 1)
    return tuple(round(6 + place * step) for place in range(count))


def _svg(kind: str, width: float, height: float, inner: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and our own words only
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" aria-hidden="true">{inner}</svg>'
    )
