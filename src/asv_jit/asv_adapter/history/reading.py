"""Reads any asv history as series: files, columns (cached, or decoded on all cores), rows that count, series."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries
from asv_jit.asv_adapter.history import shelf
from asv_jit.asv_adapter.history.assembly import Located, assemble
from asv_jit.asv_adapter.history.columns import (
    Columns,
    Head,
    ReadFile,
    RowKind,
    Sheet,
    Stamp,
    joined,
    merged,
    rows_of_files,
)
from asv_jit.asv_adapter.history.counting import MeasuredByTrials, count_rows
from asv_jit.asv_adapter.history.decoding import FileDecoder, UnreadableError
from asv_jit.asv_adapter.history.names import path_text
from asv_jit.asv_adapter.history.suite import Described, SuiteNow, from_rows, read_suite
from asv_jit.asv_adapter.history.tree import walk
from asv_jit.git.order import CommitOrder
from asv_jit.store.analysis_cache import AnalysisCache
from asv_jit.system.processes import cores, in_parallel

_TASKS_PER_CORE = 6
_MIN_TASK_FILES = 25
_LARGE = 4
"""A cache entry this many times as large as all others is not rewritten: each commit adds 50 kB to its 70 MB."""

_MAX_NAMED_ROWS = 5
"""Number of damaged rows of one file that are listed; the others are counted."""


class AsvSeries(Struct, frozen=True):
    """Series, and a sentence for each kind of value that is not in them.

    `interpreters`: those that were given, then the Pythons that the results name; series refer to them by place.
    """

    series: tuple[CaseSeries, ...]
    interpreters: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class AsvResults:
    """All result files of a tree.

    `commits`: every measured commit with its date (seconds since 1970, 0 if no file has it), for
    `order.order_commits`. `problems`: a sentence for each invalid file or row; the rest is used.
    """

    commits: Mapping[str, int]
    problems: tuple[str, ...]
    _columns: Columns
    _suite: Mapping[str, Described]

    @property
    def titles(self) -> dict[str, str]:
        """Each benchmark's title, if its author gave one."""
        return {name: described.title for name, described in self._suite.items() if described.title}

    def series(
        self,
        order: CommitOrder,
        interpreters: Sequence[str] = (),
        by_trials: Collection[MeasuredByTrials] = (),
        machine: str | None = None,
    ) -> AsvSeries:
        """Return the series over an order of commits, of all machines or of one, not split by branch.

        `by_trials`: what journals hold; asv's rows of it are ignored silently.
        """
        heads = _heads(self._columns)
        counted = count_rows(heads, self._columns.sheets, self._suite, by_trials)
        left_out = list(counted.left_out)
        sheets: Sequence[Sheet] = counted.sheets
        if machine is not None:
            sheets = rows_of_files(sheets, np.array([head.machine == machine for head in heads], dtype=np.bool_))
        names = {name: at for at, name in enumerate(dict.fromkeys([*interpreters, *(head.python for head in heads)]))}
        pythons = np.array([names[head.python] for head in heads], dtype=np.int32)
        place = {commit: at for at, commit in enumerate(order.commits)}
        places = np.array([place.get(head.commit, -1) for head in heads], dtype=np.int32)
        off_branches = rows_of_files(sheets, places < 0)
        if off_branches:
            number = sum(np.count_nonzero(np.isfinite(sheet.values)) for sheet in off_branches)
            commits = len({heads[file].commit for sheet in off_branches for file in sheet.files})
            left_out.append(f"{number} values of {commits} commits that no configured branch and no tag has")
            sheets = rows_of_files(sheets, places >= 0)
        paths = np.array([file.stamp.path for file in self._columns.files], dtype=object)
        ranks = np.argsort(np.argsort(paths)).astype(np.int32)
        series, repeated = assemble(heads, sheets, self._suite, Located(places, pythons, ranks))
        if repeated:
            left_out.append(f"{repeated} rows that another file of the same environment and commit repeats")
        return AsvSeries(tuple(series), tuple(names), tuple(left_out))


