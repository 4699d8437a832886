"""The best piecewise constant fit to a series: exact, by dynamic programming with pruning.

`segment` fits one series, `segment_many` a lot of them side by side, several times faster a series; both find the
same. A segment's level is the mean of its values; what it explains of the squared error, the gain, is what costs
are made of: that of the sums and masses between its ends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.robust import median

__all__ = ["Fit", "segment", "segment_many"]

Floats = npt.NDArray[np.float64]

_PRUNE_EVERY = 64
"""Steps between two prunings: each costs several numpy calls, so not every step."""


_AT_ONCE = 160
"""Series side by side: so many amortise numpy's calls, and their candidates still fit into the cache."""

_TOO_FEW = 2
"""Series that are fitted sooner one by one."""

_BLOCK = 20
"""Steps of many series between two prunings."""

_RIVALS_APART = 3
"""Of the candidates that a block brought every so many prune the others: neighbours prune alike."""

_SAFETY = 1e-3
_ROUNDING = 1e-14
"""By how much a candidate must be worse to be pruned: this share of the penalty, and this share of the squared error,
for rounding: what could only tie stays, so that pruning changes no result."""


class Fit(Struct, frozen=True):
    """What to fit: values and weights (inverse variances, positive), shape (n,), and the cost of a boundary."""

    values: Floats
    weights: Floats
    penalty: float


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
    sums = np.append(0.0, np.cumsum(weights * (values - median(values))))
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


def segment_many(fits: Sequence[Fit], *, shortest: int) -> list[list[int]]:
    """What `segment` says of each of `fits`, in their order.

    All series take each step of the dynamic programming together, one column each. The pruning is functional
    (Maidstone, Hocking, Rigaill and Fearnhead 2017): a candidate whose last segment could win only at levels where
    another one is better never wins. That leaves some dozen candidates where PELT keeps all that lie in one segment,
    so the cost grows about linearly with n.
    """
    by_length = sorted(range(len(fits)), key=lambda at: len(fits[at].values))
    by_length = [at for at in by_length if len(fits[at].values) >= 2 * shortest]
    found: list[list[int]] = [[] for _ in fits]
    for first in range(0, len(by_length), _AT_ONCE):
        chosen = by_length[first : first + _AT_ONCE]
        mine = [fits[at] for at in chosen]
        if len(mine) <= _TOO_FEW:
            starts = [segment(fit.values, fit.weights, penalty=fit.penalty, shortest=shortest) for fit in mine]
        else:
            starts = _side_by_side(mine, shortest)
        for at, each in zip(chosen, starts, strict=True):
            found[at] = each
    return found


def _side_by_side(fits: Sequence[Fit], shortest: int) -> list[list[int]]:
    n = max(len(fit.values) for fit in fits)
    sums, masses = np.empty((n + 1, len(fits))), np.empty((n + 1, len(fits)))
    squares = np.empty(len(fits))
    for column, fit in enumerate(fits):
        centred = fit.values - median(fit.values)
        end = len(centred)
        sums[: end + 1, column] = np.append(0.0, np.cumsum(fit.weights * centred))
        masses[: end + 1, column] = np.append(0.0, np.cumsum(fit.weights))
        # A shorter series goes on without news.
        sums[end + 1 :, column] = sums[end, column]
        masses[end + 1 :, column] = masses[end, column] + np.arange(1, n - end + 1)
        squares[column] = float(np.sum(fit.weights * np.square(centred)))
    penalties = np.array([fit.penalty for fit in fits])
    best = _best_costs(sums, masses, penalties, _SAFETY * penalties + _ROUNDING * squares, shortest)
    return [
        _traced_back(sums[: end + 1, column], masses[: end + 1, column], best[: end + 1, column], shortest)
        for column, end in enumerate(len(fit.values) for fit in fits)
    ]


