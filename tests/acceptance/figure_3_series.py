"""Figure 3: false alarms and finds of `detector.detect_many` on series of 200 points, noise 1%."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import signal, stats

from asv_jit.analysis.changes import detector
from tests.acceptance.rows import Row

Floats = npt.NDArray[np.float64]
Noise = Callable[[np.random.Generator, int], Floats]

POINTS = 200
NOISE = 0.01
NEAR = 2
"""A change counts as found if one is reported at most this many points from it."""


def gaussian(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(size=n)


def student(rng: np.random.Generator, n: int) -> Floats:
    """t with 3 degrees of freedom, of standard deviation 1."""
    return rng.standard_t(3, size=n) / math.sqrt(3.0)


def autoregressive(rng: np.random.Generator, n: int) -> Floats:
    """AR(1) with coefficient 0.3, stationary, of standard deviation 1."""
    shocks = rng.normal(size=n + 50) * math.sqrt(1 - 0.3**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -0.3], shocks))[50:]


def spiky(rng: np.random.Generator, n: int) -> Floats:
    """Gaussian, but 3% of the points are 5 to 20 standard deviations too slow."""
    return rng.normal(size=n) + (rng.random(n) < 0.03) * rng.uniform(5, 20, size=n)


def changing(rng: np.random.Generator, n: int) -> Floats:
    """Gaussian, three times quieter in the first half."""
    return rng.normal(size=n) * np.where(np.arange(n) < n // 2, 1 / 3, 1.0)


def drifting(rng: np.random.Generator, n: int) -> Floats:
    """Gaussian about a straight line that rises by up to 5 standard deviations in all."""
    return rng.normal(size=n) + np.linspace(0.0, rng.uniform(0, 5), n)


def series(noise: Floats, step: float = 0.0, after: int = 0) -> Floats:
    """A metric in seconds with a step (a fraction) before the last `after` points."""
    levels = NOISE * noise
    if after:
        levels[-after:] += math.log1p(step)
    return 0.02 * np.exp(levels)


def share(hits: Sequence[bool]) -> tuple[float, str]:
    """Share of hits, and its Clopper-Pearson interval at 95% as text."""
    k, n = sum(hits), len(hits)
    low = stats.beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return k / n, f"{100 * low:.2f} to {100 * high:.2f}%"


def detected(many: Sequence[Floats]) -> list[list[detector.ChangePoint]]:
    return detector.detect_many(many, scales=["log"] * len(many))


def false_alarm_row(name: str, noise: Noise, bar: float | None, count: int, rng: np.random.Generator) -> Row:
    rate, interval = share([bool(points) for points in detected([series(noise(rng, POINTS)) for _ in range(count)])])
    wanted = "for comparison" if bar is None else f"<= {100 * bar:.1f}%"
    passed = bar is None or rate <= bar
    return Row("3", f"false alarm, {name} ({count} series)", wanted, f"{100 * rate:.2f}%", interval, passed)


def found_rows(step: float, after: int, bar: float, count: int, rng: np.random.Generator) -> list[Row]:
    """How often the step is found, and how far before, after and place are from the truth."""
    truth = POINTS - after
    found, deviates, located = [], [], []
    for points in detected([series(gaussian(rng, POINTS), step, after) for _ in range(count)]):
        near = [p for p in points if abs(p.index - truth) <= NEAR]
        found.append(bool(near))
        for p in near[:1]:
            deviates.append((p.before - 0.02) / p.before_error)
            deviates.append((p.after - 0.02 * (1 + step)) / p.after_error)
            located.append(p.earliest <= truth <= p.latest)
    rate, interval = share(found)
    what = f"{100 * step:.0f}% step, {after} points after it ({count} series)"
    rows = [
        Row("3", f"found: {what}", f">= {100 * bar:.0f}%", f"{100 * rate:.1f}%", interval, rate >= bar),
    ]
    rms = math.sqrt(float(np.mean(np.square(deviates)))) if deviates else math.inf
    rows.append(
        Row("3", f"before, after: {what}", "rms <= 1.3 errors", f"{rms:.2f} errors", "", rms <= 1.3),
    )
    inside, interval = share(located) if located else (0.0, "")
    rows.append(Row("3", f"place in its interval: {what}", ">= 95%", f"{100 * inside:.1f}%", interval, inside >= 0.95))
    return rows


def evidence(scale: float, seed: int) -> list[Row]:
    """All rows of figure 3; at scale 1 some ten seconds of one core."""
    rng = np.random.default_rng(seed)
    alarms, finds = max(round(10_000 * scale), 100), max(round(4_000 * scale), 50)
    rows = [
        false_alarm_row("Gaussian", gaussian, 0.01, alarms, rng),
        false_alarm_row("t3", student, 0.025, alarms, rng),
        false_alarm_row("AR(0.3)", autoregressive, 0.025, alarms, rng),
        false_alarm_row("3% spikes", spiky, 0.025, alarms, rng),
        false_alarm_row("changing noise", changing, None, alarms // 2, rng),
        false_alarm_row("linear drift", drifting, None, alarms // 2, rng),
    ]
    for step, after, bar in ((0.05, 5, 0.99), (0.02, 10, 0.85), (0.02, 50, 0.90)):
        rows += found_rows(step, after, bar, finds, rng)
    return rows
