"""Rows that count, as series: for each machine, environment and benchmark a small matrix of cases by commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries, Floats, Metric, Places, SeriesKey, Track
from asv_jit.asv_adapter.history.columns import Head, JitMetric, Sheet
from asv_jit.asv_adapter.history.suite import Described

PROTOCOL = "asv"
"""Of what plain `asv run` measured."""

_Kind = TypeVar("_Kind", bound=np.generic)

_METRICS: tuple[JitMetric, ...] = ("plain", "off", "on")


class Located(Struct, frozen=True):
    """Where files stand, each shape (files,): the commit and the Python of each, as places in the history.

    `ranks`: which of two files of the same machine, environment, mode and commit is the later one: its row counts, as
    that of a repeated run does.
    """

    places: Places
    pythons: Places
    ranks: Places


class _Layout(Struct, frozen=True):
    """How rows become points. `places`, `pythons`: shape (points,), places ascend, one for each point.

    `rows`: for each metric which rows hold it, in the order of their points (None: all, and they are in order);
    `points`: of which points these are (None: of all). `repeated`: each row that another one repeats, and that one;
    the earlier rows first.
    """

    places: Places
    pythons: Places
    rows: Mapping[JitMetric, npt.NDArray[np.intp] | None]
    points: Mapping[JitMetric, npt.NDArray[np.intp] | None]
    repeated: tuple[tuple[int, int], ...]

    def of_points(self, of_rows: Places) -> Places:
        """What rows say, shape (rows,), of the points; the largest where several rows make one."""
        found = np.zeros(len(self.places), dtype=np.int32)
        for metric, rows in self.rows.items():
            points = slice(None) if self.points[metric] is None else self.points[metric]
            found[points] = np.maximum(found[points], of_rows if rows is None else of_rows[rows])
        return found


class _Layouts:
    """Layouts by the files that they lay out: most benchmarks of an environment were measured by the same ones."""

    def __init__(self, heads: Sequence[Head], located: Located) -> None:
        self._located = located
        self._metrics = np.array([_METRICS.index(head.metric) for head in heads], dtype=np.int8)
        self._known: dict[bytes, _Layout] = {}

    def of(self, files: Places) -> _Layout:
        key = files.tobytes()
        layout = self._known.get(key)
        if layout is None:
            layout = self._known[key] = self._made(files)
        return layout

    def _made(self, files: Places) -> _Layout:
        where, metrics = self._located.places[files], self._metrics[files]
        if (where[1:] > where[:-1]).all() and (metrics == metrics[:1]).all():  # of one mode, in order: nearly all are
            metric = _METRICS[metrics[0]]
            return _Layout(where, self._located.pythons[files], {metric: None}, {metric: None}, ())
        order = np.lexsort((self._located.ranks[files], where))
        points, first = np.unique(where[order], return_index=True)
        last = np.append(first[1:], len(order)) - 1
        rows: dict[JitMetric, npt.NDArray[np.intp] | None] = {}
        of_points: dict[JitMetric, npt.NDArray[np.intp] | None] = {}
        repeated: list[tuple[int, int]] = []
        for code, metric in enumerate(_METRICS):
            mine = order[metrics[order] == code]
            again = np.flatnonzero(where[mine][1:] == where[mine][:-1])
            repeated += zip(mine[again].tolist(), mine[again + 1].tolist(), strict=True)
            mine = np.delete(mine, again)
            if len(mine):
                rows[metric] = None if np.array_equal(mine, np.arange(len(files))) else mine
                of_points[metric] = None if len(mine) == len(points) else np.searchsorted(points, where[mine])
        return _Layout(points, self._located.pythons[files[order[last]]], rows, of_points, tuple(repeated))


def assemble(
    heads: Sequence[Head], sheets: Sequence[Sheet], suite: Mapping[str, Described], located: Located
) -> tuple[list[CaseSeries], int]:
    """The series of `sheets`, and how many rows a later file repeats. Every file of `sheets` is a place in `heads`."""
    series: list[CaseSeries] = []
    repeated = 0
    layouts = _Layouts(heads, located)
    benchmarks: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        benchmarks.setdefault(sheet.kind.benchmark, []).append(sheet)
    names = [(head.machine, head.environment) for head in heads]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    source_of = np.array([numbers[name] for name in names], dtype=np.int32)
    for (machine, environment), number in numbers.items():
        for benchmark in sorted(benchmarks):
            parts = [sheet.of_rows(source_of[sheet.files] == number) for sheet in benchmarks[benchmark]]
            parts = [part for part in parts if len(part.files)]
            if parts:
                layout = layouts.of(_beside([part.files for part in parts]))
                repeated += len(layout.repeated)
                matrices = _matrices(parts, suite[benchmark], layout)
                measured = layout.of_points(_beside([part.measured for part in parts]))
                series += _series((machine, environment), suite[benchmark], layout, matrices, measured)
    return series, repeated


def _matrices(parts: Sequence[Sheet], described: Described, layout: _Layout) -> dict[JitMetric, tuple[Floats, ...]]:
    """Of each metric the values, and both bounds where it has any (`plain` has none: see `Track`).

    Each of shape (cases, points), not finite where there is none.
    """
    whole = [
        _beside([_of_cases(part, number, described) for part in parts])
        for number in range(max(len(part.numbers) for part in parts))
    ]
    if layout.repeated:
        whole = _completed(whole, parts, described, layout.repeated)
    found: dict[JitMetric, tuple[Floats, ...]] = {}
    for metric, rows in layout.rows.items():
        mine = whole[:1] if metric == "plain" else whole
        if rows is not None:
            mine = [matrix[:, rows] for matrix in mine]
        points = layout.points[metric]
        if points is not None:
            mine = [_spread(matrix, points, len(layout.places)) for matrix in mine]
        found[metric] = tuple(mine)
    return found


def _completed(
    whole: Sequence[Floats], parts: Sequence[Sheet], described: Described, repeated: Sequence[tuple[int, int]]
) -> list[Floats]:
    """Of cases that the later row knows nothing of, the earlier one counts."""
    part_of = np.repeat(np.arange(len(parts)), [len(part.files) for part in parts])
    unknown = [np.isin(np.arange(described.size), described.places_of(part.kind), invert=True) for part in parts]
    completed = [matrix.copy() for matrix in whole]
    for earlier, later in repeated:
        missing = unknown[part_of[later]]
        for matrix in completed:
            matrix[missing, later] = matrix[missing, earlier]
    return completed


def _beside(parts: Sequence[npt.NDArray[_Kind]]) -> npt.NDArray[_Kind]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _of_cases(part: Sheet, number: int, described: Described) -> Floats:
    """The values (0) or a bound (1, 2) of the sheet, with the rows as the benchmark's cases are now."""
    matrix: Floats | None = part.numbers[number] if number < len(part.numbers) else None
    if matrix is not None and part.kind.params == described.params:
        return matrix
    moved = np.full((described.size, len(part.files)), np.nan)
    if matrix is not None:
        cases = described.places_of(part.kind)
        moved[cases[cases >= 0]] = matrix[cases >= 0]
    return moved


