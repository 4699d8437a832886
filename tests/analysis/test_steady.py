from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_jit.analysis import steady
from asv_jit.analysis.steady import SteadyState, Warmup, agreement, classify, steady_time, warmup
from tests.acceptance import figure_5_steady, figure_6_speed_steady

Floats = npt.NDArray[np.float64]

NS = [30, 47, 120, 600, 2_000, 3_000]


def series(n: int, starts: dict[int, float], noise: float = 0.005, seed: int = 0) -> Floats:
    """Durations around a level that becomes the given one at each start."""
    level = np.ones(n)
    for start, height in starts.items():
        level[start:] = height
    return np.asarray(level * (1.0 + noise * np.random.default_rng(seed).standard_normal(n)))


@pytest.mark.parametrize("n", NS)
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_one_level_is_flat(n: int, noise: float) -> None:
    assert classify(series(n, {}, noise)) == SteadyState("flat", 0)


@pytest.mark.parametrize("n", NS)
def test_slow_first_iterations_are_warmup(n: int) -> None:
    assert classify(series(n, {0: 4.0, 1: 1.0})) == SteadyState("warmup", 1)
    assert classify(series(n, {0: 9.0, 1: 3.0, 2: 1.0})) == SteadyState("warmup", 2)


@pytest.mark.parametrize("n", NS)
def test_a_drop_once_compiled_is_warmup(n: int) -> None:
    assert classify(series(n, {0: 8.0, 1: 1.6, n // 3: 1.0})) == SteadyState("warmup", n // 3)


@pytest.mark.parametrize("n", NS)
def test_a_huge_first_iteration_does_not_hide_a_small_later_change(n: int) -> None:
    assert classify(series(n, {0: 1e6, 1: 1.05, n // 3: 1.0})) == SteadyState("warmup", n // 3)


@pytest.mark.parametrize("n", NS)
def test_a_rise_is_slowdown_even_after_warmup(n: int) -> None:
    assert classify(series(n, {n // 3: 1.2})) == SteadyState("slowdown", n // 3)
    assert classify(series(n, {0: 3.0, 1: 1.0, n // 2: 1.2})) == SteadyState("slowdown", n // 2)


@pytest.mark.parametrize("n", NS)
def test_a_change_in_the_last_sixth_is_no_steady_state(n: int) -> None:
    assert classify(series(n, {n - n // 8: 1.3})) == SteadyState("no_steady_state", None)


@pytest.mark.parametrize("n", [150, 3_000])
def test_a_slope_is_no_steady_state_however_flat_its_stairs(n: int) -> None:
    assert classify(series(n, {}) * np.linspace(1.0, 1.8, n)).kind == "no_steady_state"


def test_a_change_within_the_tolerance_is_none() -> None:
    durations = series(1_000, {400: 1.03}, 0.002)
    assert classify(durations, tolerance=0.05) == SteadyState("flat", 0)
    assert classify(durations, tolerance=0.01) == SteadyState("slowdown", 400)


@pytest.mark.parametrize("period", [7, 20, 50])
@pytest.mark.parametrize("n", [300, 3_000])
def test_regular_spikes_are_noise(n: int, period: int) -> None:
    durations = series(n, {})
    durations[period - 1 :: period] *= 2.0
    assert classify(durations) == SteadyState("flat", 0)
    start = period * (n // 3 // period)
    durations[:start] *= 1.4
    assert classify(durations) == SteadyState("warmup", start)


@pytest.mark.parametrize("where", [5, 15, 29])
def test_one_spike_in_thirty_iterations_is_noise(where: int) -> None:
    durations = series(30, {})
    durations[where] *= 3.0
    assert classify(durations) == SteadyState("flat", 0)


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=80), st.floats(0.0, 0.2))
def test_every_series_gets_a_consistent_answer(durations: list[float], tolerance: float) -> None:
    state = classify(durations, tolerance=tolerance)
    if state.kind == "no_steady_state":
        assert state.start is None
    elif state.kind == "flat":
        assert state.start == 0
    else:
        assert state.start is not None
        assert 0 < state.start < len(durations)
    assert min(durations) <= steady_time(durations, state) <= max(durations)


def test_two_alternating_durations_are_one_level_even_without_tolerance() -> None:
    assert classify([1.0, 2.0] * 14 + [1.0, 1.0], tolerance=0.0) == SteadyState("flat", 0)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(-30, 30))
def test_the_unit_does_not_matter(seed: int, exponent: int) -> None:
    durations = series(200, {0: 5.0, 1: 1.4, 70: 1.0}, 0.01, seed)
    assert classify(durations * 2.0**exponent) == classify(durations)


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_iterations_to_tell_are_flat(n: int) -> None:
    assert classify(np.arange(1.0, n + 1.0)) == SteadyState("flat", 0)


@pytest.mark.parametrize(
    ("durations", "message"),
    [
        ([], "at least one"),
        ([[1.0, 2.0]], "one dimension"),
        (1.0, "one dimension"),
        ([1.0, float("nan")], "found nan at index 1"),
        ([float("inf"), 1.0], "found inf at index 0"),
        ([1.0, 2.0, 0.0], "found 0.0 at index 2"),
        ([-1.0], "found -1.0 at index 0"),
    ],
)
def test_wrong_durations_are_refused(durations: npt.ArrayLike, message: str) -> None:
    state = SteadyState("flat", 0)
    for refuse in (classify, lambda wrong: steady_time(wrong, state), lambda wrong: warmup(wrong, state)):
        with pytest.raises(ValueError, match=message):
            refuse(durations)


@pytest.mark.parametrize("tolerance", [-0.01, float("nan"), float("inf")])
def test_a_wrong_tolerance_is_refused(tolerance: float) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        classify([1.0, 1.0], tolerance=tolerance)


def test_the_steady_time_is_the_median_of_the_steady_part() -> None:
    durations = [9.0, 5.0, 1.0, 2.0, 3.0]
    assert steady_time(durations, SteadyState("warmup", 2)) == 2.0
    assert steady_time(durations, SteadyState("flat", 0)) == 3.0


def test_without_steady_state_it_is_the_median_of_the_last_half() -> None:
    assert steady_time([9.0, 9.0, 1.0, 3.0], SteadyState("no_steady_state", None)) == 2.0
    assert steady_time([7.0], SteadyState("no_steady_state", None)) == 7.0


def test_warmup_is_what_it_took_and_what_it_cost() -> None:
    state = SteadyState("warmup", 2)
    assert warmup([5.0, 3.0, 1.0, 1.0, 1.0], state) == Warmup(2, 8.0)
    assert warmup([5.0, 3.0, 1.0, 1.0, 1.0], state, inner_loops=10) == Warmup(2, 80.0)
    assert warmup([1.0, 2.0, 2.0], SteadyState("slowdown", 1)) == Warmup(1, 1.0)
    assert warmup([1.0, 2.0], SteadyState("flat", 0)) == Warmup(0, 0.0)
    assert warmup([1.0, 2.0], SteadyState("no_steady_state", None)) is None


def test_a_state_of_other_durations_is_refused() -> None:
    with pytest.raises(ValueError, match="start 2 is not within the 2"):
        steady_time([1.0, 2.0], SteadyState("warmup", 2))
    with pytest.raises(ValueError, match="inner_loops"):
        warmup([1.0], SteadyState("flat", 0), inner_loops=0)


@pytest.mark.parametrize("kind", ["flat", "warmup", "slowdown", "no_steady_state"])
def test_like_kinds_agree(kind: str) -> None:
    assert agreement([kind] * 3) == kind


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["flat", "warmup", "flat"], "good_inconsistent"),
        (["flat", "slowdown"], "bad_inconsistent"),
        (["warmup", "no_steady_state"], "bad_inconsistent"),
        (["flat", "warmup", "slowdown"], "bad_inconsistent"),
    ],
)
def test_unlike_kinds_are_inconsistent(kinds: list[str], expected: str) -> None:
    assert agreement(kinds) == expected


@pytest.mark.parametrize("kinds", [[], ["flat", "fast"]])
def test_no_kinds_and_unknown_ones_are_refused(kinds: list[str]) -> None:
    with pytest.raises(ValueError, match="kinds"):
        agreement(kinds)


def test_ordinary_iterations_are_all_but_wild_ones_and_never_the_first() -> None:
    durations = series(1_000, {0: 50.0, 2: 1.0})
    durations[500] = 30.0
    assert np.setdiff1d(np.arange(1_000), steady.ordinary(durations)).tolist() == [500]


def test_figure_5_holds_on_synthetic_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(figure_5_steady.VARIABLE, raising=False)
    rows = figure_5_steady.evidence(0.02, seed=2)
    assert len(rows) == len(figure_5_steady.SHAPES) + 1
    assert [row for row in rows if not row.passed] == []


def test_figure_6_is_measured() -> None:
    # A timing is never asserted here: `make acceptance` does.
    (row,) = figure_6_speed_steady.evidence(0.01, seed=2)
    assert row.figure == "6"
