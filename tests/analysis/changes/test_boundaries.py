"""Cubics fitted by sums, against orthogonal bases."""

from __future__ import annotations

import numpy as np
import pytest

from asv_jit.analysis.changes.boundaries import Stepped, bends
from asv_jit.analysis.changes.cleaning import clean
from asv_jit.analysis.changes.splits import best_place, gains


def drawn(seed, n=400):
    rng = np.random.default_rng(seed)
    x = np.linspace(-1.0, 1.0, n)
    values = rng.normal(size=n) * np.where(x < 0.3, 1.0, 5.0) + 5.0 * x**3 + 3.0 * (x > 0.1)
    return clean(values, 1e-9)


PARTS = [(0, 200, 400), (30, 33, 60), (5, 300, 320), (100, 250, 400)]


def test_what_a_cubic_explains():
    parts = [Stepped(drawn(seed), *places) for seed in range(3) for places in PARTS]
    found = bends(parts)
    for at, part in enumerate(parts):
        root = np.sqrt(part.series.weights[part.start : part.end])
        x = np.linspace(-1.0, 1.0, part.end - part.start)
        basis, _ = np.linalg.qr(root[:, None] * np.stack([np.ones_like(x), x, x**2, x**3], axis=1))
        y = root * part.series.values[part.start : part.end]
        step = root * (np.arange(part.start, part.end) >= part.at)
        step -= basis @ (basis.T @ step)
        assert found.explained[at] == pytest.approx(np.sum(np.square(basis[:, 1:].T @ y)))
        assert found.onto_step[at] == pytest.approx(step @ y, abs=1e-9)
        assert found.step_left[at] == pytest.approx(step @ step)


def test_gains_of_all_places():
    def squared_error(series, start, end):
        weights, values = series.weights[start:end], series.values[start:end]
        return weights @ np.square(values - weights @ values / weights.sum())

    for one in (drawn(seed) for seed in range(3)):
        for start, _, end in PARTS:
            gain = gains(one.masses, one.sums, start, end, 3)
            whole = squared_error(one, start, end)
            expected = [
                whole - squared_error(one, start, at) - squared_error(one, at, end) for at in range(start + 3, end - 2)
            ]
            assert gain == pytest.approx(np.array(expected), abs=1e-7)
            assert best_place(one.masses, one.sums, start, end, 3) == start + 3 + int(np.argmax(gain))
