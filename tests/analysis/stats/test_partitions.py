from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis.stats.partitions import GaussianCosts, Partition, boundaries, elbow, optimal_partitions, places

Floats = npt.NDArray[np.float64]

FLOOR = 1e-4

small_series = st.lists(st.floats(0.5, 2.0), min_size=1, max_size=24).map(np.array)


def segment_cost(values: Floats) -> float:
    """Minus twice the Gaussian log-likelihood at its maximum, less n ln(2π), from its definition."""
    return float(len(values) * (np.log(max(float(np.var(values)), FLOOR)) + 1.0))


def total_cost(values: Floats, bounds: npt.NDArray[np.intp], penalty: float) -> float:
    parts = sum(segment_cost(values[a:b]) for a, b in pairwise(bounds))
    return parts + penalty * (len(bounds) - 2)


def least_cost(values: Floats, penalty: float) -> float:
    """The oracle: optimal partitioning, every last segment tried for every prefix, nothing pruned."""
    best = [-penalty]
    for end in range(1, len(values) + 1):
        best.append(min(best[start] + segment_cost(values[start:end]) + penalty for start in range(end)))
    return best[-1]


def level(n: int, starts: dict[int, float], noise: float = 0.01, seed: int = 0) -> Floats:
    """A series with noise whose level becomes the given one at each start."""
    values = np.ones(n)
    for start, height in starts.items():
        values[start:] = height
    return np.asarray(values * (1.0 + noise * np.random.default_rng(seed).standard_normal(n)))


@given(small_series, st.lists(st.floats(0.1, 50.0), min_size=1, max_size=4))
def test_no_partition_is_cheaper(values: Floats, penalties: list[float]) -> None:
    found = optimal_partitions(GaussianCosts(values, FLOOR), places(len(values)), np.array(penalties))
    for partition, penalty in zip(found, penalties, strict=True):
        assert total_cost(values, partition.bounds, penalty) == pytest.approx(least_cost(values, penalty), abs=1e-6)


@given(small_series, st.floats(0.1, 50.0))
def test_a_partition_covers_the_series_and_knows_its_cost(values: Floats, penalty: float) -> None:
    (found,) = optimal_partitions(GaussianCosts(values, FLOOR), places(len(values)), np.array([penalty]))
    assert found.bounds[0] == 0
    assert found.bounds[-1] == len(values)
    assert (np.diff(found.bounds) > 0).all()
    assert found.cost == pytest.approx(total_cost(values, found.bounds, 0.0), abs=1e-6)


def test_boundaries_lie_only_where_they_may() -> None:
    where = np.array([0, 7, 20, 30])
    (found,) = optimal_partitions(GaussianCosts(level(30, {10: 2.0}), FLOOR), where, np.array([5.0]))
    assert set(found.bounds) <= set(where)


@given(st.integers(1, 5_000))
def test_places_are_all_or_dense_at_the_head_and_bounded(n: int) -> None:
    where = places(n)
    assert where[0] == 0
    assert where[-1] == n
    assert (np.diff(where) > 0).all()
    assert len(where) <= 802
    assert (np.diff(where)[: min(n, 40)] == 1).all()
    if n <= 800:
        assert len(where) == n + 1


@pytest.mark.parametrize("n", [60, 700, 801, 2_999])
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_a_step_is_found_where_it_is(n: int, noise: float) -> None:
    start = n * 3 // 7
    assert boundaries(level(n, {start: 0.7}, noise)).tolist() == [0, start, n]


def test_a_single_slow_first_value_is_a_segment() -> None:
    assert boundaries(level(500, {0: 8.0, 1: 1.0})).tolist()[:2] == [0, 1]


def test_a_change_of_the_variance_alone_is_found() -> None:
    values = np.concatenate([level(300, {}, 0.001), level(300, {}, 0.05, seed=1)])
    found = boundaries(values)
    assert len(found) == 3
    assert abs(found[1] - 300) <= 5


@given(st.integers(1, 50), st.floats(1e-9, 1e9))
def test_constant_values_are_one_segment(n: int, value: float) -> None:
    assert boundaries(np.full(n, value)).tolist() == [0, n]


@given(st.integers(1, 3_000), st.integers(0, 2**32 - 1))
def test_boundaries_always_ascend_from_end_to_end(n: int, seed: int) -> None:
    values = np.exp(np.cumsum(np.random.default_rng(seed).standard_normal(n)) * 0.05)
    found = boundaries(values)
    assert found[0] == 0
    assert found[-1] == n
    assert (np.diff(found) > 0).all()


def partition(changes: int, cost: float) -> Partition:
    return Partition(np.arange(changes + 2), cost)


def test_the_elbow_is_where_the_number_of_changes_stops_to_fall_fast() -> None:
    # 20 changes give way to 2 at a penalty of 40, 2 to 1 at 900, 1 to 0 at 1,000.
    path = [partition(20, 0.0), partition(2, 720.0), partition(1, 1_620.0), partition(0, 2_620.0)]
    assert elbow(path, lowest=30.0).changes == 2
    assert elbow(path[::-1], lowest=30.0).changes == 2


def test_the_elbow_of_one_partition_is_that() -> None:
    only = partition(3, 1.0)
    assert elbow([only, only], lowest=10.0) is only
