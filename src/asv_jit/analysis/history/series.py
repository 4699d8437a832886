"""Series: one metric of one case on one interpreter line, by commit; what detection works on and charts show.

A `CaseSeries` holds all metrics of a case on one line of one machine, in columns, so that thousands of
series of a thousand points stay small. `History` is all of them over one order of commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace

from asv_jit.analysis.arrays import Flags, Floats, Places
from asv_jit.analysis.metrics import COUNTED, Metric
from asv_jit.model import CaseKey


class SeriesKey(Struct, frozen=True, order=True):
    """The key of a case's series.

    `line` is an interpreter line such as `3.15 from debian`, with what tells its requirements from others that were
    measured beside them (see `requirement_sets.series_names`); or, for results that asv wrote by itself, the name of
    its environment. `version` is the benchmark's, `protocol` as in a trial (`asv` for asv's own measurements): series
    never mix either.

    `fingerprint` is the machine's, empty for asv's own measurements: a machine that changed starts new series, or
    its change would look like the code's. `branch` is empty for the first configured branch, else a branch's name.
    """

    machine: str
    line: str
    case: CaseKey
    version: str
    protocol: str
    fingerprint: str = ""
    branch: str = ""


class Track(Struct, frozen=True):
    """One metric at each of a series' points, each shape (points,): the value, and its interval; NaN = missing.

    `plain` has no intervals: asv's are from within one process and say nothing of the next one. `by_seed`, shape
    (seeds, points): counts by hash seed, of which `values` are the middle ones, `low` and `high` the extremes; `drift`,
    shape (points,): how far a count still moved when its trials ended, a share.
    """

    values: Floats
    low: Floats
    high: Floats
    by_seed: Floats | None = None
    drift: Floats | None = None

    def chosen(self, points: Flags) -> Track:
        """Return the track at the points that `points`, shape (points,), marks."""
        by_seed = None if self.by_seed is None else self.by_seed[:, points]
        drift = None if self.drift is None else self.drift[points]
        return Track(self.values[points], self.low[points], self.high[points], by_seed, drift)


class CaseSeries(Struct, frozen=True):
    """All metrics of a case on one line. Points are ordered by commit, then by interpreter release.

    `unit`: of `off`, `on` and `plain` (`seconds`, `bytes` or whatever a `track_` benchmark says). `places`: shape
    (points,), each point's commit as its place in `History.commits`. `interpreters`: each point's place in
    `History.interpreters`, shape (points,); the exact build, because patch releases join a line. `sessions`: shape
    (points,), when each point was measured, as a place in `History.sessions`; None if unknown. `blocks`:
    shape (points,), the number of blocks of each point (pairs, or single trials if there is one mode); None for asv's
    own measurements. `requirements`: shape (points,), the installed set, as a place in `History.requirement_sets`; None
    if unknown. `measured`: shape (points,), seconds since 1970; 0 or None if unknown.
    """

    key: SeriesKey
    unit: str
    places: Places
    interpreters: Places
    tracks: Mapping[Metric, Track]
    sessions: Places | None = None
    blocks: Places | None = None
    requirements: Places | None = None
    measured: Places | None = None

    @property
    def paired(self) -> bool:
        """Return True if its blocks are pairs."""
        return "on" in self.tracks

    @property
    def is_counted(self) -> bool:
        """Return True if its values are counts of instructions."""
        return any(metric in COUNTED for metric in self.tracks)


class Bridge(Struct, frozen=True):
    """A case measured with two interpreters at the same commits, which makes the interpreters comparable.

    `key`: that of the later interpreter's series. `before`, `after`: identities, in release order; of one line, or of
    two lines of the same provider. `place`: the newest of the commits in `History.commits`. `figures`: for each
    metric (`off`, `on`, `peak_memory_off`, `peak_memory_on`) one figure per block before and after, each shape
    (blocks,), `off` and `on` paired by index; of several commits, at the level of the newest one. `interleaved`:
    whether both were measured in the same sessions. `requirements`: the set that both were measured with.
    """

    key: SeriesKey
    before: str
    after: str
    place: int
    figures: Mapping[Metric, tuple[Floats, Floats]]
    interleaved: bool
    requirements: str = ""


class AnchorSeries(Struct, frozen=True):
    """The anchor's levels by session, which show drift of the machine.

    `case` is None for all anchored cases together. Each shape (sessions,): `sessions`, places in
    `History.sessions`, ascending; `levels`, the time relative to the first session's (above 1 the machine has become
    slower).
    """

    machine: str
    fingerprint: str
    case: CaseKey | None
    sessions: Places
    levels: Floats


class History(Struct, frozen=True):
    """Everything that was measured, as series.

    `commits`: full hashes (or abbreviated ones), oldest first, as git orders the first parents of the configured
    branches; `dates`: seconds since 1970 of each, shape (commits,). `ordered_by`: `git`, or `date` if no repository has
    the commits. `interpreters`: identities (or asv's Python versions). `left_out`: a sentence with a count for each
    reason to skip results. `problems`: a sentence for each unreadable file. `notes`: other notices, such as a changed
    machine. `branches`: the places of each branch, see `by_branch`; empty if all commits are one sequence. `sessions`:
    when each session began (UTC, ISO), oldest first. `titles`: a benchmark's `pretty_name` of asv by its name.
    `requirement_sets`: the sets of the matrix, as in `Trial.requirements`. `counted`: the series of counted
    instructions; their `protocol` includes the counter, and they have no fingerprint, as a count depends on nothing
    else of a machine. `packages`: what pip installed, `numpy==2.1.0`, by machine, commit, interpreter, requirements.
    """

    commits: tuple[str, ...]
    dates: npt.NDArray[np.int64]
    ordered_by: Literal["git", "date"]
    interpreters: tuple[str, ...]
    series: tuple[CaseSeries, ...]
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    branches: Mapping[str, Places] = field(default_factory=dict)
    sessions: tuple[str, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    anchors: tuple[AnchorSeries, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    requirement_sets: tuple[str, ...] = ()
    counted: tuple[CaseSeries, ...] = ()
    packages: Mapping[tuple[str, str, str, str], Sequence[str]] = field(default_factory=dict)

    @property
    def units(self) -> Mapping[SeriesKey, str]:
        """Return the unit of each series' values."""
        return {one.key: one.unit for one in (*self.series, *self.counted)}

    @property
    def measured_machines(self) -> frozenset[str]:
        """Return the machines that asv-jit measured on; those that only asv did are history."""
        return frozenset(one.key.machine for one in (*self.series, *self.counted) if one.key.protocol != "asv")


MAIN = ""


def by_branch(series: Sequence[CaseSeries], branches: Mapping[str, Places]) -> tuple[tuple[CaseSeries, ...], int]:
    """Return each series once per branch that it has points of, and the number of points on no branch.

    `branches`: places of each branch's commits, the first branch under the empty name; empty if unknown: then all
    points are one sequence. The series of another branch includes the past that it shares with the first branch; it is
    dropped if it has no commits of its own.
    """
    if not branches:
        return tuple(series), 0
    length = 1 + max((int(places.max()) for places in branches.values() if len(places)), default=0)
    length = max(length, 1 + max((int(one.places.max()) for one in series if len(one.places)), default=0))
    masks = {name: np.isin(np.arange(length), places) for name, places in branches.items()}
    found: list[CaseSeries] = []
    beside = 0
    for one in series:
        beside += int(np.sum(~np.any([mask[one.places] for mask in masks.values()], axis=0)))
        for name, mask in masks.items():
            on = mask[one.places]
            adds = on if name == MAIN else on & ~masks[MAIN][one.places]
            if np.any(adds):
                found.append(replace(chosen_points(one, on), key=replace(one.key, branch=name)))
    return tuple(found), beside


def chosen_points(series: CaseSeries, chosen: Flags) -> CaseSeries:
    """Return the points where `chosen`, shape (points,), is true, without metrics that have no value there."""
    if np.all(chosen):
        return series
    tracks = {
        metric: track.chosen(chosen)
        for metric, track in series.tracks.items()
        if np.any(~np.isnan(track.values[chosen]))
    }
    sessions, blocks, requirements, measured = (
        None if one is None else one[chosen]
        for one in (series.sessions, series.blocks, series.requirements, series.measured)
    )
    return replace(
        series,
        places=series.places[chosen],
        interpreters=series.interpreters[chosen],
        tracks=tracks,
        sessions=sessions,
        blocks=blocks,
        requirements=requirements,
        measured=measured,
    )
