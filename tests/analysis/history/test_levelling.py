"""Patch releases of a line brought to one level: by how much, how surely, and where nothing says it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import scipy

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.history.levelling import ReleaseShift, bridge_shift, metric_figures, noise_of, stretches
from asv_jit.analysis.history.series import Bridge, CaseSeries, Track
from asv_jit.analysis.metrics import Metric
from asv_jit.analysis.verdict import quantile
from tests.analysis.history.events import KEY

RELEASES = ("3.15.0+aaaaaaaa", "3.15.1+bbbbbbbb", "3.15.2+cccccccc")


def _bridge(figures: Mapping[Metric, tuple[Floats, Floats]], *, at: int = 0, interleaved: bool = True) -> Bridge:
    return Bridge(KEY, RELEASES[at], RELEASES[at + 1], 3, figures, interleaved)


def _factor(factor: float) -> tuple[Floats, Floats]:
    """Blocks before and after, without noise to speak of."""
    noise = np.exp(1e-6 * np.arange(5.0))
    return noise, factor * noise


def _series(points: list[tuple[int, int, float]], metric: Metric = "on") -> CaseSeries:
    """Points as (place, release, value)."""
    places, releases, values = (np.array(column) for column in zip(*points, strict=True))
    track = Track(values, values, values)
    return CaseSeries(KEY, "seconds", places.astype(np.int32), releases.astype(np.int32), {metric: track})


@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_what_welchs_test_says_of_the_logarithms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.lognormal(0.0, 0.01, 8), rng.lognormal(0.01, 0.04, 15)
    step = bridge_shift(_bridge({"on": (np.append(before, np.nan), after)}), "on")
    welch = scipy.stats.ttest_ind(np.log(after), np.log(before), equal_var=False)
    assert step is not None
    assert step.p_value == pytest.approx(welch.pvalue)
    low, high = welch.confidence_interval(0.95)
    half = step.error * quantile(step.freedom, 0.05)
    assert (step.shift - half, step.shift + half) == pytest.approx((low, high))
    assert step.wide_error(0.05) * 1.959964 == pytest.approx(half)


def test_other_sessions_make_a_step_less_sure() -> None:
    figures: Mapping[Metric, tuple[Floats, Floats]] = {"on": _factor(1.1)}
    apart = bridge_shift(_bridge(figures, interleaved=False), "on", between=0.03)
    together = bridge_shift(_bridge(figures), "on", between=0.03)
    assert apart is not None
    assert together is not None
    assert apart.error == pytest.approx(0.03 * np.sqrt(2.0), rel=1e-3)
    assert together.error < 1e-5


def test_without_noise_any_shift_is_certain() -> None:
    assert ReleaseShift(0.0, 0.0, 9.0).p_value == 1.0
    assert ReleaseShift(-1e-6, 0.0, 9.0).p_value == 0.0
    exact = bridge_shift(_bridge({"on": (np.ones(3), np.full(3, 1.1))}), "on")
    assert exact is not None
    assert (exact.shift, exact.error, exact.p_value) == (pytest.approx(np.log(1.1)), 0.0, 0.0)


def test_the_speedup_is_of_each_block() -> None:
    figures: Mapping[Metric, tuple[Floats, Floats]] = {
        "off": (np.array([2.0, 4.0]), np.array([3.0, 6.0])), "on": (np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    }  # fmt: skip
    before, after = metric_figures(_bridge(figures), "speedup") or pytest.fail("there are both modes")
    assert (before.tolist(), after.tolist()) == ([2.0, 2.0], [3.0, 1.5])
    for torn in ({"off": figures["off"]}, {**figures, "on": (np.ones(2), np.ones(3))}):
        assert metric_figures(_bridge(torn), "speedup") is None
        assert bridge_shift(_bridge(torn), "speedup") is None


def test_one_block_a_side_tells_no_step() -> None:
    assert bridge_shift(_bridge({"on": (np.ones(2), np.ones(2))}), "on") is not None
    assert bridge_shift(_bridge({"on": (np.ones(1), np.ones(5))}), "on") is None


def test_older_points_come_to_the_level_of_the_newest_release() -> None:
    series = _series([(0, 0, 1.0), (1, 0, 1.0), (2, 1, 2.0), (3, 1, 2.0), (3, 2, 6.0), (4, 2, 6.0)])
    bridges = [_bridge({"on": _factor(2.0)}), _bridge({"on": _factor(3.0)}, at=1)]
    (stretch,) = stretches(series, RELEASES, bridges)
    assert stretch.values["on"] == pytest.approx([6.0] * 5)
    assert stretch.places.tolist() == [0, 1, 2, 3, 4]
    assert stretch.interpreters.tolist() == [0, 0, 1, 2, 2]  # of two releases at a commit the newer one


def test_where_nothing_joins_two_releases_a_stretch_ends() -> None:
    series = _series([(0, 0, 1.0), (1, 1, 2.0), (2, 2, 6.0)])
    newest, oldest = stretches(series, RELEASES, [_bridge({"on": _factor(3.0)}, at=1)])
    assert newest.values["on"] == pytest.approx([6.0, 6.0])
    assert oldest.values["on"] == pytest.approx([1.0])
    assert stretches(_series([(0, 0, 1.0)]), RELEASES, [])[0].values["on"].tolist() == [1.0]


def test_a_metric_that_the_bridge_does_not_know_is_not_compared_across_it() -> None:
    series = _series([(0, 0, 1.0), (1, 1, 2.0), (2, 2, 6.0)])
    bridges = [_bridge({"off": _factor(2.0)}), _bridge({"on": _factor(3.0)}, at=1)]
    (stretch,) = stretches(series, RELEASES, bridges)
    assert np.isnan(stretch.values["on"]).tolist() == [True, False, False]
    assert stretch.values["on"][1:] == pytest.approx([6.0, 6.0])


def test_a_bridges_error_counts_by_how_much_of_a_change_it_carries() -> None:
    series = _series([(place, place // 4, 1.0) for place in range(8)])
    rng = np.random.default_rng(1)
    bridge = _bridge({"on": (rng.lognormal(0.0, 0.05, 10), rng.lognormal(0.0, 0.05, 10))})
    (stretch,) = stretches(series, RELEASES, [bridge])
    whole = stretch.steps["on"][0].wide_error(0.05)
    assert stretch.bridged("on", slice(0, 4), slice(4, 8), 0.05) == pytest.approx(whole)
    assert stretch.bridged("on", slice(0, 6), slice(6, 8), 0.05) == pytest.approx(whole * 4 / 6)
    assert stretch.bridged("on", slice(0, 2), slice(2, 4), 0.05) == 0.0
    (alone,) = stretches(_series([(place, 0, 1.0) for place in range(8)]), RELEASES, [])
    assert alone.bridged("on", slice(0, 4), slice(4, 8), 0.05) == 0.0


def test_noise_is_that_from_point_to_point_and_none_where_nothing_tells() -> None:
    rng = np.random.default_rng(1)
    values = np.exp(np.repeat([0.0, 1.0], 200) + rng.normal(0.0, 0.02, 400))
    assert noise_of(values) == pytest.approx(0.02, rel=0.15)  # a step is no noise
    assert noise_of(np.append(values, np.nan)) == noise_of(values)
    assert noise_of(np.append(values, 0.0)) == noise_of(values[:2]) == 0.0
