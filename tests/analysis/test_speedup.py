from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from asv_jit.analysis import speedup
from asv_jit.analysis.speedup import estimate, looks, next_step, toll

MIRROR = {"faster": "slower", "slower": "faster", "same": "same", "unclear": "unclear"}

times = st.floats(1e-9, 1e3)
pairs_of_times = st.lists(st.tuples(times, times), min_size=2, max_size=50)


def noisy_pairs(pairs: int, *, ratio: float = 1.0, noise: float = 0.01, seed: int = 1):
    rng = np.random.default_rng(seed)
    on = np.exp(rng.normal(0.0, 0.2, pairs))
    return on * ratio * np.exp(rng.normal(0.0, noise, pairs)), on


def on_a_shared_host(pairs: int, *, ratio: float, noise: float, seed: int):
    """A neighbour slows one arm of a seventh of all pairs by half."""
    off, on = noisy_pairs(pairs, ratio=ratio, noise=noise, seed=seed)
    return off * np.exp(np.random.default_rng(seed).choice([-0.45, 0.0, 0.45], pairs, p=[0.07, 0.86, 0.07])), on


@pytest.mark.parametrize("seed", range(20))
def test_a_neighbour_on_the_host_neither_widens_nor_moves_the_answer(seed: int) -> None:
    off, on = on_a_shared_host(22, ratio=1.1, noise=0.01, seed=seed)
    found = estimate(off, on, alpha=0.002, equivalence=0.02)
    as_means = stats.ttest_rel(np.log(off), np.log(on)).confidence_interval(0.998)
    assert found.half_width < (as_means.high - as_means.low) / 2 / 3
    assert found.verdict == "faster"
    assert found.ratio == pytest.approx(1.1, rel=0.02)


def test_a_neighbour_on_the_host_does_not_keep_the_loop_going() -> None:
    off, on = on_a_shared_host(45, ratio=1.0, noise=0.007, seed=1)
    assert next_step(off[:14], on[:14]) == "stop"


# Against the paired t test of scipy


@pytest.mark.parametrize("pairs", [2, 3, 6, 7, 10, 15, 21, 44, 100])
@pytest.mark.parametrize("alpha", [0.002, 0.05])
def test_is_the_paired_t_test_on_logs(pairs: int, alpha: float) -> None:
    off, on = noisy_pairs(pairs, ratio=1.01, seed=pairs)
    expected = stats.ttest_rel(np.log(off), np.log(on))
    bounds = expected.confidence_interval(1 - alpha)
    found = estimate(off, on, alpha=alpha, equivalence=0.0)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((np.exp(bounds.low), np.exp(bounds.high)), rel=1e-9)
    assert found.ratio == pytest.approx(stats.gmean(off) / stats.gmean(on))
    assert found.half_width == pytest.approx((bounds.high - bounds.low) / 2)
    assert found.pairs == pairs


@pytest.mark.parametrize("pairs", [5, 8, 9, 14, 22, 32, 41, 45])
def test_where_the_loop_looks_the_interval_pays_the_toll(pairs: int) -> None:
    off, on = noisy_pairs(pairs, ratio=1.01, seed=pairs)
    expected = stats.ttest_rel(np.log(off), np.log(on))
    bounds = expected.confidence_interval(0.95)
    found = estimate(off, on, alpha=0.05, equivalence=0.0)
    assert toll(pairs) > 1.0
    assert found.half_width == pytest.approx(toll(pairs) * (bounds.high - bounds.low) / 2)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(expected.statistic) / toll(pairs), pairs - 1))


@pytest.mark.parametrize("pairs", [6, 8, 20, 45])
@pytest.mark.parametrize("ratio", [0.97, 0.985, 1.0, 1.005, 1.012, 1.02, 1.1])
def test_same_is_two_one_sided_tests(pairs: int, ratio: float) -> None:
    off, on = noisy_pairs(pairs, ratio=ratio, seed=pairs)
    logs = np.log(off / on)
    bound = np.log(1.02)
    error = stats.sem(logs) * toll(pairs)
    below = stats.t.cdf((logs.mean() - bound) / error, pairs - 1)
    above = stats.t.sf((logs.mean() + bound) / error, pairs - 1)
    found = estimate(off, on, alpha=0.002, equivalence=0.02)
    assert (found.verdict == "same") == (max(below, above) <= 0.05)


