"""Beside figure 3: asv's own step detection on the same simulations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from asv import step_detect

from asv_jit.analysis.changes import detector
from tests.acceptance.figure_3_series import (
    NEAR,
    Noise,
    autoregressive,
    gaussian,
    series,
    share,
    spiky,
    student,
)
from tests.acceptance.rows import Row

Find = Callable[[npt.NDArray[np.float64]], list[int]]

POINTS = 200
LATENCIES = (3, 5, 7, 10, 15, 20, 30, 50, 75, 100)


def asv_starts(values: npt.NDArray[np.float64]) -> list[int]:
    """Where asv sees a new level begin."""
    return [int(step[0]) for step in step_detect.detect_steps(values.tolist())][1:]


def our_starts(values: npt.NDArray[np.float64]) -> list[int]:
    return [point.index for point in detector.detect(values)]


def false_alarm_row(name: str, noise: Noise, count: int, rng: np.random.Generator) -> Row:
    drawn = [series(noise(rng, POINTS)) for _ in range(count)]
    asv_rate, interval = share([bool(asv_starts(values)) for values in drawn])
    our_rate, _ = share([bool(detector.detect(values)) for values in drawn])
    result = f"asv {100 * asv_rate:.1f}%, asv-jit {100 * our_rate:.1f}%"
    return Row("3", f"asv beside it: false alarm, {name}", "for comparison", result, interval, True)


def latency(find: Find, step: float, count: int, rng: np.random.Generator) -> int | None:
    """Points after a step at which at least half of the series show it; None if that takes over 100."""
    for after in LATENCIES:
        hits = 0
        for _ in range(count):
            starts = find(series(gaussian(rng, POINTS), step, after))
            hits += any(abs(start - (POINTS - after)) <= NEAR for start in starts)
        if 2 * hits >= count:
            return after
    return None


def recall_row(step: float, after: int, count: int, rng: np.random.Generator) -> Row:
    """How often each sees a step with so many points after it, on the same series."""
    drawn = [series(gaussian(rng, POINTS), step, after) for _ in range(count)]
    hits = [
        [any(abs(start - (POINTS - after)) <= NEAR for start in find(values)) for values in drawn]
        for find in (asv_starts, our_starts)
    ]
    (theirs, _), (ours, interval) = share(hits[0]), share(hits[1])
    what = f"asv beside it: recall, {100 * step:.0f}% step, {after} points after it"
    result = f"asv {100 * theirs:.1f}%, asv-jit {100 * ours:.1f}%"
    return Row("3", what, "within 5 points of asv or above", result, interval, ours >= theirs - 0.05)


def evidence(scale: float, seed: int) -> list[Row]:
    """False alarms on the noises of figure 3, recall, and points until half of the steps are seen."""
    rng = np.random.default_rng(seed)
    count = max(round(400 * scale), 20)
    rows = [
        false_alarm_row(name, noise, count, rng)
        for name, noise in (
            ("Gaussian", gaussian),
            ("t3", student),
            ("AR(0.3)", autoregressive),
            ("3% spikes", spiky),
        )
    ]
    rows += [recall_row(step, after, count, rng) for step, after in ((0.05, 5), (0.02, 10), (0.02, 50))]
    for step in (0.02, 0.05):
        ours, theirs = (latency(find, step, count, rng) for find in (our_starts, asv_starts))
        sooner = ours is not None and (theirs is None or ours <= theirs)
        said = ["more than 100" if after is None else str(after) for after in (theirs, ours)]
        rows.append(
            Row(
                "3",
                f"asv beside it: points until half of the {100 * step:.0f}% steps are seen",
                "no later than asv",
                f"asv {said[0]}, asv-jit {said[1]}",
                "",
                sooner,
            )
        )
    return rows
