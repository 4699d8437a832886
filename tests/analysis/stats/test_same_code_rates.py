from __future__ import annotations

import numpy as np
import pytest

from asv_jit.analysis.stats.same_code import Rules, SuiteRun, rates

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