# Invariances


@given(pairs_of_times, st.sampled_from([0.002, 0.05, 0.3]), st.sampled_from([0.0, 0.02, 0.5]))
def test_exchanging_the_arms_inverts_the_ratio_and_mirrors_the_verdict(pairs, alpha, equivalence) -> None:
    off, on = map(list, zip(*pairs, strict=True))
    one = estimate(off, on, alpha=alpha, equivalence=equivalence)
    other = estimate(on, off, alpha=alpha, equivalence=equivalence)
    assert other.verdict == MIRROR[one.verdict]
    assert math.log(other.ratio) == pytest.approx(-math.log(one.ratio), abs=1e-12)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-9)  # the sums end in another last bit
    if one.low > 0.0 and one.high < math.inf:
        assert other.low == pytest.approx(1 / one.high, rel=1e-9)
        assert other.high == pytest.approx(1 / one.low, rel=1e-9)


@given(pairs_of_times, st.floats(1e-6, 1e6))
def test_the_unit_of_time_does_not_matter(pairs, factor) -> None:
    off, on = (np.array(arm) for arm in zip(*pairs, strict=True))
    one = estimate(off, on, alpha=0.05, equivalence=0.02)
    other = estimate(off * factor, on * factor, alpha=0.05, equivalence=0.02)
    assert math.log(other.ratio) == pytest.approx(math.log(one.ratio), abs=1e-11)
    assert other.half_width == pytest.approx(one.half_width, rel=1e-9, abs=1e-11)