class _Candidates(Struct, frozen=True):
    """Where last segments may start, oldest first, each array (candidates, series); a cost of inf is no candidate.

    `low`, `high`: between which levels a last segment from there is better than those from later candidates.
    """

    sums: Floats
    masses: Floats
    costs: Floats
    low: Floats
    high: Floats

    def with_new(self, sums: Floats, masses: Floats, costs: Floats) -> _Candidates:
        """With later ones, of which nothing is known yet; their costs may be filled in."""
        anywhere = np.full(sums.shape, np.inf)
        return _Candidates(
            np.concatenate([self.sums, sums]),
            np.concatenate([self.masses, masses]),
            np.concatenate([self.costs, costs]),
            np.concatenate([self.low, -anywhere]),
            np.concatenate([self.high, anywhere]),
        )

    def pruned(self, known: int, winner: npt.NDArray[np.intp], margins: Floats) -> _Candidates:
        """Without those that some of the candidates from `known` on, or each series' `winner`, beat at every level.

        At level x a last segment from r costs costs[r] + x² masses[r] - 2 x sums[r], but for a term that all share:
        where one candidate is better than another is on one side of two levels, the roots of a parabola.
        """
        for rival in range(len(self.sums) - 1, known - 1, -_RIVALS_APART):
            self._limit(rival, margins)
        kept = (self.low <= self.high) & (self.costs < np.inf)
        kept &= ~self._beaten_by(winner, margins)
        counts = kept.sum(axis=0)
        most = int(counts.max())
        order = np.argsort(~kept, axis=0, kind="stable")[:most]
        none = np.arange(most)[:, None] >= counts
        fillers = (0.0, -1.0, np.inf, -np.inf, np.inf)
        parts = (self.sums, self.masses, self.costs, self.low, self.high)
        return _Candidates(
            *(
                np.where(none, filler, np.take_along_axis(part, order, axis=0))
                for part, filler in zip(parts, fillers, strict=True)
            )
        )

    def _limit(self, rival: int, margins: Floats) -> None:
        """Narrow the levels of all before the candidate `rival` to those between which they beat it."""
        mass = self.masses[rival] - self.masses[:rival]
        middle = (self.sums[rival] - self.sums[:rival]) / mass
        inside = (self.costs[rival] + margins - self.costs[:rival]) / mass + np.square(middle)
        reach = np.sqrt(np.maximum(inside, 0.0))
        lowest = np.where(inside < 0.0, np.inf, middle - reach)
        np.maximum(self.low[:rival], lowest, out=self.low[:rival])
        np.minimum(self.high[:rival], middle + reach, out=self.high[:rival])

    def _beaten_by(self, winner: npt.NDArray[np.intp], margins: Floats) -> npt.NDArray[np.bool_]:
        """Which later candidates the `winner` of each series beats at all levels that they have left."""
        sums, masses, costs = (
            np.take_along_axis(part, winner[None, :], axis=0) for part in (self.sums, self.masses, self.costs)
        )
        mass = self.masses - masses
        middle = (self.sums - sums) / mass
        inside = (self.costs - margins - costs) / mass + np.square(middle)
        reach = np.sqrt(np.maximum(inside, 0.0))
        beaten = (inside > 0.0) & (middle - reach <= self.low) & (self.high <= middle + reach)
        return np.asarray(beaten & (mass > 0.0))


def _best_costs(sums: Floats, masses: Floats, penalties: Floats, margins: Floats, shortest: int) -> Floats:
    """The least cost of each prefix of each series, as in `_best_predecessors`, shape (n + 1, series)."""
    n, series = len(sums) - 1, sums.shape[1]
    best = np.full((n + 1, series), np.inf)
    best[0] = -penalties
    anywhere = np.full((1, series), np.inf)
    alive = _Candidates(sums[:1], masses[:1], best[:1], -anywhere, anywhere)
    start = shortest
    # Pairs that are no segment divide by nothing; their gains are never looked at.
    with np.errstate(divide="ignore", invalid="ignore"):
        for first in range(shortest, n + 1, _BLOCK):
            last = min(first + _BLOCK, n + 1)
            stop = max(last - shortest, start)
            known = len(alive.sums)
            alive = alive.with_new(sums[start:stop], masses[start:stop], best[start:stop])
            gains = np.square(alive.sums - sums[first:last, None])
            gains /= masses[first:last, None] - alive.masses
            for end in range(first, last):
                usable = known + min(max(end - shortest - start + 1, 0), stop - start)
                costs = alive.costs[:usable] - gains[end - first, :usable]
                np.min(costs, axis=0, out=best[end])
                best[end] += penalties
                if end < stop:
                    alive.costs[known + end - start] = best[end]
            start = stop
            if last <= n:
                alive = alive.pruned(known, costs.argmin(axis=0), margins)
    return best


def _traced_back(sums: Floats, masses: Floats, best: Floats, shortest: int) -> list[int]:
    """Starts of the segments of one series: for each end, the first candidate of least cost."""
    starts: list[int] = []
    end = len(sums) - 1
    while True:
        some = slice(0, end - shortest + 1)
        costs = best[some] - np.square(sums[some] - sums[end]) / (masses[end] - masses[some])
        costs[1:shortest] = np.inf
        end = int(costs.argmin())
        if end == 0:
            return starts[::-1]
        starts.append(end)
