from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from asv_jit.analysis import speedup
from asv_jit.analysis.stats.suite_mean import CaseMean, alerts, case_mean, estimate, weights


def arms(ratio: float, *, pairs: int = 10, noise: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    on = np.exp(rng.normal(0.0, 0.2, pairs))
    off = on * ratio * np.exp(rng.normal(0.0, noise, pairs))
    return off, on


def case(benchmark: str, ratio: float, **options) -> CaseMean:
    return case_mean(benchmark, *arms(ratio, **options))


SHAPE = (("a.x", 1.3), ("a.x", 1.1), ("a.y", 0.95), ("b.x", 2.0), ("c.z", 1.0))


def mixed_suite(*, pairs: int = 20, noise: float = 0.01) -> list[CaseMean]:
    return [case(*kind, pairs=pairs, noise=noise, seed=seed) for seed, kind in enumerate(SHAPE)]


# The mean over a suite


def test_averages_params_then_benchmarks_then_groups() -> None:
    found = estimate(mixed_suite(noise=0.0), alpha=0.05)
    assert found is not None
    a = math.sqrt(math.sqrt(1.3 * 1.1) * 0.95)
    assert found.ratio == pytest.approx((a * 2.0 * 1.0) ** (1 / 3))
    assert (found.low, found.high) == pytest.approx((found.ratio, found.ratio))
    assert (found.smallest, found.largest) == pytest.approx((0.95, 2.0))
    assert found.spread == pytest.approx(math.exp(np.std(np.log([1.3, 1.1, 0.95, 2.0, 1.0]))))
    assert found.cases == 5


def test_weights() -> None:
    names = [benchmark for benchmark, _ in SHAPE]
    assert weights(names).tolist() == pytest.approx([1 / 12, 1 / 12, 1 / 6, 1 / 3, 1 / 3])


def test_a_suite_of_one_case_is_the_plain_t_interval() -> None:
    off, on = arms(1.1, pairs=10, noise=0.02)  # a size that the adaptive rule does not look at
    found = estimate([case_mean("a.x", off, on)], alpha=0.05)
    expected = speedup.estimate(off, on, alpha=0.05, equivalence=0.0)
    assert found is not None
    assert (found.ratio, found.low, found.high) == pytest.approx((expected.ratio, expected.low, expected.high))
    assert found.spread == 1.0


def test_two_cases_are_welch() -> None:
    one, two = arms(1.2, pairs=7, noise=0.01), arms(0.9, pairs=13, noise=0.03, seed=5)
    found = estimate([case_mean("a.x", *one), case_mean("a.y", *two)], alpha=0.05)
    # The mean of two logs is half the difference between the one and the inverse of the other.
    welch = stats.ttest_ind(np.log(one[0] / one[1]), -np.log(two[0] / two[1]), equal_var=False).confidence_interval(
        0.95
    )
    assert found is not None
    assert (found.low, found.high) == pytest.approx((math.exp(welch.low / 2), math.exp(welch.high / 2)))


# With 5 pairs the noisiest cases leave Welch's interval few degrees of freedom, and a t quantile of 6 is 25% wider than
# the normal tails that resampling has; with 20 pairs hardly any of that is left.
@pytest.mark.parametrize(("pairs", "tolerance"), [(5, 0.35), (20, 0.2)])
def test_the_bootstrap_agrees_with_the_analytic_interval(pairs: int, tolerance: float) -> None:
    shape = [*SHAPE, *((f"d.b{k}", 1.0 + k / 20) for k in range(10))]
    cases = [arms(ratio, pairs=pairs, noise=0.01, seed=seed) for seed, (_, ratio) in enumerate(shape)]
    names = [name for name, _ in shape]
    found = estimate([case_mean(name, *times) for name, times in zip(names, cases, strict=True)], alpha=0.05)
    rng = np.random.default_rng(1)
    total = np.zeros(10_000)
    for (off, on), share in zip(cases, weights(names), strict=True):
        logs = np.log(off / on)
        drawn = rng.choice(logs, size=(10_000, pairs)).mean(axis=1)
        # Stretched, so that a mean has the variance that a few pairs would otherwise understate.
        total += share * (logs.mean() + (drawn - logs.mean()) * math.sqrt(pairs / (pairs - 1)))
    assert found is not None
    half = math.log(found.high / found.low) / 2
    assert np.quantile(total, [0.025, 0.975]) == pytest.approx(np.log([found.low, found.high]), abs=tolerance * half)


def test_the_interval_covers_at_its_level() -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(1000):
        noises = rng.uniform(0.003, 0.03, 4)
        cases = [case_mean(f"g.{k}", np.exp(rng.normal(0, noise, 5)), np.ones(5)) for k, noise in enumerate(noises)]
        found = estimate(cases, alpha=0.05)
        assert found is not None
        hits += found.low <= 1.0 <= found.high
    assert stats.binomtest(hits, 1000, 0.95).pvalue > 1e-3


@given(st.permutations(range(5)))
def test_the_order_of_the_cases_does_not_matter(order) -> None:
    cases = mixed_suite()
    one, other = estimate(cases, alpha=0.05), estimate([cases[k] for k in order], alpha=0.05)
    assert one is not None
    assert other is not None
    assert (other.ratio, other.low, other.high) == pytest.approx((one.ratio, one.low, one.high))


def test_edges() -> None:
    assert estimate([], alpha=0.05) is None
    single = [*mixed_suite(), case("a.x", 1.1, pairs=1)]
    found = estimate(single, alpha=0.05)
    assert found is not None
    assert (found.low, found.high) == (0.0, math.inf)
    with pytest.raises(ValueError, match="a.x: .*pairs"):
        case_mean("a.x", (), ())
    with pytest.raises(ValueError, match="a.x: .*pair by index"):
        case_mean("a.x", (1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match="a.x: .*positive"):
        case_mean("a.x", (1.0, -1.0), (1.0, 2.0))


# Alerts over a suite

p_values = st.lists(st.floats(0.0, 1.0), max_size=40)


@given(p_values, st.sampled_from([0.01, 0.1, 0.5]))
def test_alerts_are_those_of_benjamini_and_hochberg(p, q: float) -> None:
    expected = stats.false_discovery_control(p, method="bh") if p else np.array([])
    clear = np.abs(expected - q) > 1e-12
    assert np.array_equal(np.array(alerts(p, q=q), dtype=bool)[clear], (expected <= q)[clear])


@given(p_values)
def test_cases_without_a_result_do_not_count(p) -> None:
    with_gaps = [value for pair in zip(p, [math.nan] * len(p), strict=True) for value in pair]
    assert alerts(with_gaps, q=0.1)[::2] == alerts(p, q=0.1)
    assert not any(alerts(with_gaps, q=0.1)[1::2])


def test_alerts_in_a_suite_of_ten() -> None:
    assert alerts([0.0005, 0.9, 0.0015, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]) == (
        (True, False, True) + (False,) * 7  # 0.0015 <= 2 * 0.01 / 10
    )
    assert alerts([0.0015] + [0.5] * 9) == (False,) * 10
    for broken in ([-0.1], [1.1], [[0.1]]):
        with pytest.raises(ValueError, match="p values"):
            alerts(broken)
    with pytest.raises(ValueError, match="q must"):
        alerts([0.1], q=0.0)
