from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from asv_jit.analysis.stats.robust import usual_difference

Floats = npt.NDArray[np.float64]
Make: TypeAlias = Callable[[np.random.Generator, int], Floats]


def _gaussian(rng: np.random.Generator, count: int) -> Floats:
    return rng.normal(size=count)


def _heavy(rng: np.random.Generator, count: int) -> Floats:
    return rng.standard_t(3, size=count)


def _remembering(rng: np.random.Generator, count: int) -> Floats:
    noise = rng.normal(size=count)
    for place in range(1, count):
        noise[place] += 0.3 * noise[place - 1]
    return noise


@pytest.mark.parametrize("make", [_gaussian, _heavy, _remembering])
@pytest.mark.parametrize(("count", "least", "most"), [(8, 0.88, 0.98), (30, 0.88, 0.97), (60, 0.93, 0.97)])
def test_the_next_value_differs_by_no_more_in_95_percent(make: Make, count: int, least: float, most: float) -> None:
    rng = np.random.default_rng(7)
    worlds = [make(rng, count + 1) for _ in range(3000)]
    inside = np.mean([abs(world[-1] - world[-2]) <= usual_difference(world[:-1]) for world in worlds])
    assert least <= inside <= most


@pytest.mark.parametrize("make", [_gaussian, _heavy, _remembering])
def test_a_long_series_has_95_percent_of_its_own_differences_inside(make: Make) -> None:
    values = make(np.random.default_rng(3), 1000)
    assert np.mean(np.abs(np.diff(values)) <= usual_difference(values)) == pytest.approx(0.95, abs=0.005)


@pytest.mark.parametrize("count", [12, 39, 40, 200])
def test_one_change_of_level_is_not_usual(count: int) -> None:
    values = np.random.default_rng(5).normal(size=count)
    values[count // 2 :] += 100.0
    assert usual_difference(values) < 10.0


def test_what_seldom_differs_usually_does_not() -> None:
    assert usual_difference(np.array([1.0, 1.0, 1.0, 1.0, 2.0])) == 0.0
