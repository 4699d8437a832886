from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from asv_jit.analysis import speedup
from asv_jit.analysis.stats import noise
from asv_jit.analysis.stats.noise import Rules, SuiteRun, rates


def test_the_noise_is_the_spread_of_the_log_ratios() -> None:
    first, second = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.1, 1.9, 3.2, 3.9])
    found = noise.pair_noise(first, second)
    assert found.value == pytest.approx(np.std(np.log(first / second), ddof=1))
    assert found.pairs == 4


def test_its_interval_covers_at_its_level() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(2_000):
        found = noise.pair_noise(np.exp(rng.normal(0.0, 0.02, 8)), np.ones(8))
        hits += found.low <= 0.02 <= found.high
    assert 0.935 <= hits / 2_000 <= 0.965


@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=20), st.floats(1e-6, 1e6))
def test_neither_the_unit_nor_the_order_of_the_arms_matters(times: list[float], unit: float) -> None:
    first, second = np.array(times), np.array(times[::-1])
    there = noise.pair_noise(first, second)
    assert noise.pair_noise(second * unit, first * unit).value == pytest.approx(there.value, abs=1e-9)
    assert there.low <= there.value <= there.high


@pytest.mark.parametrize("pairs", [0, 1])
def test_fewer_than_two_pairs_say_nothing(pairs: int) -> None:
    found = noise.pair_noise([1.0] * pairs, [1.2] * pairs)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.pairs) == (0.0, math.inf, pairs)


def test_the_power_is_that_of_the_noncentral_t_distribution() -> None:
    pairs = np.array([2, 3, 5, 6, 15, 44, 200, 2_000])
    for deviation, change in ((0.014, 0.01), (0.007, 0.05), (0.0005, 0.05), (0.1, 0.01)):
        bounds = stats.t.ppf(0.999, pairs - 1) * np.array([speedup.toll(int(size)) for size in pairs])
        expected = stats.nct.sf(bounds, pairs - 1, np.log1p(change) * np.sqrt(pairs) / deviation)
        assert noise.power(deviation, change, pairs) == pytest.approx(expected, abs=1e-9)


def test_the_needed_pairs_meet_the_published_bar() -> None:
    # MEASUREMENT's figure 2: at a pair noise of 1.4% and of 0.7%, for 5, 2 and 1%.
    for deviation, bars in ((0.014, (6, 15, 44)), (0.007, (5, 7, 15))):
        found = [needed.pairs for needed in noise.needed_pairs(deviation)]
        assert all(pairs is not None and pairs <= bar for pairs, bar in zip(found, bars, strict=True))
        assert found[:2] == list(bars[:2])


def test_so_many_pairs_do_show_the_change_and_one_fewer_do_not() -> None:
    rng = np.random.default_rng(11)
    (needed,) = noise.needed_pairs(0.03, [0.05])
    assert needed.pairs is not None

    def shown(pairs: int) -> float:
        logs = np.log1p(0.05) + rng.normal(0.0, 0.03, (4_000, pairs))
        verdicts = [speedup.estimate(np.exp(row), np.ones(pairs), alpha=0.002, equivalence=0.0).verdict for row in logs]
        return verdicts.count("faster") / len(verdicts)

    assert shown(needed.pairs) >= 0.885
    assert shown(needed.pairs - 1) < 0.9


@given(st.floats(0.0, 0.1), st.floats(0.001, 0.2), st.floats(1.0, 3.0))
def test_more_noise_never_needs_fewer_pairs(deviation: float, change: float, times: float) -> None:
    (quiet,) = noise.needed_pairs(deviation, [change])
    (loud,) = noise.needed_pairs(deviation * times, [change])
    assert (loud.pairs or math.inf) >= (quiet.pairs or math.inf)


def test_what_no_number_of_pairs_shows_is_said() -> None:
    assert noise.needed_pairs(0.5, [0.01]) == (noise.Needed(0.01, None),)


@pytest.mark.parametrize(
    ("deviation", "change", "target"), [(-0.1, 0.01, 0.9), (math.nan, 0.01, 0.9), (0.1, 0.0, 0.9), (0.1, 0.01, 1.0)]
)
def test_nonsense_is_refused(deviation: float, change: float, target: float) -> None:
    with pytest.raises(ValueError, match="must"):
        noise.needed_pairs(deviation, [change], target=target)


@given(st.integers(1, 400), st.data())
def test_the_interval_of_the_alarms_is_the_exact_one(runs: int, data: st.DataObject) -> None:
    alarms = data.draw(st.integers(0, runs))
    expected = stats.binomtest(alarms, runs).proportion_ci(0.95, method="exact")
    assert noise.alarm_interval(alarms, runs) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_alarms_of_no_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        noise.alarm_interval(0, 0)


RULES = Rules(precision=0.01, min_pairs=5, max_pairs=45, alpha=0.002, equivalence=0.02)


def run_of(rng: np.random.Generator, noise: float, difference: float = 0.0, pairs: int = 14) -> SuiteRun:
    cases = {}
    for name in ("a", "b", "c"):
        first = np.exp(rng.normal(difference, noise, pairs))
        cases[name] = tuple(first.tolist()), (1.0,) * pairs
    return SuiteRun(cases)


def test_noise_alone_seldom_raises_an_alert_measured_or_resampled() -> None:
    rng = np.random.default_rng(1)
    found = rates([run_of(rng, 0.014) for _ in range(60)], RULES, resamples=1500)
    assert found.runs == 60
    assert found.alerted <= 2
    assert found.low <= 0.01 <= found.high
    assert found.resampled_alerted <= 1500 * 0.01
    assert found.pairs == 60 * 3 * 14
    assert found.pair_noise == pytest.approx(0.014, rel=0.1)
    assert sum(found.verdicts.values()) == 180


def test_arms_that_really_differ_alert() -> None:
    rng = np.random.default_rng(2)
    found = rates([run_of(rng, 0.005, difference=0.1) for _ in range(10)], RULES, resamples=200)
    assert found.alerted == 10
    assert found.verdicts == {"faster": 30}


def test_no_runs_are_no_rate() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        rates([], RULES)
