"""Series cleaned, against the definition of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from asv_jit.analysis.changes.cleaning import clean
from asv_jit.analysis.stats import robust

seeds = st.integers(0, 2**32 - 1)


def windows(values, reach):
    """The values about each one, the series reflected at its ends; shape (n, 2 * reach + 1)."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, reach, mode="symmetric"), 2 * reach + 1)


def scale_of(values, least):
    overall = robust.difference_scale(values)
    n = len(values)
    if n < 82:
        return np.full(n, max(overall, least))
    steps = np.abs(np.diff(values))
    steps = np.minimum(steps, 4.0 * np.median(windows(steps, 20), axis=1))
    means = {at: np.mean(steps[at - 20 : at + 21]) for at in range(20, len(steps) - 20)}
    by_step = [max(means[j] for j in means if abs(j - np.clip(at, 0, n)) <= 20) for at in range(n - 1)]
    widest = np.maximum([by_step[0], *by_step], [*by_step, by_step[-1]]) * np.sqrt(np.pi) / 2.0
    local = np.log(np.maximum(widest, 0.05 * overall))
    trust = np.clip(np.mean(np.square(local - np.median(local))) / 0.03 - 1.0, 0.0, 1.0)
    return np.maximum(np.exp(trust * local + (1.0 - trust) * np.log(overall)), least)


def cleaned(values, scale):
    centre = np.median(windows(values, 5), axis=1)
    limited = np.clip(values, centre - 3.5 * scale, centre + 3.5 * scale)
    side = np.sign(values - limited)
    for at in range(len(values)):
        first, last = at, at
        while first > 0 and side[first - 1] == side[at]:
            first -= 1
        while last < len(values) - 1 and side[last + 1] == side[at]:
            last += 1
        if side[at] != 0 and last - first < 2:
            limited[at] = centre[at]
    return limited - np.median(limited)


def series(rng, n):
    values = rng.normal(size=n) * np.where(np.arange(n) < rng.integers(2 * n), 1.0, rng.choice([1.0, 3.0]))
    values += 8.0 * (np.arange(n) > rng.integers(2 * n))
    values[rng.random(n) < 0.05] += 20.0
    return values


@settings(deadline=None, max_examples=20)
@given(seed=seeds, lengths=st.lists(st.sampled_from([6, 7, 11, 30, 81, 82, 83, 150]), min_size=1, max_size=5))
def test_series_are_cleaned_as_the_definition_says(seed, lengths):
    rng = np.random.default_rng(seed)
    many = [series(rng, n) for n in lengths]
    for values in many:
        found = clean(values, 0.5)
        scale = scale_of(values, 0.5)
        assert found.scale == pytest.approx(scale)
        assert found.values == pytest.approx(cleaned(values, scale), abs=1e-9)
        assert found.weights == pytest.approx(1.0 / scale**2)
        assert found.masses == pytest.approx(np.append(0.0, np.cumsum(found.weights)))
        assert found.sums == pytest.approx(np.append(0.0, np.cumsum(found.weights * found.values)), abs=1e-9)


def rho_of(values):
    return clean(values, 1e-9).rho


def autoregressive(rng, n, rho):
    return signal.lfilter([1.0], [1.0, -rho], rng.normal(size=n + 50))[50:]


@given(seed=seeds)
@settings(deadline=None, max_examples=20)
def test_autocorrelation_is_blind_to_levels(seed):
    noise = autoregressive(np.random.default_rng(seed), 800, 0.4)
    levels = 10.0 * (np.arange(800) // 40 % 2)
    assert abs(rho_of(noise + levels) - rho_of(noise)) < 0.1


def test_autocorrelation_and_noise_are_those_of_the_noise():
    rng = np.random.default_rng(1)
    white = [clean(values, 1e-9) for values in rng.normal(size=(40, 500))]
    assert np.mean([one.rho for one in white]) < 0.03
    assert np.mean([one.noise for one in white]) == pytest.approx(1.0, abs=0.1)
    coloured = [autoregressive(rng, 500, 0.4) for _ in range(40)]
    # A little less: the largest differences count as changes of level, and the grace is taken off.
    assert np.mean([one.rho for one in (clean(values, 1e-9) for values in coloured)]) == pytest.approx(0.35, abs=0.05)


def test_scale_survives_steps_and_spikes_and_follows_the_noise():
    rng = np.random.default_rng(0)
    values = rng.normal(size=300) + 20.0 * (np.arange(300) > 150)
    values[::40] += 50
    assert robust.difference_scale(values) == pytest.approx(1.0, rel=0.25)
    changing = rng.normal(size=300) * np.where(np.arange(300) < 150, 1.0, 5.0)
    found = clean(changing, 1e-9)
    assert found.scale[50] == pytest.approx(1.0, rel=0.4)
    assert found.scale[250] == pytest.approx(5.0, rel=0.4)
    assert robust.difference_scale(np.array([1.0, 1.0, 1.0, 1.0, 2.0])) > 0.0
