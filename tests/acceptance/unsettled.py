"""Pairs of which many trials never settle: no verdict is wrong, and a large slow-down is no longer let pass."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from asv_jit.analysis import speedup
from asv_jit.analysis.cells.cell import cells_of
from asv_jit.analysis.cells.summary import Limits, summarise
from asv_jit.model import Trial
from tests.acceptance.rows import Row
from tests.store.trials import made

LIMITS = Limits()
CELLS = 400
# True ratio, share of unsettled trials, how far their levels wander (a share), pair noise, pairs; and the bar: the
# least share of cells that are found to differ, or the largest where nothing does.
WORLDS = (
    (1.0, 1 / 3, 0.05, 0.014, 20, 0.002),
    (1.0, 1 / 2, 0.02, 0.014, 20, 0.002),
    (1.277, 1 / 2, 0.05, 0.03, 45, 0.99),
    (1.277, 0.8, 0.10, 0.03, 45, 0.99),
    (1.05, 1 / 2, 0.02, 0.014, 20, 0.9),
)


def evidence(scale: float, seed: int) -> list[Row]:
    """A row for each world; intervals must hold the truth in all."""
    rng = np.random.default_rng(seed)
    return [_row(*world, max(int(CELLS * scale), 40), rng) for world in WORLDS]


def _row(
    ratio: float,
    share: float,
    wander: float,
    noise: float,
    pairs: int,
    bar: float,
    cells: int,
    rng: np.random.Generator,
) -> Row:
    verdicts: Counter[str] = Counter()
    missed = 0
    for _ in range(cells):
        trials = [
            _trial(
                f"b{pair}", arm, level * math.exp(noise * rng.standard_normal() / math.sqrt(2.0)), share, wander, rng
            )
            for pair in range(pairs)
            for arm, level in (("off", ratio), ("on", 1.0))
        ]
        (cell,) = cells_of(trials).values()
        found = summarise(cell, LIMITS)
        assert isinstance(found.speedup, speedup.Speedup)
        verdicts[found.verdict] += 1
        missed += not found.speedup.low <= ratio <= found.speedup.high
    different = (verdicts["faster"] + verdicts["slower"]) / cells
    what = f"ratio {ratio:.3g}, {share:.0%} of trials wander by {wander:.0%}, pair noise {noise:.1%}, {pairs} pairs"
    said = ", ".join(f"{share / cells:.1%} {verdict}" for verdict, share in sorted(verdicts.items()))
    passed = missed <= 0.01 * cells and (different <= bar if ratio == 1.0 else different >= bar)
    words = f"{'<=' if ratio == 1.0 else '>='} {bar:.1%} differ"
    return Row("1, 2", what, words, said, f"{missed} intervals miss", passed)


def _trial(block: str, arm: str, level: float, share: float, wander: float, rng: np.random.Generator) -> Trial:
    """80 iterations; if unsettled, each quarter of the last half has a level of its own."""
    if rng.random() >= share:
        return made(block, arm, level)
    quarters = level * np.exp(rng.uniform(-wander, wander, 4))
    elapsed = np.cumsum(np.concatenate([np.full(40, level), np.repeat(quarters, 10)]))
    curve = tuple((done, float(elapsed[done - 1])) for done in range(1, 81))
    median = float(np.median(quarters))
    return made(block, arm, median, steady_kind="no_steady_state", steady_start=None, curve=curve)
