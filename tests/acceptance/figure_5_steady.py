"""Figure 5: steady states, on synthetic series whose kind is known and against published labels of real runs.

The real runs are those of Traini et al. 2023 (GitHub: SEALABQualityGroup/steady-state, folder `data`), 586
Java benchmarks × 10 processes × 3,000 iterations; the environment variable ASV_JIT_STEADY_DATA names a folder
that holds its `timeseries/all` and `classification`. They are no part of this repository, and without the
variable there is no row for them. Their labels are an algorithm's, so agreement is not truth. Thresholds were
chosen on the even benchmarks in order of name, none on the odd ones: both halves are shown, the odd has the bar.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asv_jit.analysis import steady
from asv_jit.model import SteadyKind
from tests.acceptance.rows import Row

Floats = npt.NDArray[np.float64]

SERIES = 4_000
LENGTHS = (30, 60, 150, 500, 1_000, 2_000, 3_000)
NOISES = (0.002, 0.01, 0.03)
LONG = 500
"""Only series as long as this have the largest noise, or spikes: in 30 noisy iterations no kind is certain."""

TOLERANCE = 0.01
LABEL_TOLERANCE = 0.05
VARIABLE = "ASV_JIT_STEADY_DATA"
RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A synthetic series, what it is, and where its steady state starts (None where no place is exact)."""

    durations: Floats
    kind: SteadyKind
    start: int | None


def _step(rng: np.random.Generator, noise: float) -> float:
    """A relative change that nobody would miss: 5% to 60%, at least six times the noise."""
    return float(rng.uniform(max(0.05, 6 * noise), 0.6))


