"""How often the fit among screened places is not the best of all, and by how much: simulated series of many kinds.

What follows tests each boundary, so a fit that costs a little more than the best one loses no change; one that costs a
good part of a boundary more might. Walks and drifts have no levels: there many fits cost about the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.changes import segmentation
from asv_jit.analysis.changes.boundaries import SHORTEST
from tests.acceptance import figure_3_series as noises
from tests.acceptance.rows import Row
from tests.analysis.changes.segment_oracle import cost_of, fit_of, least_cost

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

LENGTHS = (60, 200, 1000)
NOTICEABLE = 1e-5
MUCH = 0.5
"""Of a boundary's cost."""


def levels(count: int, size: float, width: int | None = None) -> Draw:
    """Steps up or down of 0.6 to 1.6 times `size`; taken back after `width` points, if that is given."""

    def draw(rng: np.random.Generator, n: int) -> Floats:
        values = rng.normal(size=n)
        for _ in range(count if count else n // 25):
            at = int(rng.integers(SHORTEST, n - SHORTEST))
            values[at : None if width is None else at + width] += rng.choice([-1, 1]) * size * rng.uniform(0.6, 1.6)
        return values

    return draw


def staircase(height: float, width: int) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> Floats:
        steps = np.clip((np.arange(n) - rng.integers(5, n - 25)) // width + 1, 0, 4 * (4 // width))
        return rng.normal(size=n) + height * steps

    return draw


def walk(rng: np.random.Generator, n: int) -> Floats:
    return 0.3 * np.cumsum(rng.normal(size=n)) + rng.normal(size=n)


KINDS: dict[str, tuple[Draw, float]] = {
    "Gaussian": (noises.gaussian, 0.005),
    "t3": (noises.student, 0.005),
    "AR(0.3)": (noises.autoregressive, 0.01),
    "changing noise": (noises.changing, 0.01),
    "small steps": (levels(2, 1.0), 0.02),
    "steps": (levels(3, 3.0), 0.005),
    "many steps": (levels(0, 2.5), 0.02),
    "levels of 3 points": (levels(2, 5.0, 3), 0.005),
    "levels of 5 points": (levels(2, 4.0, 5), 0.005),
    "levels of 10 points": (levels(2, 3.0, 10), 0.01),
    "levels of 30 points": (levels(2, 1.7, 30), 0.01),
    "stairs": (staircase(2.0, 4), 0.02),
    "a ramp": (staircase(0.5, 1), 0.02),
    "linear drift": (noises.drifting, 0.06),
    "a walk": (walk, 0.15),
}


def evidence(scale: float, seed: int) -> list[Row]:
    """A row a kind; at scale 1 some minutes of one core, most of it for the best fits."""
    rng = np.random.default_rng(seed)
    return [row(name, draw, bar, max(round(500 * scale), 20), rng) for name, (draw, bar) in KINDS.items()]


def row(name: str, draw: Draw, bar: float, count: int, rng: np.random.Generator) -> Row:
    excess = []
    for n in LENGTHS:
        fits = [fit_of(draw(rng, n), np.ones(n), 2.5 * math.log(n)) for _ in range(count)]
        found = segmentation.segment_many(fits, shortest=SHORTEST)
        excess += [
            (cost_of(fit, starts) - least_cost(fit, SHORTEST)) / fit.penalty
            for fit, starts in zip(fits, found, strict=True)
        ]
    share, interval = noises.share([one > NOTICEABLE for one in excess])
    result = f"{100 * share:.1f}%, by {max(excess):.2f} boundaries at most"
    wanted = f"<= {100 * bar:.1f}%, by {MUCH} boundaries at most"
    return Row(
        "3",
        f"not the best fit: {name} ({len(excess)} series)",
        wanted,
        result,
        interval,
        share <= bar and max(excess) <= MUCH,
    )
