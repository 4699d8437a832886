"""Finds the changes in a series of counts and their cause. Counts are exact, so that two points are enough."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from asv_jit.analysis.attribution import Attribution, Shift
from asv_jit.analysis.counts.comparison import CountComparison, cause_of, compare_counts
from asv_jit.analysis.history.detection import Found
from asv_jit.analysis.history.events import Change
from asv_jit.analysis.history.series import COUNTED, CaseSeries, Metric, Track
from asv_jit.model import HASH_SEEDS


def count_changes(series: CaseSeries, threshold: float) -> list[Found]:
    """Return the changes of a series on one build: where a count differs from the one before by the threshold.

    All hash seeds that both have agree in sign, and the least change is at least `threshold` (a share), and more than
    the level still moved within a trial. The levels are those of the seed that changed least.
    """
    return [
        _found(metric, series.tracks[metric], before, after, compared)
        for metric in COUNTED
        if metric in series.tracks
        for before, after in _candidates(series.tracks[metric], threshold)
        if (compared := _compared(series.tracks[metric], before, after, threshold)) is not None
        and compared.verdict in ("more", "fewer")
    ]


def is_confirmed(changes: Sequence[Change]) -> bool:
    """Return True if every hash seed says so: an exact change needs no other confirmation."""
    return all(change.figures[0] >= len(HASH_SEEDS) for change in changes)


def count_cause(tracks: Mapping[Metric, Track], first: int, last: int) -> Attribution:
    """Return the cause of a change after which the new level begins at a point from `first` to `last`."""
    shifts = [_shift(tracks[metric], first, last) if metric in tracks else None for metric in COUNTED]
    off, on = shifts
    if off is None or (on is None and COUNTED[1] in tracks):
        return Attribution("unclear", 1.0, "unclear", *shifts)
    cause, moved = cause_of(off.ratio - 1.0, None if on is None else on.ratio - 1.0)
    return Attribution(cause, math.nan, moved, off, on)


def _candidates(track: Track, threshold: float) -> Iterator[tuple[int, int]]:
    """Yield the neighbours that may differ: nearly all of a long series do not, and are not looked at one by one."""
    assert track.by_seed is not None
    known = _known(track)
    counts = track.by_seed[:, known]
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.fmin.reduce(np.abs(counts[:, 1:] / counts[:, :-1] - 1.0), axis=0)
    # Rounding must not decide: what is near the threshold is compared, too. NaN, of counts of 0, is.
    return (pair for pair, share in zip(pairwise(known), least, strict=True) if not share < 0.999 * threshold)


def _known(track: Track) -> list[int]:
    places: list[int] = np.flatnonzero(~np.isnan(track.values)).tolist()
    return places


def _compared(track: Track, before: int, after: int, threshold: float) -> CountComparison | None:
    """Compare two points by the hash seeds that both have; None without any.

    A change no larger than what the level still moved by within a trial is none.
    """
    assert track.by_seed is not None
    assert track.drift is not None
    a, b = (
        {seed: [count] for seed, count in enumerate(track.by_seed[:, point].tolist()) if not math.isnan(count)}
        for point in (before, after)
    )
    if not a.keys() & b.keys():
        return None
    return compare_counts(a, b, threshold=max(threshold, float(track.drift[[before, after]].max())))


def _found(metric: Metric, track: Track, before: int, after: int, compared: CountComparison) -> Found:
    assert track.by_seed is not None
    seed = min(compared.changes, key=lambda seed: abs(compared.changes[seed]))
    seeds = len(compared.changes)
    change = Change(
        metric=metric,
        before=float(track.by_seed[seed, before]),
        before_low=math.nan,
        before_high=math.nan,
        after=float(track.by_seed[seed, after]),
        after_low=math.nan,
        after_high=math.nan,
        p_value=0.0,
        figures=(seeds, seeds),
    )
    return Found(change, index=after, earliest=before + 1, latest=after)


def _shift(track: Track, first: int, last: int) -> Shift | None:
    """The least change of all seeds; none where they do not agree in sign. None where a side was not counted."""
    known = _known(track)
    before = max((point for point in known if point < first), default=None)
    after = min((point for point in known if point >= last), default=None)
    compared = _compared(track, before, after, 0.0) if before is not None and after is not None else None
    if compared is None:
        return None
    ratio = 1.0 + (compared.agreed if compared.verdict != "not repeatable" else 0.0)
    return Shift(ratio, ratio, ratio)
