"""Marks in tables: what a trend's short text draws."""

from __future__ import annotations

import math
import re

import pytest

from asv_jit.site.parts.charts.trends import trend_mark


def _drawn(text: str) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """The places of the line's points, and of the last one's dot."""
    line, dot = re.findall(r'<path d="([^"]*)"', text)
    start, _, steps = line.removeprefix("M").partition("l")
    x, y = map(int, start.split())
    points = [(x, y)]
    numbers = [int(one) for one in re.findall(r"-?\d+", steps)]
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x, y))
    end = re.fullmatch(r"M(\d+) (\d+)h0", dot)
    assert end is not None
    return points, (int(end[1]), int(end[2]))


def test_points_stand_where_their_logarithms_are_and_the_dot_on_the_last_one() -> None:
    values = [1.0, 1.5, 0.9, math.inf, 2.2, None, 1.1, 1.1, 3.0]
    points, dot = _drawn(trend_mark(values))
    known = [value for value in values if value is not None and math.isfinite(value)]
    assert len(points) == len(known)
    assert dot == points[-1]
    low, high = min(known) / (3.0 / 0.9) ** 0.1, max(known) * (3.0 / 0.9) ** 0.1
    for (_, y), value in zip(points, known, strict=True):
        assert y == pytest.approx(32 - 28 * math.log(value / low) / math.log(high / low), abs=0.51)
    assert [x for x, _ in points] == [6, 22, 39, 72, 105, 122, 138]  # gaps keep their room


def test_a_change_is_marked_at_its_point() -> None:
    assert '<path class="mark-c" d="M72 2v32"/>' in trend_mark([1.0, 2.0, 3.0], 1)


def test_one_value_is_no_trend() -> None:
    assert trend_mark([None, 1.0, math.nan, -1.0]) == ""
