"""The confusion matrix of `attribution.attribute`: what is said for each thing that can move, and how surely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.attribution import Attribution, Axis, Sides, attribute
from tests.acceptance.figure_3_series import share
from tests.acceptance.rows import Row

BLOCKS = 15
NOISE = 0.01
EQUIVALENCE = 0.02
SHIFT = 0.05

# What happens to (off, on, anchor), and what should be said of it on the axis `commits`.
TRUTHS: dict[str, tuple[float, float, float]] = {
    "code": (SHIFT, SHIFT, 0.0),
    "jit": (0.0, SHIFT, 0.0),
    "interpreter": (SHIFT, 0.0, 0.0),
    "mixed": (SHIFT, 2.5 * SHIFT, 0.0),
    "machine": (SHIFT, SHIFT, SHIFT),
    "unclear": (0.0, 0.0, 0.0),
}


def sides(shifts: Sequence[float], rng: np.random.Generator) -> tuple[Sides, Sides, Sides]:
    """Times of (off, on, anchor) on both sides; the modes of a block share a third of their noise."""
    times: list[npt.NDArray[np.float64]] = []
    for side in (0, 1):
        shared, own = NOISE * rng.normal(size=BLOCKS), NOISE * rng.normal(size=(3, BLOCKS))
        own[:2] = np.sqrt(2 / 3) * own[:2] + np.sqrt(1 / 3) * shared
        times.append(np.exp(own + side * np.asarray(shifts)[:, None]))
    before, after = times
    return (before[0], after[0]), (before[1], after[1]), (before[2], after[2])


def said(shifts: Sequence[float], axis: Axis, rng: np.random.Generator) -> Attribution:
    off, on, anchor = sides(shifts, rng)
    return attribute(off, on, anchor, axis=axis, equivalence=EQUIVALENCE)


def confusion_rows(axis: Axis, count: int, rng: np.random.Generator) -> list[Row]:
    rows = []
    for truth, shifts in TRUTHS.items():
        wanted = "release" if axis == "pythons" and truth not in ("machine", "unclear") else truth
        causes: Counter[str] = Counter(said(shifts, axis, rng).cause for _ in range(count))
        right = causes[wanted] / count
        wrong = 1.0 - right - (causes["unclear"] / count if wanted != "unclear" else 0.0)
        told = ", ".join(f"{cause} {100 * n / count:.0f}%" for cause, n in causes.most_common())
        # To say nothing is allowed; to blame the wrong one is not.
        passed = right >= 0.85 and wrong <= 0.02
        what = f"cause on {axis}, truth {truth} ({count} simulated)"
        rows.append(
            Row("attribution", what, "right >= 85%, wrongly blamed <= 2%", told, "", passed),
        )
    return rows


def drawn_shifts(rng: np.random.Generator) -> tuple[str, tuple[float, float, float]]:
    """A cause and its shifts, drawn from the prior that `attribution` states."""
    truth = str(rng.choice(["unclear", "code", "jit", "interpreter", "mixed"], p=[0.2, 0.3, 0.2, 0.1, 0.2]))
    x, y = 0.05 * rng.normal(size=2)
    off, on = {
        "unclear": (0.0, 0.0),
        "code": (x, x),
        "jit": (0.0, y),
        "interpreter": (x, 0.0),
        "mixed": (x, y),
    }[truth]
    small = 0.25 * EQUIVALENCE * rng.normal(size=2)
    machine = 0.05 * rng.normal() if rng.random() < 0.15 else 0.0
    if truth == "unclear" and machine != 0.0:
        truth = "machine"
    return truth, (off + small[0] + machine, on + small[1] + machine, machine)


def calibration_row(count: int, rng: np.random.Generator) -> Row:
    """Whether named causes are right as often as their probabilities say."""
    probabilities, hits = [], []
    for _ in range(count):
        truth, shifts = drawn_shifts(rng)
        answer = said(shifts, "commits", rng)
        if answer.cause != "unclear":
            probabilities.append(answer.probability)
            hits.append(answer.cause == truth)
    right, interval = share(hits)
    stated = float(np.mean(probabilities))
    what = f"named causes that are right ({len(hits)} of {count})"
    bar = f"{100 * stated:.1f}% as stated, or more; at most 5 points less"
    return Row("attribution", what, bar, f"{100 * right:.1f}%", interval, right >= stated - 0.05)


def evidence(scale: float, seed: int) -> list[Row]:
    """Confusion on both axes, then the calibration of the probability."""
    rng = np.random.default_rng(seed)
    count = max(round(1_000 * scale), 50)
    return [
        *confusion_rows("commits", count, rng),
        *confusion_rows("pythons", count, rng),
        calibration_row(4 * count, rng),
    ]
