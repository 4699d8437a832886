"""The best piecewise constant fit to a series: exact, by dynamic programming with pruning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["segment"]

Floats = npt.NDArray[np.float64]

_PRUNE_EVERY = 64
"""Steps between two prunings: each costs several numpy calls, so not every step."""


def segment(values: Floats, weights: Floats, *, penalty: float, shortest: int) -> list[int]:
    """Starts of all segments but the first that minimise weighted squared error plus `penalty` a boundary.

    `values` and `weights` (inverse variances, positive) have shape (n,); no segment has fewer than `shortest`
    values; with n < 2 * `shortest` there is nothing to split. The fit is exact: optimal partitioning
    (Jackson et al. 2005) with the pruning of PELT (Killick, Fearnhead and Eckley 2012), O(n²) at worst,
    each step one pass of numpy over the candidates.
    """
    n = len(values)
    if n < 2 * shortest:
        return []
    sums = np.append(0.0, np.cumsum(weights * (values - np.median(values))))
    masses = np.append(0.0, np.cumsum(weights))
    previous = _best_predecessors(sums, masses, penalty, shortest)
    starts: list[int] = []
    end = previous[n]
    while end > 0:
        starts.append(end)
        end = previous[end]
    return starts[::-1]


def _best_predecessors(sums: Floats, masses: Floats, penalty: float, shortest: int) -> list[int]:
    """For each end of a prefix, where the last segment of its best partition starts.

    The cost of a partition is kept less the sum of squares, which all partitions of a prefix share; so a
    segment (s, t] costs -(sums[t] - sums[s])² / (masses[t] - masses[s]). Candidates live in buffers that are
    filled from the left and compacted when some can never win again.
    """
    n = len(sums) - 1
    sum_to: list[float] = sums.tolist()
    mass_to: list[float] = masses.tolist()
    best = [np.inf] * (n + 1)
    best[0] = -penalty
    previous = [0] * (n + 1)
    cand_sum, cand_mass, cand_best = np.empty(n + 1), np.empty(n + 1), np.empty(n + 1)
    cand_start = np.empty(n + 1, dtype=np.int64)
    cost, mass = np.empty(n + 1), np.empty(n + 1)
    count = 0
    survivors, compact_at = cand_start[:0], 0
    for end in range(shortest, n + 1):
        new = end - shortest
        if new == 0 or new >= shortest:
            cand_sum[count], cand_mass[count], cand_best[count] = sum_to[new], mass_to[new], best[new]
            cand_start[count] = new
            count += 1
        c, m = cost[:count], mass[:count]
        np.subtract(cand_sum[:count], sum_to[end], out=c)
        np.multiply(c, c, out=c)
        np.subtract(mass_to[end], cand_mass[:count], out=m)
        np.divide(c, m, out=c)
        np.subtract(cand_best[:count], c, out=c)
        winner = int(c.argmin())
        best[end] = float(c[winner]) + penalty
        previous[end] = int(cand_start[winner])
        # Whoever loses here by more than a penalty loses to a boundary at `end` for ever after, but only
        # once a segment that starts at `end` is long enough to be allowed.
        if end % _PRUNE_EVERY == 0:
            losers = np.flatnonzero(c > best[end])
            survivors, compact_at = np.delete(np.arange(n + 1), losers), end + shortest - 1
        if end == compact_at:
            kept = survivors[: np.searchsorted(survivors, count)]
            count = len(kept)
            for buffer in (cand_sum, cand_mass, cand_best, cand_start):
                buffer[:count] = buffer[kept]
    return previous
