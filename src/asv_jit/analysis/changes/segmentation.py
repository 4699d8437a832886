"""Piecewise constant fits to many series, by dynamic programming over a screened set of candidate boundaries.

Considering every place is exact but slow, and nearly all places are hopeless. So places are screened by the difference
between the means of two neighbouring windows (Hao, Niu and Zhang 2013), far below the cost of a boundary, and the best
place of each stretch of the series is kept, too, so that each level has a candidate near its end. Around the boundaries
of the best fit among these candidates every place is tried, the best places join the candidates, and the best fit among
all of them is returned. In nearly all series it is the best of all fits (tests/acceptance/segmentations.py counts the
exceptions).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats
from asv_jit.analysis.changes.splits import best_place, in_lots

Places = npt.NDArray[np.int64]

_PAIRS = ((1, 1), (1, 4), (4, 1), (2, 2), (2, 8), (8, 2), (4, 4))
_COARSE = 8
"""Lengths of the windows left and right of a place, in shortest segments: pairs that find the ends of short segments,
and the length that picks the best place of a stretch."""

_LENGTHS = (1, 2, 4, 8)

_SHARE = 0.4  # of a boundary's cost, which the gain of a pair of windows must exceed
_STRETCH = 8  # length, in shortest segments, of the stretches whose best places are kept
_LENIENCE = 0.7  # cost of a boundary in the first fit: lower, because it is not at its best place yet

_POINTS_A_LOT = 200_000
_POINTS_AT_ONCE = 16_000
"""Points of the series that are fitted side by side, and of those that are screened at a time: enough to amortise
numpy's calls, few enough that the arrays stay in the cache."""

_NOTHING = 1e-100  # less than any weight, but its inverse squared does not overflow


class Fit(Struct, frozen=True):
    """What to fit: a series' prefix sums of weights and of weighted values, both from 0, shape (n + 1,).

    The weights and `penalty`, the cost of a boundary, are positive. Values about 0 lose no digits.
    """

    masses: Floats
    sums: Floats
    penalty: float


class _Strung(Struct, frozen=True):
    """Prefix sums of all series in one array, divided by each series' penalty, so that a boundary costs 1.

    Padding before and after each series, in which the sums are constant, keeps every window inside it. `first`: the
    place of each series' start, shape (series,); `lengths`: in points.
    """

    masses: Floats
    sums: Floats
    first: Places
    lengths: Places
    shortest: int

    def owners(self, places: Places) -> Places:
        """Return the series of each place."""
        return np.searchsorted(self.first, places, side="right") - 1


def segment_many(fits: Sequence[Fit], *, shortest: int) -> list[list[int]]:
    """Return for each of `fits` the starts of all segments but the first.

    They minimise the weighted squared error plus the penalties among the screened places. No segment has fewer than
    `shortest` values. It is fastest if neighbouring series have similar lengths. O(n²), but a fraction of a millisecond
    for 1,000 points.
    """
    found: list[list[int]] = [[] for _ in fits]
    chosen = [at for at, fit in enumerate(fits) if len(fit.sums) > 2 * shortest]
    for lot in in_lots([len(fits[at].sums) for at in chosen], _POINTS_A_LOT):
        mine = chosen[lot]
        for at, starts in zip(mine, _segment([fits[at] for at in mine], shortest), strict=True):
            found[at] = starts
    return found


def _segment(fits: Sequence[Fit], shortest: int) -> list[list[int]]:
    strung = _string(fits, shortest)
    kept = _screened(strung)
    seen: dict[tuple[int, int], int] = {}
    rough = _best_among(np.flatnonzero(kept), strung, _LENIENCE)
    kept[_looked_closer(rough, strung, seen)] = True
    places = np.flatnonzero(kept)
    # A series without a boundary at the lower cost has none at the full one.
    some = np.zeros(len(fits), dtype=np.bool_)
    some[strung.owners(rough)] = True
    fine = _best_among(places[some[strung.owners(places)]], strung, 1.0)
    fine = np.union1d(fine, np.array(_looked_closer(fine, strung, seen), dtype=fine.dtype))
    boundaries = _best_among(fine, strung, 1.0)
    cuts = np.searchsorted(boundaries, strung.first[1:])
    return [
        (part - first).tolist() for part, first in zip(np.split(boundaries, cuts), strung.first.tolist(), strict=True)
    ]


