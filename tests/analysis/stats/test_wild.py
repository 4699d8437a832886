"""Means where a shared host makes measurements wild: unharmed by them, and untouched where there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from asv_jit.analysis.stats.wild import centre, side_of, tempered

REPEATS, BLOCKS = 2000, 45


def noise(kind: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Of scale 1; `shared host`: a neighbour slows one side of three blocks in ten by half."""
    if kind == "t3":
        return rng.standard_t(3, size) / np.sqrt(3.0)
    values = rng.standard_normal(size)
    if kind == "shared host":
        values += rng.choice([-15.0, 0.0, 15.0], size, p=[0.15, 0.7, 0.15])
    return values


def interval(values: np.ndarray, level: float) -> tuple[float, float]:
    half = float(stats.t.ppf((1 + level) / 2, len(values) - 1)) * float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return float(values.mean()) - half, float(values.mean()) + half


def test_quiet_measurements_are_left_as_they_are() -> None:
    rng = np.random.default_rng(1)
    for kind in ("Gaussian", "t3"):
        touched = sum(tempered(values) is not values for values in rng_values(kind, rng))
        assert touched <= 0.002 * REPEATS


def test_on_a_shared_host_the_interval_is_narrow_and_covers_at_its_level() -> None:
    rng = np.random.default_rng(2)
    bounds = [(interval(values, 0.99), interval(tempered(values), 0.99)) for values in rng_values("shared host", rng)]
    missed = np.mean([not low <= 0.0 <= high for _, (low, high) in bounds])
    assert missed <= 0.02
    widths = [(plain[1] - plain[0], calm[1] - calm[0]) for plain, calm in bounds]
    plain, calm = np.median(widths, axis=0)
    assert calm < plain / 3


def test_the_centre_is_that_of_the_likeliest_cauchy_distribution() -> None:
    values = np.random.default_rng(3).standard_t(2, 40)
    found = centre(values)
    assert found is not None
    assert found[0] == pytest.approx(stats.cauchy.fit(values)[0], abs=1e-3)
    assert tempered(values + 5.0).mean() == pytest.approx(tempered(values).mean() + 5.0)


def test_the_error_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(5)
    found = [centre(values) for values in rng_values("shared host", rng)]
    centres, errors = np.array([one for one in found if one is not None]).T
    assert len(centres) == REPEATS
    assert np.median(errors) == pytest.approx(np.std(centres), rel=0.1)


@pytest.mark.parametrize("values", [[0.0, 1.0] * 5, [0.0] * 20, [0.0] * 18 + [1.0] * 2])
def test_too_few_values_and_steps_say_nothing_of_their_error(values: list[float]) -> None:
    array = np.array(values)
    assert centre(array) is None
    assert tempered(array) is array


def test_a_difference_of_two_groups_is_not_taken_for_noise() -> None:
    """Values that lie in two heaps spread widely: neither heap is called wild."""
    array = np.repeat([0.0, 0.4], 10) + 0.01 * np.random.default_rng(4).standard_normal(20)
    assert tempered(array) is array


def rng_values(kind: str, rng: np.random.Generator) -> list[np.ndarray]:
    return [noise(kind, rng, BLOCKS) for _ in range(REPEATS)]


BOUNDARY = math.log1p(0.05) / 2.0


def answered(level: float, noise: float, seed: int) -> str:
    rng = np.random.default_rng(seed)
    logs: list[float] = []
    while (answer := side_of(logs, BOUNDARY, limit=45)) == "more":
        logs.append(level + noise * float(rng.standard_normal()))
    return answer


@pytest.mark.parametrize("noise", [0.007, 0.014, 0.03])
@pytest.mark.parametrize(("level", "wrong"), [(0.0, "above"), (math.log1p(0.05), "below")])
def test_a_good_and_a_bad_commit_are_told_apart(level: float, wrong: str, noise: float) -> None:
    answers = [answered(level, noise, seed) for seed in range(400)]
    assert answers.count(wrong) <= 4
    assert answers.count("unclear") <= (400 if noise > 0.02 else 4)


def test_what_lies_on_the_boundary_is_mostly_unclear_and_nothing_is_said_too_early() -> None:
    answers = [answered(BOUNDARY, 0.01, seed) for seed in range(200)]
    assert answers.count("unclear") > 150
    assert side_of([1.0, 1.0, 1.0], 0.0, limit=45) == "more"
    assert side_of([1.0] * 4, 0.0, limit=45) == "above"
    assert side_of([0.0] * 45, 0.0, limit=45) == "unclear"


def test_figures_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        side_of([math.nan] * 4, 0.0, limit=45)
