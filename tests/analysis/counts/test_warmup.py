"""Points of a curve of counts, on curves made by hand."""

from __future__ import annotations

import pytest

from asv_jit.analysis.counts.warmup import curve_points


def test_single_calls_come_first_and_equal_iterations_are_their_ends() -> None:
    points = curve_points([(1, 900), (1, 120), (3, 1000), (1, 1500), (2, 1000)], 10)
    assert [(point.calls, point.per_call) for point in points] == [
        (1, 900.0), (2, 120.0), (12, 100.0), (32, 100.0), (42, 150.0), (52, 100.0), (62, 100.0),
    ]  # fmt: skip


def test_what_stands_above_the_next_iteration_took_more() -> None:
    points = curve_points([(1, 900), (1, 100), (3, 1000), (1, 1500), (2, 1000)], 10)
    assert [point.excess for point in points] == [800, 0, 0, 0, 500, 0, 0]


def test_two_equal_single_calls_are_told_from_the_iterations_that_equal_them() -> None:
    assert [point.calls for point in curve_points([(4, 100)], 1)] == [1, 2, 3, 4]


@pytest.mark.parametrize("curve", [[(0, 5)], [(1, 0)], [(-1, 5)]])
def test_what_is_not_a_curve_has_no_points(curve: list[tuple[int, int]]) -> None:
    assert curve_points(curve, 1) == []
    assert curve_points([(1, 1)], 0) == []
