"""Change points: properties of detection, and what must not be reported."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_jit.analysis.changes import detector
from asv_jit.analysis.changes.detector import detect, detect_many

seeds = st.integers(0, 2**32 - 1)


def steps(seed, *, n=120, at=60, size=0.05, noise=0.01):
    rng = np.random.default_rng(seed)
    return 0.02 * np.exp(noise * rng.normal(size=n) + size * (np.arange(n) >= at))


KINDS = {
    "noise": lambda rng, n: rng.normal(size=n),
    "steps": lambda rng, n: rng.normal(size=n) + 3.0 * (np.arange(n) // 40 % 2),
    "huge steps": lambda rng, n: rng.normal(size=n) + 1e6 * (np.arange(n) // 50 % 3),
    "walk": lambda rng, n: np.cumsum(rng.normal(size=n)),
    "heavy tails": lambda rng, n: rng.standard_t(2, size=n),
    "ties": lambda rng, n: np.round(rng.normal(size=n)),
    "rare ones": lambda rng, n: (rng.random(n) < 0.05) * 1.0,
}


def test_many_series_have_the_changes_that_each_has():
    rng = np.random.default_rng(5)
    series = [np.exp(0.01 * np.clip(draw(rng, n), -50, 50)) for n in (3, 5, 70, 100, 400) for draw in KINDS.values()]
    series[3][::7] = np.nan
    scales = ["linear" if index % 2 or np.any(one <= 0.0) else "log" for index, one in enumerate(series)]
    one_by_one = [detect(one, scale=scale) for one, scale in zip(series, scales, strict=True)]
    assert sum(map(len, one_by_one)) > 5
    assert detect_many(series, scales=scales) == one_by_one


def test_a_clear_step_is_found_with_its_levels():
    # One series in some hundreds is unlucky: a step of five standard deviations may be placed three points off.
    found = [[p for p in detect(steps(seed)) if abs(p.index - 60) <= 2] for seed in range(50)]
    assert sum(len(points) == 1 for points in found) >= 49
    for point in (points[0] for points in found if points):
        assert point.before == pytest.approx(0.02, abs=5 * point.before_error)
        assert point.after == pytest.approx(0.02 * math.exp(0.05), abs=5 * point.after_error)
        assert point.earliest <= point.index <= point.latest
        assert point.p_value < 1e-6


def test_the_levels_of_a_count_are_exact():
    (point,) = detect([7.0] * 10 + [0.0] * 12, scale="linear")
    assert (point.index, point.before, point.before_error, point.after, point.after_error) == (10, 7.0, 0.0, 0.0, 0.0)
    (point,) = detect([7.0] * 9 + [8.0] + [0.0] * 12, scale="linear")
    assert point.after_error > 0.0  # the other level says that there is noise, of which this one had luck to see none


@given(seed=seeds, factor=st.floats(1e-9, 1e9))
@settings(deadline=None, max_examples=25)
def test_the_unit_does_not_matter(seed, factor):
    values = steps(seed, size=0.03)
    plain, scaled = detect(values), detect(factor * values)
    assert [p.index for p in scaled] == [p.index for p in plain]
    for p, q in zip(plain, scaled, strict=True):
        assert (q.before, q.after) == pytest.approx((factor * p.before, factor * p.after))
        assert math.log(q.p_value) == pytest.approx(math.log(p.p_value), rel=1e-5)


@given(seed=seeds, shift=st.floats(-1e3, 1e3))
@settings(deadline=None, max_examples=25)
def test_on_the_linear_scale_the_zero_does_not_matter(seed, shift):
    values = 10 * np.log(steps(seed))
    plain, moved = (detect(v, scale="linear") for v in (values, values + shift))
    assert [p.index for p in moved] == [p.index for p in plain]
    assert [p.after - shift for p in moved] == pytest.approx([p.after for p in plain], abs=1e-6)


@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_backwards_it_is_the_same(seed):
    values = steps(seed, at=70)
    forth, back = detect(values), detect(values[::-1])
    assert [len(values) - p.index for p in reversed(back)] == [p.index for p in forth]
    assert [(p.after, p.before) for p in reversed(back)] == [pytest.approx((p.before, p.after)) for p in forth]


@given(seed=seeds, share=st.floats(0.05, 0.6))
@settings(deadline=None, max_examples=25)
def test_missing_cells_move_the_index_only(seed, share):
    rng = np.random.default_rng(seed)
    values = steps(seed)
    place = np.flatnonzero(rng.random(400) < 0.6)[: len(values)]
    with_gaps = np.full(400, np.nan)
    with_gaps[place] = values[: len(place)]
    plain = detect(values[: len(place)])
    assert [(p.index, p.before, p.after, p.p_value, p.earliest, p.latest) for p in detect(with_gaps)] == [
        (place[p.index], p.before, p.after, p.p_value, place[p.earliest], place[p.latest]) for p in plain
    ]


def test_none_is_missing_too():
    values = [1.0, 1.01, None, 0.99, 1.0, 1.01, 2.0, None, 2.02, 2.01, 1.99, 2.0]
    (point,) = detect(np.array(values, dtype=float))
    assert point.index == 6
    assert (point.before, point.after) == (pytest.approx(1.0, rel=0.02), pytest.approx(2.0, rel=0.02))


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 1.0, 2.0, 1.0], [3.0] * 50, [math.nan] * 9])
def test_too_little_to_say_anything(values):
    assert detect(values) == []


def test_a_deterministic_metric_steps():
    (point,) = detect([0.0] * 8 + [5.0] * 8, scale="linear")
    assert (point.index, point.before, point.after) == (8, 0.0, 5.0)
    assert point.p_value > 0.0


@pytest.mark.parametrize("width", [1, 2])
def test_spikes_are_no_level(width):
    values = steps(3, size=0.0)
    values[50 : 50 + width] *= 2
    values[-width:] *= 2
    assert detect(values) == []


def test_a_level_of_three_points_at_the_end_is_one():
    assert [p.index for p in detect(steps(1, at=117, size=0.1))] == [117]


def test_a_straight_drift_is_no_step_but_a_step_on_it_is():
    rng = np.random.default_rng(5)
    drift = np.linspace(0.0, 0.04, 200) + 0.01 * rng.normal(size=200)
    assert detect(np.exp(drift)) == []
    assert [p.index for p in detect(np.exp(drift + 0.08 * (np.arange(200) >= 120)))] == [120]


def test_noise_that_grows_is_no_step():
    alarms = 0
    for seed in range(30):
        noise = np.random.default_rng(seed).normal(size=200) * np.where(np.arange(200) < 100, 0.003, 0.015)
        alarms += bool(detect(np.exp(noise)))
    assert alarms <= 3


def test_dense_changes_are_all_found():
    rng = np.random.default_rng(0)
    values = np.exp(0.01 * rng.normal(size=400) + 0.08 * (np.arange(400) // 10 % 2))
    assert len(detect(values)) == 39


def test_changes_below_the_least_effect_are_left_out():
    values = steps(2, size=0.005, noise=0.0005)
    assert detect(values) == []
    assert [p.index for p in detect(values, least_effect=0.001)] == [60]


def test_false_alarms_are_as_rare_as_alpha_says():
    rng = np.random.default_rng(11)
    series = np.exp(0.01 * rng.normal(size=(150, 200)))
    assert sum(bool(detect(values)) for values in series) <= 3


def test_late_small_steps_are_found():
    found = sum(any(abs(p.index - 190) <= 2 for p in detect(steps(s, n=200, at=190, size=0.02))) for s in range(60))
    assert found >= 44


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1.0, 0.0, 2.0], {}, "scale='linear'"),
        ([1.0, math.inf], {}, "infinite"),
        ([[1.0, 2.0]], {}, "shape"),
        ([1.0, 2.0], {"alpha": 0.5}, "alpha"),
        ([1.0, 2.0], {"scale": "cubic"}, "cubic"),
    ],
)
def test_what_cannot_be_meant_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        detect(values, **options)


@pytest.mark.parametrize("length", [6, 40, 200, 1000, 5000])
def test_p_values_fall_with_strength_and_invert(length):
    for alpha in (0.05, 0.002, 1e-6):
        assert detector._p_value(detector._critical(alpha, length), length) == pytest.approx(alpha)
    p = [detector._p_value(z, length) for z in np.linspace(0, 60, 50)]
    assert p == sorted(p, reverse=True)
    assert p[-1] > 0.0


def test_a_common_drift_is_no_step():
    """A percent or two within sixty commits is what machines do: hardly any such series may show a step."""
    rng = np.random.default_rng(11)
    rises = [np.linspace(0.0, rng.uniform(0.01, 0.025), 60) for _ in range(1000)]
    series = [np.exp(rise + 0.006 * rng.normal(size=60)) for rise in rises]
    assert sum(bool(found) for found in detect_many(series, scales=["log"] * len(series))) <= 15


def test_a_rise_in_two_steps_is_not_lost_whole():
    """Of two boundaries that share a rise the weaker goes first; the one that stays must move to where it tells all."""
    levels = np.repeat([0.0, 0.14, 0.29, 0.16, 0.29], [14, 5, 18, 6, 16])
    rng = np.random.default_rng(12)
    series = [np.exp(levels + 0.05 * rng.normal(size=59)) for _ in range(300)]
    lost = sum(not found for found in detect_many(series, scales=["log"] * len(series)))
    assert lost <= 16


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_extreme_values_end_no_search(scale: str) -> None:
    values = [1.7e308, 5e-324, 1.0] * 10 + [1.7e308] * 10
    with np.errstate(all="ignore"):
        for found in detector.detect(values, scale=scale):  # type: ignore[arg-type]  # a Scale
            assert 0 < found.index < len(values)
