"""Builds series from the rows that count: a matrix of cases by commits for each machine, environment and benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats, Indices, Places
from asv_jit.analysis.history.series import CaseSeries, SeriesKey, Track
from asv_jit.analysis.metrics import Metric
from asv_jit.asv_adapter.history.columns import Head, JitMetric, Sheet
from asv_jit.asv_adapter.history.suite import Described

PROTOCOL = "asv"
"""The protocol of what plain `asv run` measured."""

_Kind = TypeVar("_Kind", bound=np.generic)

_METRICS: tuple[JitMetric, ...] = ("plain", "off", "on")


class Located(Struct, frozen=True):
    """The places of files in the history, each shape (files,): their commits' and their Pythons'.

    `ranks`: of two files of the same machine, environment, mode and commit, the one with the higher rank counts.
    """

    places: Places
    pythons: Places
    ranks: Places


class _Layout(Struct, frozen=True):
    """How rows become points. `places`, `pythons`: each point's commit, ascending, and its Python, shape (points,).

    `rows` are the rows that hold a metric, `points` their points. `repeated` pairs each row with the later row that
    replaces it, earlier rows first.
    """

    places: Places
    pythons: Places
    rows: Mapping[JitMetric, Indices]
    points: Mapping[JitMetric, Indices]
    repeated: tuple[tuple[int, int], ...]

    def newest(self, of_rows: Places) -> Places:
        """Return each point's largest value of `of_rows`, shape (rows,)."""
        largest = np.zeros(len(self.places), dtype=np.int32)
        for metric, rows in self.rows.items():
            np.maximum.at(largest, self.points[metric], of_rows[rows])
        return largest


def assemble(
    heads: Sequence[Head], sheets: Sequence[Sheet], suite: Mapping[str, Described], located: Located
) -> tuple[list[CaseSeries], int]:
    """Return the series of `sheets`, and the number of rows that a later file repeats. `heads` are the files'."""
    series: list[CaseSeries] = []
    repeated = 0
    layouts: dict[bytes, _Layout] = {}  # most benchmarks of an environment were measured by the same files
    metrics = np.array([_METRICS.index(head.metric) for head in heads], dtype=np.int8)
    benchmarks: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        benchmarks.setdefault(sheet.kind.benchmark, []).append(sheet)
    names = [(head.machine, head.environment) for head in heads]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    source_of = np.array([numbers[name] for name in names], dtype=np.int32)
    for source, number in numbers.items():
        for benchmark in sorted(benchmarks):
            parts = [sheet.of_rows(source_of[sheet.files] == number) for sheet in benchmarks[benchmark]]
            parts = [part for part in parts if len(part.files)]
            if parts:
                files = _concatenated([part.files for part in parts])
                layout = layouts.get(files.tobytes())
                if layout is None:
                    layout = layouts[files.tobytes()] = _layout(files, metrics, located)
                repeated += len(layout.repeated)
                matrices = _matrices(parts, suite[benchmark], layout)
                measured = layout.newest(_concatenated([part.measured for part in parts]))
                series += _series(source, suite[benchmark], layout, matrices, measured)
    return series, repeated


def _layout(files: Places, metrics: npt.NDArray[np.int8], located: Located) -> _Layout:
    places = located.places[files]
    order = np.lexsort((located.ranks[files], places))
    points, first = np.unique(places[order], return_index=True)
    last = np.append(first[1:], len(order)) - 1
    rows: dict[JitMetric, Indices] = {}
    points_of: dict[JitMetric, Indices] = {}
    repeated: list[tuple[int, int]] = []
    for code, metric in enumerate(_METRICS):
        ordered = order[metrics[files[order]] == code]
        again = np.flatnonzero(places[ordered][1:] == places[ordered][:-1])
        repeated += zip(ordered[again].tolist(), ordered[again + 1].tolist(), strict=True)
        ordered = np.delete(ordered, again)
        if len(ordered):
            rows[metric] = ordered
            points_of[metric] = np.searchsorted(points, places[ordered])
    return _Layout(points, located.pythons[files[order[last]]], rows, points_of, tuple(repeated))


