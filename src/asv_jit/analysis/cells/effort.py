"""The number of iterations per trial that gives the most precision for the time of a pair.

A pair costs the start and the warm-up of its processes, c, and n steady iterations of τ each. Its log speedup varies by
v / n, the remaining noise of the iterations, and by σ², the difference between processes of one program, which does not
shrink however long they run. The time for a given precision is proportional to (c + n τ)(v / n + σ²), which is least at

    n = √(c / τ · v / σ²)

(Kalibera and Jones 2013, "Rigorous benchmarking in reasonable time", the optimal number of repetitions). So where the
noise lies between processes, further iterations are better spent on another pair; where it lies within them, as on a
disk, trials stay long. A neighbour that slows the core for a tenth of a second or a second adds to σ, not to v: on a
shared 2-core machine one trial in four was off by more than 5%, whether it took 0.1 or 0.4 s.

A short trial is also biased a little. In the three benchmarks of tests/acceptance/peer_pyperf.py, 26 to 29 processes a
mode with 450 iterations, the level after 0.1 to 0.2 s was 0.2 to 0.9% above the last one, differently in the two modes,
which changed the speedup by 0.3 to 0.6%. Two causes were found. The JIT compiles an outer loop only at its 4,095th
pass: mandelbrot's in its 103rd call, and it is 0.4% faster from then on. And without the JIT a process gets faster by 1
to 5% in one step after 0.1 to 0.4 s, at random, some never, whatever its hash seed, addresses, data or age; processes
that are interrupted more often do so sooner, so it is likely the core's branch prediction. Such steps are too small or
too late to be cut off. So a trial is longer while its level differs from that of the rest of the look by more than a
quarter of a percent and its error. It is never longer than the look, which ends before mandelbrot's step counts.

c, τ, v and the warm-up come from one look at each mode: a trial of full length that is thrown away. Disturbances only
ever slow a look, so the warm-up is read from the fastest quarters of short stretches, and v from the differences of
neighbours, which a slow spell hardly affects. σ cannot be seen in one process and is taken from quiet machines; where
it is larger, shorter trials would do, at little loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.stats.robust import difference_scale

_BETWEEN_PROCESSES = 0.005  # relative standard deviation between processes, from a pair noise of 0.7% over √2

LEAST_STEADY_S = 0.15
"""The least duration of the steady part in seconds, averaged over the modes.

Starting a process takes about half of that, so whether the noise lies all within processes or all between them, the
time for a given precision is within a third of the best that 0.1 to 0.5 s could give.
"""

_WARMUPS = 3  # the least length of a trial in multiples of the longest warm-up seen; other trials may settle later
_QUICK = 0.25  # the quantile that a slow spell hardly moves
_STRETCHES = 40
_SHORTEST_STRETCH = 5
_SAME_LEVEL = 0.02
"""Stretches whose quickest quarters differ by less, beside the noise of an iteration, are on one level."""

_TOLERANCE = 0.0025
_CERTAINTY = 1.0
"""Standard errors beyond the tolerance: a shorter trial must not tell another level than the whole one does.

When in doubt a trial is longer: that costs time once more and is seen, while a level that is off is not.
"""

_LONGER = 1.25
_QUARTILE_EFFICIENCY = 1.86
_MEDIAN_EFFICIENCY = math.pi / 2.0
"""The variances of a quartile and of a median of n Gaussian values, times n, relative to that of one value."""


class Look(Struct, frozen=True):
    """A trial of full length in one mode.

    `durations_s`: of its iterations, shape (n,), positive, in order; `begin_s`: from the start of the process to its
    first iteration; `loop_s`: what all n iterations took together, with whatever is done between them.
    """

    durations_s: Sequence[float]
    begin_s: float
    loop_s: float

    @property
    def iteration_s(self) -> float:
        """Return the undisturbed duration of an iteration, including the work before the next one."""
        between_s = max(self.loop_s - math.fsum(self.durations_s), 0.0) / len(self.durations_s)
        return float(np.quantile(self.durations_s, _QUICK)) + between_s


def enough_iterations(looks: Sequence[Look], *, least: int) -> int:
    """Return the number of iterations for all trials of a case: at most that of the looks, and equal if one got slower.

    `looks`: one per mode, at least one, all of the same count; `least` is the smallest result, unless the looks are
    shorter. Raises ValueError for looks of unequal counts.
    """
    counts = {len(look.durations_s) for look in looks}
    if len(counts) != 1:
        raise ValueError(f"looks: expected one count of iterations, found {sorted(counts) or 'no looks'}")
    (most,) = counts
    logs = [np.log(np.asarray(look.durations_s, dtype=np.float64)) for look in looks]
    noises = [difference_scale(one) for one in logs]
    starts = [_settled(one, noise) for one, noise in zip(logs, noises, strict=True)]
    if any(start is None for start in starts):
        return most
    settled = max(start for start in starts if start is not None)
    iteration_s = sum(look.iteration_s for look in looks)
    begin_s = sum(max(look.begin_s, 0.0) for look in looks) + settled * iteration_s
    within = _MEDIAN_EFFICIENCY * sum(noise**2 for noise in noises)
    best = math.sqrt(begin_s / iteration_s * within / (len(looks) * _BETWEEN_PROCESSES**2))
    long_enough = LEAST_STEADY_S * len(looks) / iteration_s
    wanted = max(settled + max(best, long_enough), _WARMUPS * settled, least)
    while math.ceil(wanted) < most and not all(
        _tells_the_same(one, settled, math.ceil(wanted), noise) for one, noise in zip(logs, noises, strict=True)
    ):
        wanted *= _LONGER
    return min(most, math.ceil(wanted))


def _tells_the_same(logs: Floats, settled: int, count: int, noise: float) -> bool:
    """Return True if the level up to `count` equals that of the rest; a late small step shows in many only."""
    here, rest = logs[settled:count], logs[count:]
    error = _CERTAINTY * noise * math.sqrt(_QUARTILE_EFFICIENCY * (1.0 / len(here) + 1.0 / len(rest)))
    return bool(abs(np.quantile(here, _QUICK) - np.quantile(rest, _QUICK)) <= _TOLERANCE + error)


def _settled(logs: Floats, noise: float) -> int | None:
    """Return the first iteration on the level of the last half; None if an earlier level was faster."""
    size = max(_SHORTEST_STRETCH, len(logs) // _STRETCHES)
    whole = len(logs) // size
    if whole < 4:
        return None
    quick = np.quantile(logs[: whole * size].reshape(whole, size), _QUICK, axis=1)
    level = float(np.quantile(quick[whole // 2 :], _QUICK))
    like = _SAME_LEVEL + noise
    if (quick < level - like).any():
        return None
    return int(np.argmax(quick <= level + like)) * size
