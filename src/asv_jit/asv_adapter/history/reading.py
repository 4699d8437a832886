"""Any asv history as series: files, columns (from the shelf, or decoded by all cores), rows that count, series."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries
from asv_jit.asv_adapter.history import shelf
from asv_jit.asv_adapter.history.assembly import assemble
from asv_jit.asv_adapter.history.columns import Columns, ColumnsBuilder, RowKind, united
from asv_jit.asv_adapter.history.counting import MeasuredByTrials, count_rows, values_of
from asv_jit.asv_adapter.history.decoding import FileDecoder, UnreadableError
from asv_jit.asv_adapter.history.shelf import Batch, FileRecord, Stamp, merged
from asv_jit.asv_adapter.history.suite import Described, from_rows, read_suite
from asv_jit.asv_adapter.history.tree import walk
from asv_jit.commit_order import CommitOrder
from asv_jit.processes import in_parallel
from asv_jit.store.analysis_cache import AnalysisCache

__all__ = ["AsvResults", "AsvSeries", "read_asv_results"]

_MOST_ENTRIES = 8
"""On the shelf; more are united into one."""

_FILES_PER_TASK = 50

_MOST_NAMED = 5
"""Rows of one file that are named one by one when they are damaged; the others are counted."""


class AsvSeries(Struct, frozen=True):
    """`interpreters`: those that were given and then the Pythons that the results name; series point into it."""

    series: tuple[CaseSeries, ...]
    interpreters: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class AsvResults:
    """All result files of a tree.

    `commits`: every measured commit with its date (seconds since 1970, 0 where no file says it), for
    `commit_order.order_commits`. `problems`: a sentence for each thing that could not be read; the rest is used.
    """

    commits: Mapping[str, int]
    problems: tuple[str, ...]
    _columns: Columns
    _suite: Mapping[str, Described]

    @property
    def titles(self) -> dict[str, str]:
        """What its author calls each benchmark that has a title."""
        return {name: found.title for name, found in self._suite.items() if found.title}

    def series(
        self,
        order: CommitOrder,
        interpreters: Sequence[str] = (),
        by_trials: Collection[MeasuredByTrials] = (),
        machine: str | None = None,
    ) -> AsvSeries:
        """The series over an order of commits, of all machines or the named one, not parted by branch.

        `by_trials`: what journals hold; rows of these are left to the journals, without a word.
        """
        columns = self._columns
        counted = count_rows(columns, self._suite, by_trials)
        rows = counted.rows
        if machine is not None:
            mine = np.array([head.machine == machine for head in columns.heads], dtype=np.bool_)
            rows = rows[mine[columns.files[rows]]]
        names = tuple(dict.fromkeys([*interpreters, *(head.python for head in columns.heads)]))
        python = np.array([names.index(head.python) for head in columns.heads], dtype=np.int32)
        place = {commit: at for at, commit in enumerate(order.commits)}
        places = np.array([place.get(head.commit, -1) for head in columns.heads], dtype=np.int32)
        left_out = list(counted.left_out)
        row_places = places[columns.files[rows]]
        if (row_places < 0).any():
            number = values_of(columns, rows[row_places < 0])
            commits = len({columns.heads[file].commit for file in np.unique(columns.files[rows[row_places < 0]])})
            left_out.append(f"{number} values of {commits} commits that no configured branch and no tag has")
        series, repeated = assemble(columns, self._suite, rows[row_places >= 0], places, python)
        if repeated:
            left_out.append(f"{repeated} rows that another file of the same environment and commit repeats")
        return AsvSeries(tuple(series), names, tuple(left_out))


def read_asv_results(results_dir: Path, cache: AnalysisCache | None = None) -> AsvResults:
    """Read the result files below `results_dir`; never raises for their content.

    With a `cache`, files that have not changed since they were last read are not read again.
    """
    tree = walk(results_dir)
    batches = _batches(results_dir, tree.stamps, cache)
    columns = united([batch.columns for batch in batches])
    problems = [*tree.problems]
    for record in sorted((record for batch in batches for record in batch.records), key=lambda found: found.stamp.path):
        problems += record.problems
    if len(columns.files) == 0:
        return AsvResults({}, tuple(problems), columns, {})
    suite = read_suite(results_dir)
    dates: dict[str, int] = {}
    for head in columns.heads:
        dates[head.commit] = max(head.date, dates.get(head.commit, 0))
    benchmarks = from_rows(_kind_dates(columns)) if suite.benchmarks is None else suite.benchmarks
    return AsvResults(dates, (*problems, *suite.problems), columns, benchmarks)


def _kind_dates(columns: Columns) -> dict[RowKind, int]:
    """The date of the newest file that has a row of each kind."""
    newest = np.zeros(len(columns.row_kinds), dtype=np.int64)
    dates = np.array([head.date for head in columns.heads], dtype=np.int64)
    np.maximum.at(newest, columns.kinds, dates[columns.files])
    return dict(zip(columns.row_kinds, newest.tolist(), strict=True))


def _batches(root: Path, stamps: Sequence[Stamp], cache: AnalysisCache | None) -> list[Batch]:
    """Every file once: from the shelf where it has not changed, else decoded now and put there."""
    shelved = {} if cache is None else shelf.load(cache)
    wanted = set(stamps)
    kept: list[Batch] = []
    stale: list[str] = []
    for name, batch in shelved.items():
        mine = batch.only(wanted)
        wanted -= {record.stamp for record in mine.records}
        kept.append(mine)
        if 2 * len(mine.records) < len(batch.records):
            stale.append(name)
    missing = [stamp for stamp in stamps if stamp in wanted]
    fresh = _decoded(root, missing)
    if cache is not None and (missing or stale):
        if stale or len(shelved) >= _MOST_ENTRIES:
            shelf.save(cache, merged([*kept, fresh]))
            for name in shelved:
                cache.remove(name)
        else:
            shelf.save(cache, fresh)
    return [*kept, fresh]


def _decoded(root: Path, stamps: Sequence[Stamp]) -> Batch:
    tasks = [(root, tuple(stamps[at : at + _FILES_PER_TASK])) for at in range(0, len(stamps), _FILES_PER_TASK)]
    return merged(in_parallel(_decode_files, tasks))


def _decode_files(task: tuple[Path, tuple[Stamp, ...]]) -> Batch:
    root, stamps = task
    builder = ColumnsBuilder()
    decoder = FileDecoder(builder)
    records = []
    for stamp in stamps:
        path = root / stamp.path
        try:
            problems = decoder.add(path.read_bytes(), stamp.machine)
        except OSError as error:
            records.append(FileRecord(stamp, None, (f"{path}: cannot be read ({error.strerror}); it is left out",)))
        except UnreadableError as error:
            records.append(FileRecord(stamp, None, (f"{path}: {error}; the file is left out",)))
        else:
            records.append(FileRecord(stamp, builder.files - 1, _named(path, problems)))
    return Batch(tuple(records), builder.columns())


def _named(path: Path, problems: Sequence[str]) -> tuple[str, ...]:
    named = [f"{path}: {problem}; the row is left out" for problem in problems[:_MOST_NAMED]]
    if len(problems) > _MOST_NAMED:
        named.append(f"{path}: {len(problems) - _MOST_NAMED} more rows like these are left out")
    return tuple(named)