def _matrices(parts: Sequence[Sheet], described: Described, layout: _Layout) -> dict[JitMetric, tuple[Floats, ...]]:
    """Return each metric's values and both bounds (`plain` has none: see `Track`), each of shape (cases, points).

    Missing and non-finite values are NaN.
    """
    whole = [
        _concatenated([_of_cases(part, number, described) for part in parts])
        for number in range(max(len(part.numbers) for part in parts))
    ]
    if layout.repeated:
        whole = _completed(whole, parts, described, layout.repeated)
    matrices: dict[JitMetric, tuple[Floats, ...]] = {}
    for metric, rows in layout.rows.items():
        numbers: list[Floats] = []
        for matrix in whole[:1] if metric == "plain" else whole:
            spread = np.full((len(matrix), len(layout.places)), np.nan)
            spread[:, layout.points[metric]] = matrix[:, rows]
            spread[~np.isfinite(numbers[0] if numbers else spread)] = np.nan  # bounds count only beside a value
            numbers.append(spread)
        matrices[metric] = tuple(numbers)
    return matrices


def _completed(
    whole: Sequence[Floats], parts: Sequence[Sheet], described: Described, repeated: Sequence[tuple[int, int]]
) -> list[Floats]:
    """Copy values from a replaced row to the later one, for cases that the later row does not have."""
    part_of = np.repeat(np.arange(len(parts)), [len(part.files) for part in parts])
    unknown = [np.isin(np.arange(described.size), described.places_of(part.kind), invert=True) for part in parts]
    completed = [matrix.copy() for matrix in whole]
    for earlier, later in repeated:
        missing = unknown[part_of[later]]
        for matrix in completed:
            matrix[missing, later] = matrix[missing, earlier]
    return completed


def _concatenated(parts: Sequence[npt.NDArray[_Kind]]) -> npt.NDArray[_Kind]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _of_cases(part: Sheet, number: int, described: Described) -> Floats:
    """Return a sheet's values (`number` 0) or a bound (1, 2), with a row for each case that the benchmark has now."""
    matrix: Floats = part.numbers[number] if number < len(part.numbers) else np.full_like(part.values, np.nan)
    if part.kind.params == described.params:
        return matrix
    moved = np.full((described.size, len(part.files)), np.nan)
    cases = described.places_of(part.kind)
    moved[cases[cases >= 0]] = matrix[cases >= 0]
    return moved


def _series(
    source: tuple[str, str],
    described: Described,
    layout: _Layout,
    matrices: Mapping[JitMetric, tuple[Floats, ...]],
    measured: Places,
) -> Iterator[CaseSeries]:
    """Yield a series for each case with any value, with the points where it has one."""
    known = {metric: ~np.isnan(values) for metric, (values, *_) in matrices.items()}
    some: Flags = reduce(np.logical_or, known.values())
    counts = {metric: np.count_nonzero(mask, axis=1) for metric, mask in known.items()}
    nothing = np.full(len(layout.places), np.nan)
    for row, (case, count) in enumerate(zip(described.cases, np.count_nonzero(some, axis=1), strict=True)):
        if count == 0:
            continue
        at = slice(None) if count == len(nothing) else np.flatnonzero(some[row])  # no copy if it has all points
        tracks: dict[Metric, Track] = {
            metric: Track(*(part[row, at] for part in parts), *[nothing[at]] * (3 - len(parts)))
            for metric, parts in matrices.items()
            if counts[metric][row]
        }
        if described.unit == "seconds" and "off" in tracks and "on" in tracks:
            tracks["speedup"] = _speedup(tracks["off"], tracks["on"])
        key = SeriesKey(*source, case, described.version, PROTOCOL)
        yield CaseSeries(key, described.unit, layout.places[at], layout.pythons[at], tracks, measured=measured[at])


def _speedup(off: Track, on: Track) -> Track:
    """Divide off by on; the intervals, taken as independent, are combined in logarithms."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((off.values > 0.0) & (on.values > 0.0), off.values / on.values, np.nan)
        spread = np.hypot(np.log(off.high / off.low), np.log(on.high / on.low)) / 2.0
        low, high = ratio * np.exp(-spread), ratio * np.exp(spread)
    known = np.isfinite(low) & np.isfinite(high)
    return Track(ratio, np.where(known, low, np.nan), np.where(known, high, np.nan))
