from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.counts.comparison import CountComparison, are_same_calls, cause_of, compare_counts


def test_a_change_needs_all_seeds_and_its_figure_is_the_least_of_them() -> None:
    a = {1: [1000.0], 2: [1010.0], 3: [990.0]}
    more = compare_counts(a, {1: [1010.0], 2: [1018.0], 3: [1000.0]}, threshold=0.002)
    assert more.verdict == "more"
    assert more.change == pytest.approx(8 / 1010)
    assert compare_counts(a, {seed: [0.99 * v[0]] for seed, v in a.items()}, threshold=0.002).verdict == "fewer"


def test_small_changes_and_seeds_that_disagree_are_the_same() -> None:
    a = {1: [1000.0], 2: [1000.0]}
    assert compare_counts(a, {1: [1001.0], 2: [1500.0]}, threshold=0.002).verdict == "same"
    assert compare_counts(a, {1: [950.0], 2: [1050.0]}, threshold=0.002).verdict == "same"
    assert compare_counts(a, {1: [1020.0], 2: [1031.0]}, threshold=0.002).verdict == "same"  # 2.0 and 3.1%: by chance?
    assert compare_counts(a, {1: [1020.0], 2: [1029.0]}, threshold=0.002).verdict == "more"
    assert compare_counts(a, a, threshold=0.002).change == 0


def test_runs_of_one_seed_that_differ_are_named_and_give_no_verdict() -> None:
    found = compare_counts({1: [1000.0, 1001.0]}, {1: [2000.0]}, threshold=0.002)
    assert (found.verdict, found.change) == ("not repeatable", None)
    assert "hash seed 1 differ by 0.10%" in found.reason
    assert compare_counts({1: [1000.0, 1000.1]}, {1: [2000.0]}, threshold=0.002).verdict == "more"


def test_sides_without_a_common_seed_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="both sides"):
        compare_counts({1: [1.0]}, {2: [1.0]}, threshold=0.002)


def test_a_count_of_zero_is_compared_too() -> None:
    assert compare_counts({1: [0.0]}, {1: [0.0]}, threshold=0.002).verdict == "same"
    more = compare_counts({1: [0.0]}, {1: [5.0]}, threshold=0.002)
    assert (more.verdict, more.change) == ("more", math.inf)
    assert compare_counts({1: [5.0]}, {1: [0.0]}, threshold=0.002).verdict == "fewer"
    assert compare_counts({1: [0.0, 5.0]}, {1: [5.0]}, threshold=0.002).verdict == "not repeatable"


@pytest.mark.parametrize(
    ("off", "on", "cause", "moved"),
    [
        (0.01, 0.012, "code", "both"),
        (0.0008, 0.0037, "code", "both"),  # an assignment more in an outer loop
        (-0.01, None, "code", "both"),
        (0.0, 0.01, "jit", "on"),
        (0.0004, -0.01, "jit", "on"),
        (0.01, 0.0, "interpreter", "off"),
        (0.01, -0.01, "mixed", "unlike"),
    ],
)
def test_what_moved_is_told_from_both_modes(off: float, on: float | None, cause: str, moved: str) -> None:
    assert cause_of(off, on) == (cause, moved)


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ((900, 1000, 1000), True),  # the first call fills caches
        ((500, 1000, 1001), True),
        ((500, 1000, 1002), False),
        ((500, 1002, 998), False),  # as many together, but not each
        ((500, 1000), False),
        ((), False),
    ],
)
def test_builds_do_the_same_if_each_later_call_does(after: tuple[int, ...], same: bool) -> None:
    assert are_same_calls((500, 1000, 1000), after, tolerance=0.001) == same


def test_a_single_call_is_compared_and_none_is_no_answer() -> None:
    assert are_same_calls((1000,), (1001,), tolerance=0.001)
    assert not are_same_calls((1000,), (1002,), tolerance=0.001)
    assert not are_same_calls((), (), tolerance=0.001)


def test_seeds_agree_on_the_least_change_or_on_none() -> None:
    assert CountComparison("more", 0.01, {1: 0.02, 2: 0.01}).agreed == 0.01
    assert CountComparison("fewer", -0.01, {1: -0.02, 2: -0.01}).agreed == -0.01
    assert CountComparison("same", 0.01, {1: -0.02, 2: 0.01}).agreed == 0.0


_COUNT = st.integers(min_value=100_000, max_value=10**10)
_WOBBLE = st.floats(min_value=-0.00024, max_value=0.00024)  # two of them differ by less than what is repeatable


@given(st.lists(st.tuples(_COUNT, st.lists(_WOBBLE, min_size=2, max_size=4)), min_size=1, max_size=3))
def test_no_repeatable_count_changes_against_itself(seeds: list[tuple[int, list[float]]]) -> None:
    a = {seed: [count * (1 + one) for one in wobbles[:1]] for seed, (count, wobbles) in enumerate(seeds)}
    b = {seed: [count * (1 + one) for one in wobbles[1:]] for seed, (count, wobbles) in enumerate(seeds)}
    assert compare_counts(a, b, threshold=0.002).verdict == "same"


@given(
    st.lists(st.tuples(_COUNT, _WOBBLE, _WOBBLE), min_size=1, max_size=3), st.floats(min_value=0.0026, max_value=0.5)
)
def test_a_planted_change_beyond_the_threshold_is_always_found(
    seeds: list[tuple[int, float, float]], planted: float
) -> None:
    a = {seed: [count * (1 + before)] for seed, (count, before, _) in enumerate(seeds)}
    b = {seed: [count * (1 + planted) * (1 + after)] for seed, (count, _, after) in enumerate(seeds)}
    assert compare_counts(a, b, threshold=0.002).verdict == "more"
    assert compare_counts(b, a, threshold=0.002).verdict == "fewer"


def test_a_change_by_less_than_the_counts_still_moved_is_neither_a_change_nor_the_same() -> None:
    a, b = {1: [1000.0], 2: [1000.0]}, {1: [1010.0], 2: [1011.0]}
    found = compare_counts(a, b, threshold=0.002, drift=0.02)
    assert (found.verdict, found.change) == ("not steady", pytest.approx(0.01))
    assert "still moved by 2.00%" in found.reason
    assert compare_counts(a, b, threshold=0.002, drift=0.005).verdict == "more"
    assert compare_counts(a, b, threshold=0.05, drift=0.1).verdict == "same"
    assert compare_counts(a, a, threshold=0.002, drift=0.1).verdict == "same"
