from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import gmean

from asv_jit.analysis.cells.memory import PeakMemory, estimate

PAGE = 4096
sizes = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=30)


@pytest.mark.parametrize("pairs", [2, 5, 10, 45])
@pytest.mark.parametrize("alpha", [0.002, 0.05])
def test_is_the_paired_t_interval_in_bytes(pairs: int, alpha: float) -> None:
    rng = np.random.default_rng(pairs)
    off = PAGE * rng.integers(3000, 3100, pairs)
    on = off + PAGE * rng.integers(100, 300, pairs)
    bounds = stats.ttest_rel(on, off).confidence_interval(1 - alpha)
    found = estimate(off.tolist(), on.tolist(), alpha=alpha)
    assert found is not None
    assert (found.low_bytes, found.high_bytes) == pytest.approx((bounds.low, bounds.high))
    assert found.difference_bytes == pytest.approx(np.mean(on) - np.mean(off))
    assert (found.off_bytes, found.on_bytes) == pytest.approx((gmean(off), gmean(on)))


@given(sizes)
def test_exchanging_the_arms_mirrors_the_difference(pairs) -> None:
    off, on = map(list, zip(*pairs, strict=True))
    one, other = estimate(off, on, alpha=0.05), estimate(on, off, alpha=0.05)
    assert one is not None
    assert other == PeakMemory(
        one.on_bytes, one.off_bytes, -one.difference_bytes, -one.high_bytes, -one.low_bytes, one.pairs, one.error_bytes
    )


def test_few_pairs() -> None:
    assert estimate([], [], alpha=0.05) is None
    one = estimate([10 * PAGE], [11 * PAGE], alpha=0.05)
    assert one == PeakMemory(10 * PAGE, 11 * PAGE, PAGE, -math.inf, math.inf, 1)
    alike = estimate([PAGE] * 3, [PAGE] * 3, alpha=0.05)
    assert alike == PeakMemory(PAGE, PAGE, 0.0, 0.0, 0.0, 3, 0.0)


@pytest.mark.parametrize(
    ("off", "on", "alpha"),
    [([1], [1, 2], 0.05), ([0], [1], 0.05), ([1], [math.nan], 0.05), ([1], [1], 1.0)],
)
def test_refuses_what_is_not_paired_sizes(off, on, alpha: float) -> None:
    with pytest.raises(ValueError, match="pair|positive|alpha"):
        estimate(off, on, alpha=alpha)
