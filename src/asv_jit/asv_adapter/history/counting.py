"""Which rows of a result tree count, and how many values do not, for each reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import SKIPPED, UNUSABLE, Columns
from asv_jit.asv_adapter.history.suite import Described

__all__ = ["Counted", "MeasuredByTrials", "count_rows", "values_of"]

Mask = npt.NDArray[np.bool_]


class MeasuredByTrials(NamedTuple):
    """Something that a journal holds, so that asv's row of it, which was made from it, does not count again."""

    machine: str
    commit: str
    interpreter: str
    benchmark: str


class Counted(Struct, frozen=True):
    """`rows`: places of the rows that count, shape (counted,); `left_out`: a sentence for each other kind of value."""

    rows: npt.NDArray[np.int64]
    left_out: tuple[str, ...]


def count_rows(columns: Columns, suite: Mapping[str, Described], by_trials: Collection[MeasuredByTrials]) -> Counted:
    """Decide over every row as asv does: by the benchmark's name and version."""
    from_journal = _from_journal(columns, by_trials)
    removed = np.array([kind.benchmark not in suite for kind in columns.row_kinds], dtype=np.bool_)
    outdated = np.array(
        [
            kind.benchmark in suite and kind.version is not None and kind.version != suite[kind.benchmark].version
            for kind in columns.row_kinds
        ],
        dtype=np.bool_,
    )
    gone, old = ~from_journal & removed[columns.kinds], ~from_journal & outdated[columns.kinds]
    counts = ~(from_journal | gone | old)
    lost, losers = _without_place(columns, counts, suite)
    values = columns.values[np.repeat(counts, columns.sizes)]
    sentences = (
        _sentence(*_finite_in(columns, gone), "that the suite no longer has (removed or renamed)"),
        _sentence(*_finite_in(columns, old), "as an earlier version of it measured them"),
        _sentence(lost, losers, "for parameters that it no longer has"),
        _count(int(np.isnan(values).sum()), "measurement that failed (null)", "measurements that failed (null)"),
        _count(int((values == SKIPPED).sum()), "value that is not a number (a skip)",
               "values that are not numbers (skips)"),
        _count(int((values == UNUSABLE).sum()), "value that is infinite or beyond 1e150",
               "values that are infinite or beyond 1e150"),
    )  # fmt: skip
    return Counted(np.flatnonzero(counts), tuple(sentence for sentence in sentences if sentence))


def values_of(columns: Columns, rows: npt.NDArray[np.int64]) -> int:
    """How many numbers there are in `rows`."""
    mask = np.zeros(len(columns.files), dtype=np.bool_)
    mask[rows] = True
    return _finite_in(columns, mask)[0]


def _from_journal(columns: Columns, by_trials: Collection[MeasuredByTrials]) -> Mask:
    """The rows that were made from trials; only rows of an exact interpreter (`3.15.2+1a2b3c4d`) can be."""
    known = frozenset(by_trials)
    heads, kinds = columns.heads, columns.row_kinds
    ours = np.array([bool(known) and "+" in head.python for head in heads], dtype=np.bool_)
    from_journal = ours[columns.files]
    for row in np.flatnonzero(from_journal):
        head = heads[columns.files[row]]
        key = MeasuredByTrials(head.machine, head.commit, head.python, kinds[columns.kinds[row]].benchmark)
        from_journal[row] = key in known
    return from_journal


def _without_place(columns: Columns, counts: Mask, suite: Mapping[str, Described]) -> tuple[int, int]:
    """Values whose parameters the benchmark no longer has, and of how many benchmarks."""
    lost, losers = 0, set()
    for number, kind in enumerate(columns.row_kinds):
        described = suite.get(kind.benchmark)
        if described is None or kind.params == described.params:
            continue
        gone = described.places_of(kind) < 0
        rows = np.flatnonzero(counts & (columns.kinds == number))
        if gone.any() and len(rows):
            found = int(np.isfinite(columns.values[columns.starts[rows, None] + np.flatnonzero(gone)]).sum())
            lost += found
            losers |= {kind.benchmark} if found else set()
    return lost, len(losers)


def _finite_in(columns: Columns, rows: Mask) -> tuple[int, int]:
    """How many numbers `rows` hold, and of how many benchmarks."""
    if not rows.any():
        return 0, 0
    finite = int(np.isfinite(columns.values[np.repeat(rows, columns.sizes)]).sum())
    return finite, len({columns.row_kinds[kind].benchmark for kind in np.unique(columns.kinds[rows])})


def _sentence(values: int, benchmarks: int, why: str) -> str:
    of = f"{benchmarks} benchmark{'' if benchmarks == 1 else 's'}"
    return _count(values, f"value of {of} {why}", f"values of {of} {why}")


def _count(number: int, one: str, many: str) -> str:
    return "" if number == 0 else f"{number} {one if number == 1 else many}"
