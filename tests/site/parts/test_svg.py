"""Scales and axes hold whatever a benchmark may return, the largest float and the least."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.cells.levels import Level
from asv_jit.site.parts.charts.release_strip import ReleasePoint, release_strip
from asv_jit.site.parts.charts.svg import Scale, ticks
from asv_jit.text import units

positive = st.floats(min_value=0.0, exclude_min=True, allow_infinity=False)


@given(positive, positive, positive)
def test_every_value_has_a_place_on_every_scale(one: float, other: float, value: float) -> None:
    low, high = sorted((one, other))
    for scale in (Scale(low, high, 100.0, 0.0), Scale(low / 1.02, high * 1.02, 100.0, 0.0)):
        assert 0.0 <= scale.at(value) <= 100.0
        assert len(ticks(scale.low, scale.high, 5)) <= 5


@pytest.mark.parametrize("values", [(1.7e308, 1.7e308), (5e-324, 5e-324), (5e-324, 1.7e308)])
def test_extreme_figures_are_drawn(values: tuple[float, float]) -> None:
    points = [
        ReleasePoint(name, Level(value, None, None, 1), None, None) for name, value in zip("ab", values, strict=True)
    ]
    drawn = str(release_strip(points, lambda value: units.quantity(value, "unit"), "a"))
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_an_interval_that_goes_on_outside_the_chart_is_marked() -> None:
    inside = ReleasePoint("3.14", Level(2e-3, 1.9e-3, 2.1e-3, 9), None, None)
    wide = ReleasePoint("3.15", Level(2e-3, 1.51e-3, 7.38e-3, 9), None, None)
    assert "beyond" not in str(release_strip([inside, inside], units.seconds, "a"))
    assert str(release_strip([inside, wide], units.seconds, "a")).count("beyond") == 1
