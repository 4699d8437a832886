"""Build series from trials: each cell of a machine becomes a point, one per commit and exact interpreter.

A point is the level over the cell's blocks, as everywhere else; one of the speedup is the paired estimate. Only full
measurements (purpose `run`, the current protocol) become points. The anchor's trials become series over sessions, and
what was measured with two releases at one commit becomes a bridge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from asv_jit.analysis import speedup
from asv_jit.analysis.cells.cell import Cell, CellKey, cells_of
from asv_jit.analysis.cells.levels import level
from asv_jit.analysis.counts.summary import CountKey
from asv_jit.analysis.history.bridges import Measured, bridges_of
from asv_jit.analysis.history.requirement_sets import series_names
from asv_jit.analysis.history.series import AnchorSeries, Bridge, CaseSeries, SeriesKey, Track
from asv_jit.analysis.metrics import Metric
from asv_jit.analysis.stats.drift import anchor_levels
from asv_jit.model import PROTOCOL, CaseKey, Trial, build_of, moment_s

_Values = dict[Metric, tuple[float, float, float]]


class Axes(Struct, frozen=True):
    """Where a trial belongs: the place of its commit and interpreter among all, and its interpreter's line.

    `commits`, `interpreters`, `sessions`: the place of each commit, identity and session; other commits are skipped.
    `lines`: identity to line. `units`: of each benchmark. `versions`: the current one of each benchmark; None if
    unknown, so that all count. `requirement_sets`: the place of each set of requirements.
    """

    commits: Mapping[str, int]
    interpreters: Mapping[str, int]
    sessions: Mapping[str, int]
    lines: Mapping[str, str]
    units: Mapping[str, str]
    versions: Mapping[str, str] | None = None
    requirement_sets: Mapping[str, int] = field(default_factory=lambda: {"": 0})


class Timeline(Struct, frozen=True):
    """A machine's series, and how many cells of which sort are in none of them."""

    series: tuple[CaseSeries, ...]
    bridges: tuple[Bridge, ...]
    anchors: tuple[AnchorSeries, ...]
    left_out: Mapping[str, int]


def timeline(machine: str, trials: Iterable[Trial], axes: Axes, *, alpha: float) -> Timeline:
    """Return the series of one machine, from all its trials in journal order; intervals at level 1 - `alpha`.

    Each fingerprint has series of its own: a machine that changed starts anew.
    """
    by_fingerprint: dict[str, list[Trial]] = {}
    for trial in trials:
        by_fingerprint.setdefault(trial.machine, []).append(trial)
    left_out: Counter[str] = Counter()
    series: list[CaseSeries] = []
    bridges: list[Bridge] = []
    anchors: list[AnchorSeries] = []
    for fingerprint, group in sorted(by_fingerprint.items()):
        cells = _sound_cells(group, axes, left_out)
        name = Naming(machine, fingerprint, axes, requirements_beside(cells, axes))
        series += _series(name, cells, alpha, left_out)
        if len({trial.interpreter for trial in group}) > 1:
            bridges += _bridges(name, group)
        anchors += _anchors(name, group)
    return Timeline(tuple(series), tuple(bridges), tuple(anchors), dict(left_out))


class Naming(Struct, frozen=True):
    """What makes the keys of one machine's series; `beside` as `requirements_beside` returns it."""

    machine: str
    fingerprint: str
    axes: Axes
    beside: Mapping[tuple[str, str], str]

    def key(self, cell: CellKey | CountKey) -> SeriesKey:
        """Return the key of the series that a cell or a count belongs to."""
        line = self.axes.lines[cell.interpreter]
        line = build_of(line, self.beside.get((line, cell.requirements), ""))
        return SeriesKey(self.machine, line, cell.case, cell.version, cell.protocol, self.fingerprint)


def requirements_beside(cells: Iterable[CellKey | CountKey], axes: Axes) -> dict[tuple[str, str], str]:
    """Return for each line and set of requirements what tells it from those that were measured beside it."""
    places: dict[str, dict[str, set[int]]] = {}
    for key in cells:
        sets = places.setdefault(axes.lines[key.interpreter], {})
        sets.setdefault(key.requirements, set()).add(axes.commits[key.commit])
    return {(line, name): label for line, sets in places.items() for name, label in series_names(sets).items()}


class _Point(Struct, frozen=True):
    place: int
    interpreter: int
    session: int
    blocks: int
    requirements: int
    measured: int
    values: _Values


def _sound_cells(trials: Sequence[Trial], axes: Axes, left_out: Counter[str]) -> dict[CellKey, Cell]:
    """Return the cells that become points; the others are counted by the reason for skipping them."""
    sound: dict[CellKey, Cell] = {}
    for key, cell in cells_of(trials).items():
        if key.protocol != PROTOCOL:
            left_out[f"of another protocol ({key.protocol})"] += 1
        elif axes.versions is not None and axes.versions.get(key.case.benchmark) != key.version:
            left_out["of benchmarks that were edited or removed since"] += 1
        elif key.commit not in axes.commits:
            left_out["of commits on none of the configured branches"] += 1
        elif not cell.good_blocks:
            left_out["without a figure (failed, skipped or not buildable)"] += 1
        else:
            sound[key] = cell
    return sound


