"""Rows that count, as series: for each machine, environment and benchmark a small matrix of cases by commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries, Metric, SeriesKey, Track
from asv_jit.asv_adapter.history.columns import Columns, JitMetric
from asv_jit.asv_adapter.history.suite import Described

__all__ = ["PROTOCOL", "assemble"]

PROTOCOL = "asv"
"""Of what plain `asv run` measured."""

_METRICS: tuple[JitMetric, ...] = ("plain", "off", "on")

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class _Block(Struct, frozen=True):
    """The rows of one benchmark on one machine and environment, by commit; `places` ascend, one for each point."""

    machine: str
    environment: str
    described: Described
    rows: Indices
    points: Indices
    places: Indices


def assemble(
    columns: Columns,
    suite: Mapping[str, Described],
    rows: Indices,
    places: npt.NDArray[np.int32],
    interpreters: npt.NDArray[np.int32],
) -> tuple[list[CaseSeries], int]:
    """The series of `rows`, and how many rows a later file repeats (the later one counts, as a repeated run does).

    `places`, `interpreters`: shape (heads,), of each file's commit and Python, as places in the history.
    """
    series: list[CaseSeries] = []
    repeated = 0
    metrics = np.array([_METRICS.index(head.metric) for head in columns.heads], dtype=np.int8)
    for block in _blocks(columns, suite, rows, places):
        tracks = {}
        codes = metrics[columns.files[block.rows]]
        for code, metric in enumerate(_METRICS):
            mine = codes == code
            if mine.any():
                repeated += int(mine.sum()) - len(np.unique(block.points[mine]))
                tracks[metric] = _matrices(columns, block, mine)
        python = np.zeros(len(block.places), dtype=np.int32)
        python[block.points] = interpreters[columns.files[block.rows]]
        series += _series(block, tracks, python)
    return series, repeated


def _blocks(
    columns: Columns, suite: Mapping[str, Described], rows: Indices, places: npt.NDArray[np.int32]
) -> Iterator[_Block]:
    groups = sorted({(head.machine, head.environment) for head in columns.heads})
    number = {group: at for at, group in enumerate(groups)}
    group_of_head = np.array([number[head.machine, head.environment] for head in columns.heads], dtype=np.int64)
    names = sorted(suite)
    name_number = {name: at for at, name in enumerate(names)}
    name_of_kind = np.array([name_number.get(kind.benchmark, -1) for kind in columns.row_kinds], dtype=np.int64)
    if len(rows) == 0:
        return
    files = columns.files[rows]
    block_of = group_of_head[files] * len(names) + name_of_kind[columns.kinds[rows]]
    order = np.lexsort((rows, places[files], block_of))
    rows, block_of = rows[order], block_of[order]
    edges = [0, *(np.flatnonzero(np.diff(block_of)) + 1).tolist(), len(rows)]
    for first, last in pairwise(edges):
        group, name = divmod(int(block_of[first]), len(names))
        mine = rows[first:last]
        unique, points = np.unique(places[columns.files[mine]], return_inverse=True)
        yield _Block(*groups[group], suite[names[name]], mine, points, unique.astype(np.int64))


def _matrices(columns: Columns, block: _Block, mine: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Values and bounds, each shape (cases, points), NaN where there is none."""
    rows, points = block.rows[mine], block.points[mine]
    kinds = columns.kinds[rows]
    sources = (columns.values, columns.low, columns.high)
    once = np.array_equal(points, np.arange(len(block.places))) and bool((kinds == kinds[0]).all())
    if once and columns.row_kinds[kinds[0]].params == block.described.params:
        # Most benchmarks: one row of the same cases for each point.
        at = np.arange(len(block.described.cases))[:, None] + columns.starts[rows]
        values, low, high = (source[at] for source in sources)
    else:
        shape = (len(block.described.cases), len(block.places))
        values, low, high = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
        for kind in np.unique(kinds):
            alike = kinds == kind
            cases = block.described.places_of(columns.row_kinds[kind])
            known = np.flatnonzero(cases >= 0)
            at = known[:, None] + columns.starts[rows[alike]]
            target = np.ix_(cases[known], points[alike])
            for matrix, source in zip((values, low, high), sources, strict=True):
                matrix[target] = source[at]
    missing = ~np.isfinite(values)
    if missing.any():
        values[missing] = low[missing] = high[missing] = np.nan
    return values, low, high


def _series(
    block: _Block,
    matrices: Mapping[JitMetric, tuple[Floats, Floats, Floats]],
    python: npt.NDArray[np.int32],
) -> Iterator[CaseSeries]:
    version, unit = block.described.version, block.described.unit
    places = block.places.astype(np.int32)
    some = np.logical_or.reduce([~np.isnan(values) for values, _, _ in matrices.values()])
    for row, case in enumerate(block.described.cases):
        present = some[row]
        if not present.any():
            continue
        everywhere = bool(present.all())
        tracks: dict[Metric, Track] = {}
        for metric, (values, low, high) in matrices.items():
            if not np.isnan(values[row]).all():
                three = (values[row], low[row], high[row])
                tracks[metric] = Track(*(part if everywhere else part[present] for part in three))
        if unit == "seconds" and "off" in tracks and "on" in tracks:
            tracks["speedup"] = _speedup(tracks["off"], tracks["on"])
        yield CaseSeries(
            SeriesKey(block.machine, block.environment, case, version, PROTOCOL),
            unit,
            places if everywhere else places[present],
            python if everywhere else python[present],
            tracks,
        )


def _speedup(off: Track, on: Track) -> Track:
    """off / on; the two intervals, taken as independent, joined in logarithms."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((off.values > 0.0) & (on.values > 0.0), off.values / on.values, np.nan)
        spread = np.hypot(np.log(off.high / off.low), np.log(on.high / on.low)) / 2.0
        low, high = ratio * np.exp(-spread), ratio * np.exp(spread)
    known = np.isfinite(low) & np.isfinite(high)
    return Track(ratio, np.where(known, low, np.nan), np.where(known, high, np.nan))