def _flat(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    return np.ones(n), 0


def _slow_first(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    level, count = np.ones(n), int(rng.integers(1, 4))
    level[:count] = 1.0 + np.sort(rng.uniform(1.0, 9.0, count))[::-1]
    return level, count


def _compiled(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    level, start = np.ones(n), int(rng.integers(n // 10, n * 7 // 10))
    level[:start] += _step(rng, noise)
    level[0] *= rng.uniform(1.0, 5.0)
    return level, start


def _compiled_twice(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    level, first, second = np.ones(n), n // 5, n // 2
    level[:second] += _step(rng, noise)
    level[:first] += _step(rng, 2 * noise) * 2
    return level, second


def _decay(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    return 1.0 + rng.uniform(0.5, 2.0) * np.exp(-np.arange(n) / (n * rng.uniform(0.02, 0.08))), None


def _slower(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    level, start = np.ones(n), int(rng.integers(n // 5, n * 7 // 10))
    level[start:] += _step(rng, noise)
    return level, start


def _late(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    level, start = np.ones(n), n - int(rng.integers(max(3, n // 30), n // 7 + 1))
    level[start:] *= 1.0 + _step(rng, noise) * rng.choice([-1.0, 1.0])
    return level, None


def _drift(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    level = 1.0 + rng.uniform(0.5, 1.0) * np.arange(n) / (n - 1)
    return np.asarray(level[:: int(rng.choice([-1, 1]))], dtype=np.float64), None


def _switching(rng: np.random.Generator, n: int, noise: float) -> tuple[Floats, int | None]:
    phases = (np.arange(n) * 10 // n) % 2
    return np.asarray(1.0 + phases * _step(rng, noise), dtype=np.float64), None


SHAPES: dict[str, tuple[SteadyKind, Callable[[np.random.Generator, int, float], tuple[Floats, int | None]]]] = {
    "flat": ("flat", _flat),
    "slow first iterations": ("warmup", _slow_first),
    "compiled once": ("warmup", _compiled),
    "compiled twice": ("warmup", _compiled_twice),
    "decaying": ("warmup", _decay),
    "slower after a time": ("slowdown", _slower),
    "late change": ("no_steady_state", _late),
    "drift": ("no_steady_state", _drift),
    "switching": ("no_steady_state", _switching),
}

SHORTEST = {"drift": 150, "switching": 150}
"""Iterations; in fewer, a sixth of them holds too little to tell these shapes from a steady end."""


def sample(shape: str, rng: np.random.Generator) -> Sample:
    """A series of that shape: random length, unit and noise, and, in half of the long ones, spikes."""
    kind, draw = SHAPES[shape]
    lengths = [n for n in LENGTHS if n >= SHORTEST.get(shape, 0)]
    n, noise = int(rng.choice(lengths)), float(rng.choice(NOISES))
    if n < LONG:
        noise = min(noise, NOISES[1])
    level, start = draw(rng, n, noise)
    raw = rng.standard_normal(n) if rng.random() < 0.5 else rng.gamma(4.0, size=n) / 2.0 - 2.0
    durations = level * (1.0 + noise * np.maximum(raw, -5.0))
    if n >= LONG and rng.random() < 0.5:  # as a garbage collector does it; not at the head, where they would be warm-up
        period = int(rng.integers(8, 60))
        durations[int(rng.integers(period // 2, period)) :: period] *= rng.uniform(1.1, 3.0)
    return Sample(durations * 10.0 ** rng.uniform(-9, 9), kind, start)


def evidence(scale: float, seed: int) -> list[Row]:
    """A row for each synthetic shape, one for the starts, and those of the real runs if they are there."""
    per_shape = max(int(SERIES * scale) // len(SHAPES), 10)
    rows: list[Row] = []
    distances: list[float] = []
    for shape, stream in zip(SHAPES, np.random.SeedSequence(seed).spawn(len(SHAPES)), strict=True):
        rng = np.random.default_rng(stream)
        right = 0
        for _ in range(per_shape):
            truth = sample(shape, rng)
            found = steady.classify(truth.durations, tolerance=TOLERANCE)
            right += found.kind == truth.kind
            if truth.start and found.start is not None:
                distances.append(abs(found.start - truth.start))
        rows.append(_share(f"synthetic, {shape}: kind right", right, per_shape, 1.0))
    near = sum(distance <= 2 for distance in distances)
    rows.append(_share("synthetic, known start: found within 2 iterations", near, len(distances), 0.99))
    folder = os.environ.get(VARIABLE)
    if folder:
        rows += real(Path(folder), scale, seed)
    else:
        print(f"figure 5, published labels: not run, set {VARIABLE} (see the module)")
    return rows


def _share(what: str, right: int, of: int, bar: float) -> Row:
    # The rule of three where all are right, else 1.96 standard errors.
    share = right / of
    low = 1.0 - 3.0 / of if right == of else share - 1.96 * float(np.sqrt(share * (1.0 - share) / of))
    high = 1.0 if right == of else share + 1.96 * float(np.sqrt(share * (1.0 - share) / of))
    return Row("5", what, f">= {bar:.0%}", f"{share:.2%} of {of}", f"{low:.2%} to {high:.2%}", share >= bar)


def real(folder: Path, scale: float, seed: int) -> list[Row]:
    """Balanced accuracy against the labels, on the half that was tuned on and on the other."""
    names = sorted(path.name for path in (folder / "classification").iterdir())
    rows: list[Row] = []
    for half, which in (("even benchmarks, tuned on", 0), ("odd benchmarks, held out", 1)):
        chosen = names[which::2][:: max(1, round(1 / scale))]
        outcomes = [_against_labels(folder, name) for name in chosen]
        accuracy, steady_recall, never_recall = _recalls(np.concatenate(outcomes))
        rng = np.random.default_rng(seed)
        # Processes of one benchmark are alike, so whole benchmarks are resampled.
        again = [
            _recalls(np.concatenate([outcomes[i] for i in rng.integers(len(outcomes), size=len(outcomes))]))[0]
            for _ in range(RESAMPLES)
        ]
        low, high = np.nanquantile(again, [0.025, 0.975])
        rows.append(
            Row(
                figure="5",
                what=f"published labels, {half}: balanced accuracy at {LABEL_TOLERANCE:.0%}"
                f" ({10 * len(chosen)} runs; recalls: steady {steady_recall:.3f}, never {never_recall:.3f})",
                bar=">= 0.80" if which else "none",
                result=f"{accuracy:.3f}",
                interval=f"{low:.3f} to {high:.3f}",
                passed=accuracy >= 0.80 or not which,
            )
        )
    return rows


def _against_labels(folder: Path, name: str) -> npt.NDArray[np.bool_]:
    """For each run of a benchmark: whether it is labelled steady, whether it is classified so; shape (runs, 2)."""
    runs = json.loads((folder / "timeseries" / "all" / name).read_text())
    labels = json.loads((folder / "classification" / name).read_text())["forks"]
    found = [steady.classify(run, tolerance=LABEL_TOLERANCE).start is not None for run in runs]
    return np.array([(label == "steady state", answer) for label, answer in zip(labels, found, strict=True)])


def _recalls(outcomes: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Balanced accuracy, recall of the steady, recall of the never-steady; NaN without one of the two."""
    label, found = outcomes.T
    if label.all() or not label.any():
        return float("nan"), float("nan"), float("nan")
    steady_recall, never_recall = float(found[label].mean()), float(1.0 - found[~label].mean())
    return (steady_recall + never_recall) / 2.0, steady_recall, never_recall


if __name__ == "__main__":
    for line in evidence(1.0, seed=1):
        print(line)