def _series(name: Naming, cells: Mapping[CellKey, Cell], alpha: float, left_out: Counter[str]) -> list[CaseSeries]:
    points: dict[SeriesKey, dict[tuple[int, int], _Point]] = {}
    timed: dict[SeriesKey, bool] = {}
    for key, cell in cells.items():
        series = name.key(key)
        point = _point(key, cell, name.axes, alpha)
        there = points.setdefault(series, {})
        other = there.get((point.place, point.interpreter))
        if other is not None:
            left_out["of a commit that was measured again with newer requirements"] += 1
        if other is None or other.session <= point.session:
            there[point.place, point.interpreter] = point
        timed[series] = timed.get(series, True) and cell.timed
    units = name.axes.units
    return [
        _columns(key, list(points[key].values()), "seconds" if timed[key] else units.get(key.case.benchmark, "unit"))
        for key in sorted(points)
    ]


def _point(key: CellKey, cell: Cell, axes: Axes, alpha: float) -> _Point:
    blocks = cell.good_blocks
    sessions = sorted(axes.sessions[block.trials[0].session] for block in blocks)
    return _Point(
        axes.commits[key.commit],
        axes.interpreters[key.interpreter],
        sessions[len(sessions) // 2],
        len(blocks),
        axes.requirement_sets[key.requirements],
        int(moment_s(sorted(block.trials[0].started for block in blocks)[len(blocks) // 2])),
        _values([dict(block.arms) for block in blocks], alpha),
    )


def _values(blocks: Sequence[Mapping[str, Trial]], alpha: float) -> _Values:
    """Return the figures of a cell from its good blocks, each a trial by arm."""
    paired = any("on" in arms for arms in blocks)
    off = [arms[arm] for arms in blocks if (arm := "off" if paired else "alone") in arms]
    on = [arms["on"] for arms in blocks if "on" in arms] if paired else []
    columns: dict[Metric, list[float | None]] = {
        "off": [trial.figure for trial in off],
        "on": [trial.figure for trial in on],
        "peak_memory_off": [trial.peak_rss_bytes for trial in off],
        "peak_memory_on": [trial.peak_rss_bytes for trial in on],
        "warmup_on": [trial.warmup_s for trial in on],
    }
    values: _Values = {}
    for metric, column in columns.items():
        found = level([figure for figure in column if figure is not None], alpha)
        if found is not None:
            low, high = (np.nan if bound is None else bound for bound in (found.low, found.high))
            values[metric] = (found.value, low, high)
    times = [(a.steady_s, b.steady_s) for a, b in zip(off, on, strict=True)] if paired else []
    known = [(a, b) for a, b in times if a is not None and b is not None]
    if known and len(known) == len(times):  # a tracked value has no speedup
        gain = speedup.estimate(*zip(*known, strict=True), alpha=alpha, equivalence=0.0)
        bounds = (gain.low, gain.high) if gain.pairs > 1 else (np.nan, np.nan)
        values["speedup"] = (gain.ratio, *bounds)
    return values


def _columns(key: SeriesKey, points: list[_Point], unit: str) -> CaseSeries:
    points.sort(key=lambda point: (point.place, point.interpreter))
    metrics = sorted({metric for point in points for metric in point.values})
    missing = (np.nan, np.nan, np.nan)
    tracks: dict[Metric, Track] = {}
    for metric in metrics:
        table = np.array([point.values.get(metric, missing) for point in points], dtype=np.float64)
        tracks[metric] = Track(table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy())
    numbers = [(p.place, p.interpreter, p.session, p.blocks, p.requirements, p.measured) for p in points]
    places, interpreters, *rest = np.array(numbers, dtype=np.int32).T.copy()
    return CaseSeries(key, unit, places, interpreters, tracks, *rest)


def _bridges(name: Naming, trials: Sequence[Trial]) -> list[Bridge]:
    """Return the bridges: cells measured with two releases at one commit, from runs or anchors."""
    axes = name.axes
    cells = [
        Measured(name.key(key), key.interpreter, axes.interpreters[key.interpreter], axes.commits[key.commit], cell)
        for key, cell in cells_of(trials, ("run", "anchor")).items()
        if key.protocol == PROTOCOL
        and key.commit in axes.commits
        and (axes.versions is None or axes.versions.get(key.case.benchmark) == key.version)
        and cell.good_blocks
    ]
    return bridges_of(cells)


def _anchors(name: Naming, trials: Sequence[Trial]) -> list[AnchorSeries]:
    by_case: dict[CaseKey | None, list[Trial]] = {}
    for trial in trials:
        if trial.purpose == "anchor":
            by_case.setdefault(trial.key, []).append(trial)
            by_case.setdefault(None, []).append(trial)
    anchors = []
    for case, group in by_case.items():
        places = {trial.started: name.axes.sessions[trial.session] for trial in group}
        levels = dict(sorted((places[level.started], level.ratio) for level in anchor_levels(group)))
        sessions, ratios = np.array([*levels], dtype=np.int32), np.array([*levels.values()], dtype=np.float64)
        anchors.append(AnchorSeries(name.machine, name.fingerprint, case, sessions, ratios))
    return anchors
