"""Levels fitted among screened places, against the best of all fits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_jit.analysis.changes.segmentation import segment_many
from tests.analysis.changes.segment_oracle import cost, cost_of, fit_of, least_cost

seeds = st.integers(0, 2**32 - 1)


def best_by_brute_force(values, weights, penalty, shortest):
    """The least cost over every admissible segmentation."""
    n = len(values)
    return min(
        cost(values, weights, penalty, starts)
        for k in range(n // shortest)
        for starts in itertools.combinations(range(1, n), k)
        if all(b - a >= shortest for a, b in itertools.pairwise([0, *starts, n]))
    )


@settings(deadline=None, max_examples=30)
@given(seed=seeds, n=st.integers(6, 12), shortest=st.integers(1, 3), penalty=st.floats(0.1, 10))
def test_the_oracle_finds_the_least_cost_of_all(seed, n, shortest, penalty):
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=n) + 3 * (np.arange(n) > n // 2), rng.uniform(0.2, 3, size=n)
    least = least_cost(fit_of(values, weights, penalty), shortest) + weights @ np.square(values)
    assert least == pytest.approx(best_by_brute_force(values, weights, penalty, shortest))


KINDS = {
    "noise": lambda rng, n: rng.normal(size=n),
    "a step": lambda rng, n: rng.normal(size=n) + rng.uniform(1, 4) * (np.arange(n) > rng.integers(n)),
    "a short level": lambda rng, n: (
        rng.normal(size=n) + rng.uniform(3, 6) * (abs(np.arange(n) - rng.integers(n)) < rng.integers(2, 12))
    ),
    "levels": lambda rng, n: rng.normal(size=n) + 3.0 * (np.arange(n) // 40 % 2),
    "short levels": lambda rng, n: rng.normal(size=n) + 5.0 * (np.arange(n) // rng.integers(3, 12) % 2),
    "stairs": lambda rng, n: rng.normal(size=n) + 2.5 * np.clip((np.arange(n) - n // 2) // 5, 0, 4),
    "huge steps": lambda rng, n: rng.normal(size=n) + 1e4 * (np.arange(n) // 50 % 3),
    "changing noise": lambda rng, n: rng.normal(size=n) * np.where(np.arange(n) < n // 2, 1.0, 4.0),
    "heavy tails": lambda rng, n: rng.standard_t(2, size=n),
    "ties": lambda rng, n: np.round(rng.normal(size=n)),
    "rare ones": lambda rng, n: (rng.random(n) < 0.05) * 1.0,
}


@settings(deadline=None, max_examples=15)
@given(
    seed=seeds, lengths=st.lists(st.integers(0, 260), min_size=1, max_size=6), shortest=st.integers(1, 4),
    penalty=st.floats(1.0, 20),
)  # fmt: skip
def test_segments_are_long_enough_and_cost_no_more_than_none(seed, lengths, shortest, penalty):
    rng = np.random.default_rng(seed)
    fits = [
        fit_of(draw(rng, n), rng.uniform(0.2, 3, size=n) if n % 2 else np.ones(n), penalty)
        for n in lengths
        if n > 0
        for draw in KINDS.values()
    ]
    for fit, starts in zip(fits, segment_many(fits, shortest=shortest), strict=True):
        bounds = [0, *starts, len(fit.sums) - 1]
        assert not starts or all(b - a >= shortest for a, b in itertools.pairwise(bounds))
        assert cost_of(fit, starts) <= cost_of(fit, []) + 1e-9 * penalty


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [40, 200, 700])
def test_nearly_all_fits_are_the_best_of_all(kind, n):
    rng = np.random.default_rng(n)
    fits = [fit_of(KINDS[kind](rng, n), np.ones(n), 2.5 * np.log(n)) for _ in range(60)]
    found = segment_many(fits, shortest=3)
    excess = [
        (cost_of(fit, starts) - least_cost(fit, 3)) / fit.penalty for fit, starts in zip(fits, found, strict=True)
    ]
    assert min(excess) > -1e-5
    assert sum(one > 1e-5 for one in excess) <= 2
    assert max(excess) < 0.5


def test_together_they_are_segmented_as_alone():
    rng = np.random.default_rng(3)
    fits = [fit_of(draw(rng, n), rng.uniform(0.2, 3, size=n), 5.0) for n in (3, 7, 80, 300) for draw in KINDS.values()]
    assert segment_many(fits, shortest=3) == [segment_many([fit], shortest=3)[0] for fit in fits]