@given(pairs_of_times, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(pairs, random) -> None:
    shuffled = pairs.copy()
    random.shuffle(shuffled)
    one, other = (
        estimate(*map(list, zip(*order, strict=True)), alpha=0.05, equivalence=0.02) for order in (pairs, shuffled)
    )
    assert math.log(other.ratio) == pytest.approx(math.log(one.ratio), abs=1e-11)
    assert other.half_width == pytest.approx(one.half_width, rel=1e-9, abs=1e-11)


@given(pairs_of_times, st.sampled_from([0.002, 0.05, 0.3]))
def test_p_value_interval_and_verdict_tell_one_story(pairs, alpha) -> None:
    off, on = map(list, zip(*pairs, strict=True))
    found = estimate(off, on, alpha=alpha, equivalence=0.0)
    assume(abs(found.p_value - alpha) > 1e-9)
    decided = found.verdict in ("faster", "slower")
    assert found.low <= found.ratio <= found.high
    assert decided == (found.low > 1.0 or found.high < 1.0) == (found.p_value < alpha)
    assert found.verdict != "same"
    if decided:
        assert found.verdict == ("faster" if found.ratio > 1.0 else "slower")


@given(pairs_of_times)
def test_what_is_same_lies_within_the_equivalence_as_a_ratio(pairs) -> None:
    off, on = map(list, zip(*pairs, strict=True))
    found = estimate(off, on, alpha=0.1, equivalence=0.3)
    if found.verdict == "same":
        assert found.low >= 0.7
        assert found.high <= 1.3 + 1e-12


# Verdicts and edges


@pytest.mark.parametrize(
    ("ratio", "noise", "equivalence", "verdict"),
    [
        (1.00, 0.003, 0.02, "same"),
        (1.01, 0.001, 0.02, "same"),  # significant, but too small to matter
        (1.01, 0.001, 0.0, "faster"),
        (0.99, 0.001, 0.0, "slower"),
        (1.10, 0.003, 0.02, "faster"),
        (0.90, 0.003, 0.02, "slower"),
        (1.00, 0.1, 0.02, "unclear"),
        (1.00, 0.003, 0.0, "unclear"),
    ],
)
def test_verdicts(ratio: float, noise: float, equivalence: float, verdict: str) -> None:
    off, on = noisy_pairs(10, ratio=ratio, noise=noise)
    assert estimate(off, on, alpha=0.002, equivalence=equivalence).verdict == verdict


@pytest.mark.parametrize("equivalence", [0.0, 0.02])
def test_pairs_without_spread_have_an_interval_of_no_width(equivalence: float) -> None:
    alike = estimate([0.3] * 5, [0.3] * 5, alpha=0.002, equivalence=equivalence)
    assert (alike.ratio, alike.low, alike.high, alike.p_value) == (1.0, 1.0, 1.0, 1.0)
    assert alike.verdict == ("same" if equivalence else "unclear")
    doubled = estimate([0.6] * 5, [0.3] * 5, alpha=0.002, equivalence=equivalence)
    assert doubled.ratio == pytest.approx(2.0)
    assert doubled.verdict == "faster"
    assert doubled.p_value == pytest.approx(0.0, abs=1e-12)


def test_fewer_than_two_pairs_say_nothing() -> None:
    one = estimate([2.0], [1.0], alpha=0.05, equivalence=0.5)
    assert (one.ratio, one.low, one.high) == (2.0, 0.0, math.inf)
    assert (one.p_value, one.verdict, one.pairs) == (1.0, "unclear", 1)
    none = estimate([], [], alpha=0.05, equivalence=0.5)
    assert math.isnan(none.ratio)
    assert (none.low, none.high, none.verdict, none.pairs) == (0.0, math.inf, "unclear", 0)


def test_two_wild_pairs_give_an_interval_without_bounds() -> None:
    found = estimate([1e-200, 1e200], [1.0, 1.0], alpha=0.002, equivalence=0.0)
    assert (found.low, found.high, found.verdict) == (0.0, math.inf, "unclear")


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ([1.0, 2.0], [1.0]),
        ([1.0, 0.0], [1.0, 1.0]),
        ([1.0, -1.0], [1.0, 1.0]),
        ([1.0, 1.0], [1.0, math.nan]),
        ([1.0, 1.0], [1.0, math.inf]),
        ([[1.0], [1.0]], [[1.0], [1.0]]),
    ],
)
def test_refuses_what_is_not_pairs_of_times(off, on) -> None:
    for function in (
        lambda: estimate(off, on, alpha=0.05, equivalence=0.02),
        lambda: next_step(off, on),
    ):
        with pytest.raises(ValueError, match="pair|positive"):
            function()


def test_refuses_levels_and_limits_without_meaning() -> None:
    for alpha in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="alpha"):
            estimate([1.0, 1.0], [1.0, 1.0], alpha=alpha, equivalence=0.02)
    for equivalence in (-0.01, math.nan, math.inf):
        with pytest.raises(ValueError, match="equivalence"):
            estimate([1.0, 1.0], [1.0, 1.0], alpha=0.05, equivalence=equivalence)
    with pytest.raises(ValueError, match="precision"):
        next_step([], [], precision=0.0)
    with pytest.raises(ValueError, match="min_pairs"):
        next_step([], [], min_pairs=6, max_pairs=5)


# A check without the assumption of t: the bootstrap


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pairs", [19, 29, 44])
def test_the_bootstrap_agrees_with_the_t_interval(pairs: int, seed: int) -> None:
    off, on = noisy_pairs(pairs, ratio=1.05, seed=seed)
    t = estimate(off, on, alpha=0.05, equivalence=0.0)
    # The percentile interval, its tails moved out to those of t: "expanded percentile", Hesterberg 2015, section 4.4.
    drawn = np.random.default_rng(seed).choice(np.log(off / on), size=(10_000, pairs)).mean(axis=1)
    tail = stats.norm.cdf(stats.t.ppf(0.025, pairs - 1) * math.sqrt(pairs / (pairs - 1)))
    assert np.quantile(drawn, [tail, 1.0 - tail]) == pytest.approx(np.log([t.low, t.high]), abs=0.15 * t.half_width)


