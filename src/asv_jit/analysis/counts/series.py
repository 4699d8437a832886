"""Builds series of counted instructions: of each case, counter and interpreter line, a point per commit and build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from asv_jit.analysis.counts.comparison import unrepeatable
from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.analysis.history.series import CaseSeries, Metric, SeriesKey, Track
from asv_jit.analysis.history.timeline import Axes, Naming, requirements_beside
from asv_jit.model import ARMS, COUNT_PROTOCOL, Mode

METRIC_OF: Mapping[Mode, Metric] = {"off": "instructions_off", "on": "instructions_on"}


def count_series(machine: str, counts: Iterable[CaseCount], axes: Axes) -> tuple[list[CaseSeries], Counter[str]]:
    """Return a machine's series, and how many counts of which sort are in none of them.

    Another counter starts another series, another machine behind the same name does not. Counts that are not repeatable
    become no points: a benchmark whose first seed differs from run to run on a build is not repeatable on that build,
    also at the commits where nobody ran it twice.
    """
    left_out: Counter[str] = Counter()
    sound = [one for one in counts if _is_sound(one, axes, left_out)]
    naming = Naming(machine, "", axes, requirements_beside((one.key for one in sound), axes))
    points: dict[SeriesKey, dict[tuple[int, int], CaseCount]] = {}
    for one in sorted(sound, key=lambda one: one.measured):  # with newer requirements the later one stands
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
            tracks[METRIC_OF[mode]] = _track(kept)
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
    # Columns without any value stay NaN, of which numpy would warn.
    low, high = np.fmin.reduce(by_seed, axis=0), np.fmax.reduce(by_seed, axis=0)
    return Track(values, low, high, by_seed, drift)
