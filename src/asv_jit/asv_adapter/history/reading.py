"""Any asv history as series: files, columns (from the shelf, or decoded by all cores), rows that count, series."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries, Places
from asv_jit.asv_adapter.history import shelf
from asv_jit.asv_adapter.history.assembly import Located, assemble
from asv_jit.asv_adapter.history.columns import Columns, ColumnsBuilder, RowKind, Sheet, joined
from asv_jit.asv_adapter.history.counting import MeasuredByTrials, count_rows, numbers_in
from asv_jit.asv_adapter.history.decoding import FileDecoder, UnreadableError
from asv_jit.asv_adapter.history.names import path_text
from asv_jit.asv_adapter.history.shelf import Batch, FileRecord, Stamp, merged
from asv_jit.asv_adapter.history.suite import Described, from_rows, read_suite
from asv_jit.asv_adapter.history.tree import walk
from asv_jit.git.order import CommitOrder
from asv_jit.store.analysis_cache import AnalysisCache
from asv_jit.system.processes import cores, in_parallel

_MOST_ENTRIES = 3
"""On the shelf; more are united into one: of eight, each with one commit, reading took a quarter longer."""

_LARGE = 4
"""So many times as large as all others an entry is left as it is."""

_TASKS_A_CORE = 6
_FEWEST_FILES = 25
"""In a task: what a file needs of its own is not made for less."""

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
    _ranks: Places
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
        heads = self._columns.heads
        counted = count_rows(self._columns, self._suite, by_trials)
        sheets: Sequence[Sheet] = counted.sheets
        if machine is not None:
            sheets = _of_files(sheets, np.array([head.machine == machine for head in heads], dtype=np.bool_))
        names = {name: at for at, name in enumerate(dict.fromkeys([*interpreters, *(head.python for head in heads)]))}
        pythons = np.array([names[head.python] for head in heads], dtype=np.int32)
        place = {commit: at for at, commit in enumerate(order.commits)}
        places = np.array([place.get(head.commit, -1) for head in heads], dtype=np.int32)
        left_out = list(counted.left_out)
        beside = _of_files(sheets, places < 0)
        if beside:
            number = sum(numbers_in(sheet.values) for sheet in beside)
            commits = len({heads[file].commit for sheet in beside for file in sheet.files})
            left_out.append(f"{number} values of {commits} commits that no configured branch and no tag has")
            sheets = _of_files(sheets, places >= 0)
        series, repeated = assemble(heads, sheets, self._suite, Located(places, pythons, self._ranks))
        if repeated:
            left_out.append(f"{repeated} rows that another file of the same environment and commit repeats")
        return AsvSeries(tuple(series), tuple(names), tuple(left_out))


def _of_files(sheets: Sequence[Sheet], chosen: npt.NDArray[np.bool_]) -> Sequence[Sheet]:
    """The rows of the files that `chosen`, shape (heads,), marks; no sheet without rows."""
    if chosen.all():
        return sheets
    if not chosen.any():
        return ()
    found = (sheet.of_rows(chosen[sheet.files]) for sheet in sheets)
    return [sheet for sheet in found if len(sheet.files)]


def read_asv_results(results_dir: Path, cache: AnalysisCache | None = None) -> AsvResults:
    """Read the result files below `results_dir`; never raises for their content.

    With a `cache`, files that have not changed since they were last read are not read again.
    """
    tree = walk(results_dir)
    batches = _batches(results_dir, tree.stamps, cache)
    columns = joined([batch.columns for batch in batches])
    problems = [*tree.problems]
    for record in sorted((record for batch in batches for record in batch.records), key=lambda found: found.stamp.path):
        problems += record.problems
    ranks = _ranks(tree.stamps, batches)
    if not columns.sheets:
        return AsvResults({}, tuple(problems), columns, ranks, {})
    suite = read_suite(results_dir)
    dates: dict[str, int] = {}
    for head in columns.heads:
        dates[head.commit] = max(head.date, dates.get(head.commit, 0))
    benchmarks = from_rows(_kind_dates(columns)) if suite.benchmarks is None else suite.benchmarks
    return AsvResults(dates, (*problems, *suite.problems), columns, ranks, benchmarks)


def _kind_dates(columns: Columns) -> dict[RowKind, int]:
    """The date of the newest file that has a row of each kind."""
    newest: dict[RowKind, int] = {}
    for sheet in columns.sheets:
        date = max(columns.heads[file].date for file in sheet.files)
        newest[sheet.kind] = max(date, newest.get(sheet.kind, date))
    return newest


def _ranks(stamps: Sequence[Stamp], batches: Sequence[Batch]) -> Places:
    """The place of each file in the order of the paths, whatever batch it is in, shape (heads,)."""
    rank = {stamp: at for at, stamp in enumerate(stamps)}
    heads = [
        {record.head: rank[record.stamp] for record in batch.records if record.head is not None} for batch in batches
    ]
    return np.array([ranks[head] for ranks in heads for head in range(len(ranks))], dtype=np.int32)


def _batches(root: Path, stamps: Sequence[Stamp], cache: AnalysisCache | None) -> list[Batch]:
    """Every file once: from the shelf where it has not changed, else decoded now and put there.

    Batches come in the order of their newest commits, so that points side by side are nearly always in order.
    """
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
        united = {*shelved} if stale else _to_unite({name: len(batch.records) for name, batch in shelved.items()})
        parts = [mine for name, mine in zip(shelved, kept, strict=True) if name in united]
        saved = shelf.save(cache, merged([*parts, fresh]))
        for name in united:
            if name != saved:
                cache.remove(name)
    return sorted([*kept, fresh], key=lambda batch: max((head.date for head in batch.columns.heads), default=0))


def _to_unite(sizes: Mapping[str, int]) -> Collection[str]:
    """The entries that become one with a new one; `sizes`: how many files each has.

    While all others together are small beside the largest, it is left alone: each commit adds 50 kB to its 70 MB.
    """
    if len(sizes) < _MOST_ENTRIES:
        return ()
    *others, largest = sorted(sizes, key=sizes.__getitem__)
    small = _LARGE * sum(sizes[name] for name in others) < sizes[largest]
    return others if small else sizes


def _decoded(root: Path, stamps: Sequence[Stamp]) -> Batch:
    """Each worker hands its files back as bytes: to pickle hundreds of small arrays took as long as to make them."""
    size = max(-(-len(stamps) // (_TASKS_A_CORE * cores())), _FEWEST_FILES)
    tasks = [(root, tuple(stamps[at : at + size])) for at in range(0, len(stamps), size)]
    return merged([shelf.decoded(content) for content in in_parallel(_decode_files, tasks)])


def _decode_files(task: tuple[Path, tuple[Stamp, ...]]) -> bytes:
    root, stamps = task
    builder = ColumnsBuilder()
    decoder = FileDecoder(builder)
    records = []
    for stamp in stamps:
        path = root / stamp.path
        try:
            problems = decoder.add(path.read_bytes(), stamp.machine)
        except OSError as error:
            problem = f"{path_text(path)}: cannot be read ({error.strerror}); it is left out"
            records.append(FileRecord(stamp, None, (problem,)))
        except UnreadableError as error:
            records.append(FileRecord(stamp, None, (f"{path_text(path)}: {error}; the file is left out",)))
        else:
            records.append(FileRecord(stamp, builder.files - 1, _named(path, problems)))
    return shelf.encoded(Batch(tuple(records), builder.columns()))


def _named(path: Path, problems: Sequence[str]) -> tuple[str, ...]:
    where = path_text(path)
    named = [f"{where}: {problem}; the row is left out" for problem in problems[:_MOST_NAMED]]
    if len(problems) > _MOST_NAMED:
        named.append(f"{where}: {len(problems) - _MOST_NAMED} more rows like these are left out")
    return tuple(named)