def read_asv_results(results_dir: Path, cache: AnalysisCache | None = None) -> AsvResults:
    """Read the result files below `results_dir`; never raises for their content.

    With a `cache`, files that have not changed since they were last read are not decoded again.
    """
    tree = walk(results_dir)
    columns = joined(_read(results_dir, tree.stamps, cache))
    problems = [*tree.problems]
    for file in sorted(columns.files, key=lambda file: file.stamp.path):
        problems += file.problems
    columns = columns.of_files(np.array([file.head is not None for file in columns.files], dtype=np.bool_))
    is_described = bool(columns.sheets) or (results_dir / "benchmarks.json").exists()
    suite = read_suite(results_dir) if is_described else SuiteNow(None)
    if not columns.sheets:
        return AsvResults({}, (*problems, *suite.problems), columns, suite.benchmarks or {})
    dates: dict[str, int] = {}
    for head in _heads(columns):
        dates[head.commit] = max(head.date, dates.get(head.commit, 0))
    benchmarks = from_rows(_kind_dates(columns)) if suite.benchmarks is None else suite.benchmarks
    return AsvResults(dates, (*problems, *suite.problems), columns, benchmarks)


def _heads(columns: Columns) -> list[Head]:
    return [file.head for file in columns.files if file.head is not None]


def _kind_dates(columns: Columns) -> dict[RowKind, int]:
    """Return the date of the newest file that has a row of each kind."""
    heads = _heads(columns)
    newest: dict[RowKind, int] = {}
    for sheet in columns.sheets:
        date = max(heads[file].date for file in sheet.files)
        newest[sheet.kind] = max(date, newest.get(sheet.kind, date))
    return newest


def _read(root: Path, stamps: Sequence[Stamp], cache: AnalysisCache | None) -> list[Columns]:
    """Read every file once: unchanged ones from the cache, the others decoded now and cached.

    The columns are sorted by their newest commit, so that neighbouring points are nearly always in order.
    """
    entries = {} if cache is None else shelf.load(cache)
    wanted = set(stamps)
    kept: dict[str, Columns] = {}
    for name, entry in entries.items():
        kept[name] = entry.of_files(np.array([file.stamp in wanted for file in entry.files], dtype=np.bool_))
        wanted -= {file.stamp for file in kept[name].files}
    missing = [stamp for stamp in stamps if stamp in wanted]
    fresh = _decoded(root, missing)
    is_stale = any(2 * len(kept[name].files) < len(entry.files) for name, entry in entries.items())
    if cache is not None and (missing or is_stale):
        replaced = [*entries] if is_stale else _to_merge({name: len(entry.files) for name, entry in entries.items()})
        saved = shelf.save(cache, merged([*(kept[name] for name in replaced), fresh]))
        for name in replaced:
            if name != saved:
                cache.remove(name)
    columns = [*kept.values(), fresh]
    return sorted(columns, key=lambda part: max((head.date for head in _heads(part)), default=0))


def _to_merge(sizes: Mapping[str, int]) -> list[str]:
    """Select the entries to merge with a new one, by number of files: all but the largest, if that is large."""
    ordered = sorted(sizes, key=sizes.__getitem__)
    is_large = bool(ordered) and _LARGE * sum(sizes[name] for name in ordered[:-1]) < sizes[ordered[-1]]
    return ordered[:-1] if is_large else ordered


def _decoded(root: Path, stamps: Sequence[Stamp]) -> Columns:
    """Decode files on all cores. Workers return bytes: pickling hundreds of small arrays would take twice the time."""
    size = max(-(-len(stamps) // (_TASKS_PER_CORE * cores())), _MIN_TASK_FILES)
    tasks = [(root, tuple(stamps[at : at + size])) for at in range(0, len(stamps), size)]
    return merged([shelf.decoded(content) for content in in_parallel(_decode_files, tasks)])


def _decode_files(task: tuple[Path, tuple[Stamp, ...]]) -> bytes:
    root, stamps = task
    decoder = FileDecoder()
    files = []
    for place, stamp in enumerate(stamps):
        path = root / stamp.path
        try:
            head, problems = decoder.add(place, path.read_bytes(), stamp.machine)
        except OSError as error:
            files.append(ReadFile(stamp, None, (f"{path_text(path)}: cannot be read ({error.strerror}); skipped",)))
        except UnreadableError as error:
            files.append(ReadFile(stamp, None, (f"{path_text(path)}: {error}; file skipped",)))
        else:
            files.append(ReadFile(stamp, head, _named(path, problems)))
    return shelf.encoded(Columns(tuple(files), decoder.sheets()))


def _named(path: Path, problems: Sequence[str]) -> tuple[str, ...]:
    where = path_text(path)
    named = [f"{where}: {problem}; row skipped" for problem in problems[:_MAX_NAMED_ROWS]]
    if len(problems) > _MAX_NAMED_ROWS:
        named.append(f"{where}: {len(problems) - _MAX_NAMED_ROWS} more rows like these were skipped")
    return tuple(named)