# The adaptive rule


def test_the_loop_looks_at_some_sizes() -> None:
    assert looks(5, 45) == (5, 8, 9, 11, 12, 14, 16, 18, 20, 22, 24, 27, 30, 32, 35, 38, 41, 45)
    assert looks(7, 19) == (7, 8, 9, 11, 12, 14, 16, 18, 19)
    assert looks(5, 5) == (5,)
    assert looks(10, 100) == (10, *looks(11, 45), 63, 88, 100)
    for limits in ((0, 5), (6, 5)):
        with pytest.raises(ValueError, match="min_pairs"):
            looks(*limits)


@pytest.mark.parametrize("pairs", range(5))
def test_measures_until_the_minimum_however_quiet(pairs: int) -> None:
    assert next_step([1.0] * pairs, [1.0] * pairs) == "measure"


def test_a_quiet_case_stops_at_five_pairs() -> None:
    assert next_step([1.0] * 5, [1.0] * 5) == "stop"
    stopped = [next_step(*noisy_pairs(5, noise=0.002, seed=seed)) == "stop" for seed in range(300)]
    assert all(stopped)


def test_a_noisy_case_goes_on_to_the_maximum() -> None:
    off, on = noisy_pairs(45, noise=0.05)
    assert {next_step(off[:n], on[:n]) for n in range(45)} == {"measure"}
    assert next_step(off, on) == "stop"
    assert next_step(off[:20], on[:20], max_pairs=20) == "stop"


@pytest.mark.parametrize("change", [1.0, 1.3])
def test_a_case_too_noisy_for_any_answer_is_given_up_whatever_it_shows(change: float) -> None:
    off, on = noisy_pairs(45, noise=0.2)
    assert {next_step(off[:n] * change, on[:n]) for n in range(speedup.HOPELESS_PAIRS)} == {"measure"}
    assert next_step(off[:20] * change, on[:20]) == "stop"
    assert next_step(off[:20] * change, on[:20], equivalence=1.0) == "measure"  # could still be the same within 100%


@given(st.integers(0, 10_000), st.sampled_from([0.003, 0.01, 0.02]), st.sampled_from([0.005, 0.01, 0.03]))
def test_where_it_stops_short_of_the_maximum_the_interval_is_precise(seed, noise, precision) -> None:
    off, on = noisy_pairs(45, noise=noise, seed=seed)
    pairs = next(n for n in range(46) if next_step(off[:n], on[:n], precision=precision) == "stop")
    assert pairs in looks(5, 45)
    if pairs < 45:
        assert estimate(off[:pairs], on[:pairs], alpha=0.05, equivalence=0.0).half_width <= precision


@given(st.integers(0, 10_000), st.integers(0, 45), st.floats(0.1, 10.0))
def test_stops_on_precision_never_on_significance(seed, pairs, change) -> None:
    off, on = noisy_pairs(pairs, noise=0.008, seed=seed)
    assert next_step(off * change, on) == next_step(off, on) == next_step(on, off)


def test_between_looks_the_last_look_counts() -> None:
    quiet, loud = [1.0] * 5, [1.0, 1.5]
    assert next_step(quiet + loud, [1.0] * 7) == "stop"
    assert next_step([*quiet, *loud, 1.0], [1.0] * 8) == "measure"
    assert next_step([1.0, 1.1, 1.0, 1.1, 1.0, 1.0], [1.0] * 6) == "measure"


def test_own_limits_are_looked_at() -> None:
    assert next_step([1.0] * 3, [1.0] * 3, min_pairs=3) == "stop"
    assert next_step([1.0] * 7, [1.0] * 7, min_pairs=8) == "measure"
    assert next_step([1.0] * 8, [1.0] * 8, min_pairs=8) == "stop"
    assert next_step([1.0], [1.0], min_pairs=1) == "measure"  # one pair has no spread
    assert next_step([1.0], [1.0], min_pairs=1, max_pairs=1) == "stop"
