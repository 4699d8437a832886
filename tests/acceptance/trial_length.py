"""What choosing the length of trials saves: the time that a precision takes, against trials of the full length.

Trials are simulated: iterations with a warm-up, noise of their own, spells in which a neighbour slows the core, and a
level that differs between processes. `enough_iterations` sees one look at each mode and chooses; then pairs of the
full and of the chosen length are classified as every trial is. The time for a precision goes with what a pair takes
times the variance of its log speedup. What settles slowly and by little, as real processes do for some tenths of a
second, is no warm-up that a trial cuts off: there a trial must be long enough to tell its level all the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asv_jit.analysis import steady
from asv_jit.analysis.cells.effort import Look, enough_iterations
from tests.acceptance.rows import Row

PAIRS = 400
LOOKS = 40
SETTLING_LOOKS = 120
BEGIN_S = 0.06
FULL_S = 0.5
LEAST = 30
SPELL_FACTOR = 1.4

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """A case on a machine. Noises are relative standard deviations, `spells_per_s` and `spell_s` are of a neighbour.

    `settling` is by how much of its level the first iteration is slower beside the warm-up, which dies away with
    the time constant `settling_s`.
    """

    name: str
    iteration_s: float
    within: float
    between: float
    warmup: int = 0
    settling: float = 0.0
    settling_s: float = 0.05
    spells_per_s: float = 0.0
    spell_s: float = 0.1

    @property
    def full(self) -> int:
        return max(LEAST, round(FULL_S / self.iteration_s))

    def trial(self, iterations: int, rng: np.random.Generator) -> Floats:
        """Seconds of each iteration of one process."""
        level = self.iteration_s * math.exp(rng.normal(0.0, self.between))
        values = level * np.exp(rng.normal(0.0, self.within, iterations))
        values *= 1.0 + self.settling * np.exp(-self.iteration_s / self.settling_s * np.arange(iterations))
        values[: self.warmup] *= 1.5
        length_s = float(values.sum())
        for _ in range(rng.poisson(self.spells_per_s * (length_s + self.spell_s))):
            begin_s = rng.uniform(-self.spell_s, length_s)
            elapsed = np.cumsum(values)
            values[(elapsed >= begin_s) & (elapsed <= begin_s + rng.exponential(self.spell_s))] *= SPELL_FACTOR
        return values


WORLDS = (
    World("noise between the processes", 0.002, within=0.005, between=0.007),
    World("the same, warming up for 30 iterations", 0.002, within=0.005, between=0.007, warmup=30),
    World("a quiet machine", 0.004, within=0.01, between=0.003),
    World("noise within the processes", 0.002, within=0.10, between=0.003),
    World("spells of a neighbour", 0.002, within=0.01, between=0.005, spells_per_s=0.5, spell_s=0.3),
)
SETTLING = World("settling for 0.2 s", 0.002, within=0.01, between=0.003, settling=0.025)
MOST_OFF = 0.01 / 3  # of the precision, beside which it should not count


def chosen(world: World, rng: np.random.Generator) -> int:
    """The count from one look at each mode."""
    looks = []
    for _mode in range(2):
        values = world.trial(world.full, rng)
        looks.append(Look(tuple(values), BEGIN_S, float(values.sum())))
    return enough_iterations(looks, least=LEAST)


def time_for_precision(world: World, iterations: int, pairs: int, rng: np.random.Generator) -> float:
    """Seconds of a pair times the variance of its log speedup."""
    figures = np.empty((pairs, 2))
    took_s = 0.0
    for pair in range(pairs):
        for arm in range(2):
            values = world.trial(iterations, rng)
            took_s += BEGIN_S + float(values.sum())
            figures[pair, arm] = math.log(steady.steady_time(values, steady.classify(values)))
    return took_s / pairs * float(np.var(figures[:, 0] - figures[:, 1], ddof=1))


def off_level(world: World, counts: Sequence[int], rng: np.random.Generator) -> float:
    """By how much more than its last level a trial says, as a mean over trials of these lengths."""
    told = [
        steady.steady_time(values, steady.classify(values)) for values in (world.trial(count, rng) for count in counts)
    ]
    return float(np.mean(np.log(told))) - math.log(world.iteration_s)


def evidence(scale: float, seed: int) -> list[Row]:
    """A row a world, what all of them save together, and whether trials still hold their warm-up."""
    rng = np.random.default_rng(seed)
    pairs, looks = max(20, round(PAIRS * scale)), max(10, round(LOOKS * scale))
    rows, ratios, covered = [], [], []
    for world in WORLDS:
        counts = [chosen(world, rng) for _ in range(looks)]
        covered += [count >= 2 * world.warmup for count in counts]
        typical = int(np.median(counts))
        ratio = time_for_precision(world, typical, pairs, rng) / time_for_precision(world, world.full, pairs, rng)
        ratios.append(ratio)
        rows.append(
            Row(
                figure="effort",
                what=f"{world.name}: time for a precision, trials of {typical} iterations against {world.full}",
                bar="<= 1.35",
                result=f"{ratio:.2f}",
                interval=f"counts from {min(counts)} to {max(counts)}",
                passed=ratio <= 1.35,
            )
        )
    together = math.exp(float(np.mean(np.log(ratios))))
    rows.append(Row("effort", "geometric mean over these", "<= 0.80", f"{together:.2f}", "", together <= 0.80))
    share = float(np.mean(covered))
    what = "trials at least twice as long as the warm-up of their case"
    rows.append(Row("effort", what, "100%", f"{share:.1%}", f"{len(covered)} choices", share == 1.0))
    counts = [chosen(SETTLING, rng) for _ in range(SETTLING_LOOKS)]
    off = off_level(SETTLING, np.repeat(counts, 5).tolist(), rng)
    rows.append(
        Row(
            figure="effort",
            what=f"{SETTLING.name}, slower by {SETTLING.settling:.1%} at first: how far off the level a trial is",
            bar=f"<= {MOST_OFF:.2%}",
            result=f"{off:.2%}",
            interval=f"counts from {min(counts)} to {max(counts)}",
            passed=abs(off) <= MOST_OFF,
        )
    )
    return rows


if __name__ == "__main__":
    for line in evidence(1.0, seed=1):
        print(line)
