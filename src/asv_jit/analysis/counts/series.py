"""Build series of counted instructions, and find their changes and causes.

Each case, counter and interpreter line has a series, with a point per commit and build. Counts are exact, so a change
needs only two points.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from asv_jit.analysis.attribution import Attribution, Shift
from asv_jit.analysis.counts.comparison import CountComparison, cause_of, compare_counts, unrepeatable
from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.analysis.history.detection import Found
from asv_jit.analysis.history.events import Change
from asv_jit.analysis.history.series import CaseSeries, SeriesKey, Track
from asv_jit.analysis.history.timeline import Axes, Naming, requirements_beside
from asv_jit.analysis.metrics import COUNTED, COUNTED_IN, Metric
from asv_jit.model import ARMS, COUNT_PROTOCOL, HASH_SEEDS


def count_series(machine: str, counts: Iterable[CaseCount], axes: Axes) -> tuple[list[CaseSeries], Counter[str]]:
    """Return a machine's series, and the number of skipped counts by reason.

    A new counter starts a new series; a new machine behind the same name does not. Counts that are not repeatable are
    skipped: if two runs of one seed differ on a build, all counts of the benchmark on that build are skipped, even at
    commits where it ran only once.
    """
    left_out: Counter[str] = Counter()
    sound = [one for one in counts if _is_sound(one, axes, left_out)]
    naming = Naming(machine, "", axes, requirements_beside((one.key for one in sound), axes))
    points: dict[SeriesKey, dict[tuple[int, int], CaseCount]] = {}
    for one in sorted(sound, key=lambda one: one.measured):  # newer requirements replace older ones
        key = replace(naming.key(one.key), protocol=f"{one.key.protocol} {one.key.counter}")
        place = axes.commits[one.key.commit], axes.interpreters[one.key.interpreter]
        points.setdefault(key, {})[place] = one
    made = [_columns(key, points[key], axes, left_out) for key in sorted(points)]
    return [one for one in made if one.tracks], left_out


def _is_sound(one: CaseCount, axes: Axes, left_out: Counter[str]) -> bool:
    if one.key.protocol != COUNT_PROTOCOL:
        left_out[f"of another protocol ({one.key.protocol})"] += 1
    elif one.key.commit not in axes.commits:
        left_out["of commits on none of the configured branches"] += 1
    elif one.off is None and one.on is None:
        left_out["without a figure (failed or skipped)"] += 1
    else:
        return True
    return False


def _columns(
    key: SeriesKey, points: Mapping[tuple[int, int], CaseCount], axes: Axes, left_out: Counter[str]
) -> CaseSeries:
    order = sorted(points)
    counts = [points[place] for place in order]
    tracks: dict[Metric, Track] = {}
    for mode in ARMS:
        column: list[ModeCount | None] = [one.off if mode == "off" else one.on for one in counts]
        noisy = {
            build
            for (_, build), one in zip(order, column, strict=True)
            if one is not None and unrepeatable(one.by_seed) is not None
        }
        kept = [None if build in noisy else one for (_, build), one in zip(order, column, strict=True)]
        left_out["that are not repeatable"] += sum(one is not None for one in column) - sum(map(bool, kept))
        if any(kept):
            tracks[COUNTED_IN[mode]] = _track(kept)
    return CaseSeries(
        key,
        "instructions",
        np.array([place for place, _ in order], dtype=np.int32),
        np.array([build for _, build in order], dtype=np.int32),
        tracks,
        requirements=np.array([axes.requirement_sets[one.key.requirements] for one in counts], dtype=np.int32),
    )


def _track(column: Sequence[ModeCount | None]) -> Track:
    seeds = sorted({seed for one in column if one is not None for seed in one.by_seed})
    by_seed = np.full((len(seeds), len(column)), np.nan)
    values, drift = np.full(len(column), np.nan), np.zeros(len(column))
    for point, one in enumerate(column):
        if one is not None:
            values[point], drift[point] = one.per_call, one.drift
            for seed, runs in one.by_seed.items():
                by_seed[seeds.index(seed), point] = min(runs)
    # fmin and fmax leave columns without values NaN; nanmin would warn.
    low, high = np.fmin.reduce(by_seed, axis=0), np.fmax.reduce(by_seed, axis=0)
    return Track(values, low, high, by_seed, drift)


def count_changes(series: CaseSeries, threshold: float) -> list[Found]:
    """Return the changes of a series on one build: where a count differs from the one before by the threshold.

    All common hash seeds must change in the same direction, and the smallest change must be at least `threshold` (a
    share) and exceed the drift of the level within a trial. The levels are those of the seed that changed least.
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
    """Return True if every hash seed shows the changes: exact changes need no other confirmation."""
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
    """Yield the neighbours that may differ. In a long series hardly any do, so this filter is vectorized."""
    assert track.by_seed is not None
    known = _known(track)
    counts = track.by_seed[:, known]
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.fmin.reduce(np.abs(counts[:, 1:] / counts[:, :-1] - 1.0), axis=0)
    # Changes near the threshold pass, so that rounding does not decide; so does NaN, which counts of 0 give.
    return (pair for pair, share in zip(pairwise(known), least, strict=True) if not share < 0.999 * threshold)


def _known(track: Track) -> list[int]:
    places: list[int] = np.flatnonzero(~np.isnan(track.values)).tolist()
    return places


def _compared(track: Track, before: int, after: int, threshold: float) -> CountComparison | None:
    """Compare two points by their common hash seeds; None if there are none.

    A change must exceed the drift of the level within a trial.
    """
    assert track.by_seed is not None
    assert track.drift is not None
    a, b = (
        {seed: [count] for seed, count in enumerate(track.by_seed[:, point].tolist()) if not math.isnan(count)}
        for point in (before, after)
    )
    if not a.keys() & b.keys():
        return None
    return compare_counts(a, b, threshold=threshold, drift=float(track.drift[[before, after]].max()))


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
    """Return the smallest change of all seeds, 0 if their signs differ; None if a side was not counted."""
    known = _known(track)
    before = max((point for point in known if point < first), default=None)
    after = min((point for point in known if point >= last), default=None)
    compared = _compared(track, before, after, 0.0) if before is not None and after is not None else None
    if compared is None:
        return None
    ratio = 1.0 + (compared.agreed if compared.verdict != "not repeatable" else 0.0)
    return Shift(ratio, ratio, ratio)