def _spread(matrix: Floats, points: npt.NDArray[np.intp], count: int) -> Floats:
    spread = np.full((len(matrix), count), np.nan)
    spread[:, points] = matrix
    return spread


def _series(
    source: tuple[str, str],
    described: Described,
    layout: _Layout,
    matrices: Mapping[JitMetric, tuple[Floats, ...]],
    measured: Places,
) -> Iterator[CaseSeries]:
    """A series for each case with any value, of the points where it has one.

    Thousands of series have a hole or two each: all cases are closed up at once, several times as fast as each alone.
    """
    known = {metric: np.isfinite(values) for metric, (values, *_) in matrices.items()}
    some = reduce(np.logical_or, known.values())
    ends = np.cumsum(np.count_nonzero(some, axis=1)).tolist()
    closed = {metric: _closed(parts, known[metric], some) for metric, parts in matrices.items()}
    counts = {metric: np.count_nonzero(mask, axis=1).tolist() for metric, mask in known.items()}
    places, measured = (np.broadcast_to(one, some.shape)[some] for one in (layout.places, measured))
    one_python = bool(np.all(layout.pythons == layout.pythons[0]))  # then all cases share it
    pythons = layout.pythons if one_python else np.broadcast_to(layout.pythons, some.shape)[some]
    nothing = np.full(len(layout.places), np.nan)
    first = 0
    for row, (case, last) in enumerate(zip(described.cases, ends, strict=True)):
        if first == last:
            continue
        mine = slice(first, last)
        tracks: dict[Metric, Track] = {
            metric: Track(*(part[mine] for part in parts))
            if len(parts) == 3
            else Track(parts[0][mine], nothing[: last - first], nothing[: last - first])
            for metric, parts in closed.items()
            if counts[metric][row]
        }
        if described.unit == "seconds" and "off" in tracks and "on" in tracks:
            tracks["speedup"] = _speedup(tracks["off"], tracks["on"])
        key = SeriesKey(*source, case, described.version, PROTOCOL)
        built = pythons[: last - first] if one_python else pythons[mine]
        yield CaseSeries(key, described.unit, places[mine], built, tracks, measured=measured[mine])
        first = last


def _closed(parts: Sequence[Floats], known: npt.NDArray[np.bool_], some: npt.NDArray[np.bool_]) -> tuple[Floats, ...]:
    """What is at the points that are in the series, one case after the other, NaN where this metric has no value."""
    found = tuple(part[some] for part in parts)
    if known is not some:
        there = known[some]
        for part in found:
            part[~there] = np.nan
    return found


def _speedup(off: Track, on: Track) -> Track:
    """off / on; the two intervals, taken as independent, joined in logarithms."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((off.values > 0.0) & (on.values > 0.0), off.values / on.values, np.nan)
        spread = np.hypot(np.log(off.high / off.low), np.log(on.high / on.low)) / 2.0
        low, high = ratio * np.exp(-spread), ratio * np.exp(spread)
    known = np.isfinite(low) & np.isfinite(high)
    return Track(ratio, np.where(known, low, np.nan), np.where(known, high, np.nan))