def _string(fits: Sequence[Fit], shortest: int) -> _Strung:
    gap, stretch = _COARSE * shortest, _STRETCH * shortest
    lengths = np.array([len(fit.sums) - 1 for fit in fits])
    widths = -(-(lengths + 1 + 2 * gap) // stretch) * stretch
    first = np.cumsum(widths) - widths + gap
    masses, sums = np.zeros(int(widths.sum())), np.zeros(int(widths.sum()))
    start = 0
    for fit, at, width in zip(fits, first.tolist(), widths.tolist(), strict=True):
        end, start = at + len(fit.sums), start + width
        for strung, own in ((masses, fit.masses), (sums, fit.sums)):
            np.divide(own, fit.penalty, out=strung[at:end])
            strung[end:start] = strung[end - 1]
    return _Strung(masses, sums, first, lengths, shortest)


def _screened(strung: _Strung) -> Flags:
    """Return which places may be boundaries."""
    kept = np.zeros(len(strung.sums), dtype=np.bool_)
    starts = np.append(strung.first - _COARSE * strung.shortest, len(kept))
    for lot in in_lots(np.diff(starts).tolist(), _POINTS_AT_ONCE):
        some = slice(int(starts[lot.start]), int(starts[lot.stop]))
        _screen(kept[some], strung.masses[some], strung.sums[some], strung.shortest)
    last = strung.first + strung.lengths - strung.shortest
    nexts = np.append(strung.first[1:], len(kept)) + strung.shortest
    kept[: strung.first[0] + strung.shortest] = False
    for end, following in zip(last.tolist(), nexts.tolist(), strict=True):
        kept[end + 1 : following] = False
    return kept


def _screen(kept: Flags, masses: Floats, sums: Floats, shortest: int) -> None:
    """Set the flags of `kept`, including meaningless ones outside of the series."""
    means, variances = {}, {}
    for length in _LENGTHS:
        reach = length * shortest
        variances[length] = 1.0 / np.maximum(masses[reach:] - masses[:-reach], _NOTHING)
        means[length] = (sums[reach:] - sums[:-reach]) * variances[length]
    for left, right in (*_PAIRS, (_COARSE, _COARSE)):
        start, end = left * shortest, len(kept) - right * shortest
        gains = means[right][start:] - means[left][: end - start]
        gains *= gains
        gains /= variances[right][start:] + variances[left][: end - start]
        if left < _COARSE or right < _COARSE:
            some = np.flatnonzero(gains[1:-1] > _SHARE) + 1
            # The ends of the shortest segments may lie off the peaks.
            if max(left, right) > 1:
                some = some[(gains[some] >= gains[some - 1]) & (gains[some] >= gains[some + 1])]
            kept[start + some] = True
    # The last gains are those of the longest windows.
    strengths = np.zeros(len(kept))
    strengths[start:end] = gains
    stretches = strengths.reshape(-1, _STRETCH * shortest)
    kept[stretches.argmax(axis=1) + np.arange(0, len(kept), stretches.shape[1])] = True


def _best_among(places: Places, strung: _Strung, penalty: float) -> Places:
    """Return the boundaries of the best fit among `places`, ascending, of each series that has some of these.

    Optimal partitioning (Jackson et al. 2005), all series side by side, one column each, one step per place.
    """
    if len(places) == 0:
        return places
    owners = strung.owners(places)
    series, counts = np.unique(owners, return_counts=True)
    column = np.repeat(np.arange(len(series)), counts)
    row = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    rows, ends = int(counts.max()) + 2, counts + 1
    first = strung.first[series]
    at = np.tile(first + strung.lengths[series], (rows, 1))
    at[0] = first
    at[row, column] = places
    sums, masses = strung.sums[at], strung.masses[at]
    # A column is padded beyond its series' end with places that change nothing.
    behind = np.maximum(np.arange(rows)[:, None] - ends, 0)
    masses += behind * masses[-1]
    at += behind * strung.shortest
    best = _least_costs(at, masses, sums, penalty, strung.shortest)
    return places[_traced_back(at, masses, sums, best, ends, strung.shortest)[row, column]]


def _least_costs(at: Places, masses: Floats, sums: Floats, penalty: float, shortest: int) -> Floats:
    """Return the least cost of each series up to each place, without the sum of squares, which all partitions share.

    So a segment from s to t costs -(sums[t] - sums[s])² / (masses[t] - masses[s]). All arrays (places, series).
    """
    best = np.empty_like(sums)
    best[0] = -penalty
    costs, mass = np.empty_like(sums), np.empty_like(sums)
    for end in range(1, len(sums)):
        some, here = costs[:end], mass[:end]
        np.subtract(sums[:end], sums[end], out=some)
        np.multiply(some, some, out=some)
        np.subtract(masses[end], masses[:end], out=here)
        np.divide(some, here, out=some)
        np.subtract(best[:end], some, out=some)
        late = slice(max(end - shortest + 1, 0), end)
        some[late][at[end] - at[late] < shortest] = np.inf
        np.minimum.reduce(some, axis=0, out=best[end])
        best[end] += penalty
    return best


def _traced_back(at: Places, masses: Floats, sums: Floats, best: Floats, ends: Places, shortest: int) -> Flags:
    """Return which places the best partition of each series uses, shape (places, series)."""
    taken = np.zeros(sums.shape, dtype=np.bool_)
    end, series = ends, np.arange(len(ends))
    while len(series) > 0:
        some = slice(0, int(end.max()))
        mass = masses[end, series] - masses[some, series]
        long = at[end, series] - at[some, series] >= shortest
        gains = np.square(sums[some, series] - sums[end, series]) / np.where(long, mass, 1.0)
        start = np.where(long, best[some, series] - gains, np.inf).argmin(axis=0)
        series, end = series[start > 0], start[start > 0]
        taken[end, series] = True
    return taken


def _looked_closer(boundaries: Places, strung: _Strung, seen: dict[tuple[int, int], int]) -> list[int]:
    """Return the best place of each of the ascending boundaries between its neighbours; `seen` caches them."""
    owner = strung.owners(boundaries)
    before, after = strung.first[owner], strung.first[owner] + strung.lengths[owner]
    same = owner[1:] == owner[:-1]
    before[1:][same] = boundaries[:-1][same]
    after[:-1][same] = boundaries[1:][same]
    around = list(zip(before.tolist(), after.tolist(), strict=True))
    for bounds in around:
        if bounds not in seen:
            seen[bounds] = best_place(strung.masses, strung.sums, *bounds, strung.shortest)
    return [seen[bounds] for bounds in around]
