from __future__ import annotations

import pytest

from asv_jit.analysis.counts.curve import break_even_calls, curve_points, drift, steady_count


def ones(counts: list[int]) -> list[int]:
    return [1] * len(counts)


def test_the_steady_count_is_that_of_the_last_level_and_a_late_compilation_does_not_move_it() -> None:
    counts = [55_400_000, 17_523_362, 15_817_605, 15_817_605, 16_885_824, 15_817_605, 15_817_605, 15_817_605]
    state = steady_count(counts, ones(counts))
    assert state.instructions == 15_817_605
    assert state.start == 2
    assert state.warmup_instructions == sum(counts) - 8 * 15_817_605


def test_a_level_that_was_left_for_good_is_warm_up() -> None:
    counts = [900, *[500_000] * 5, *[400_000] * 8]
    state = steady_count(counts, ones(counts))
    assert (state.instructions, state.start) == (400_000, 6)


def test_counts_that_differ_by_a_few_instructions_are_one_level() -> None:
    counts = [28_617_938, 28_617_863, 28_617_889, 28_617_863]
    state = steady_count(counts, ones(counts))
    assert (state.instructions, state.start) == (28_617_863, 0)


def test_single_calls_before_longer_iterations_are_warm_up_by_their_share() -> None:
    state = steady_count([3_000, 1_500, 64_000, 64_000, 64_000, 64_000], [1, 1, 64, 64, 64, 64])
    assert (state.instructions, state.start) == (64_000, 2)
    assert state.warmup_instructions == 2_000 + 500


def test_a_single_iteration_is_its_own_level() -> None:
    assert steady_count([7], [1]).instructions == 7
    with pytest.raises(ValueError, match="at least one"):
        steady_count([], [])


def test_break_even_is_when_the_savings_of_calls_have_paid_the_warm_up() -> None:
    assert break_even_calls(off=30.0, on=20.0, off_warmup=5.0, on_warmup=105.0) == 10
    assert break_even_calls(off=30.0, on=20.0, off_warmup=5.0, on_warmup=1.0) == 0
    assert break_even_calls(off=20.0, on=20.0, off_warmup=0.0, on_warmup=1.0) is None


def test_counts_that_alternate_to_the_end_have_the_middle_one_of_the_last_half() -> None:
    found = steady_count([500, 300, 100, 300], [1] * 4)
    assert found.instructions == 100
    assert found.start == 2


def test_a_level_that_still_moves_is_told_by_how_much_and_one_that_settled_is_not() -> None:
    settled = ((1, 900), (1, 500), (20, 1000), (1, 1300), (20, 1000))
    falling = ((1, 900), (1, 500), *((1, 200_000 - 100 * number) for number in range(80)))
    assert drift(settled, 10) == 0.0
    assert drift(falling, 10) == pytest.approx(0.01, rel=0.1)
    assert drift(((1, 5),), 1) == 0.0


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
