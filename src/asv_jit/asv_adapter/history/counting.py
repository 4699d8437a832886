"""Which rows of a result tree count, and how many values do not, for each reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.asv_adapter.history.columns import SKIPPED, UNUSABLE, Columns, Head, Sheet
from asv_jit.asv_adapter.history.suite import Described


class MeasuredByTrials(NamedTuple):
    """Something that a journal holds, so that asv's row of it, which was made from it, does not count again.

    `requirements`: the set; empty for every set, as trials are that were made before it was recorded.
    """

    machine: str
    commit: str
    interpreter: str
    requirements: str
    benchmark: str


class Counted(Struct, frozen=True):
    """The rows that count, and a sentence for each kind of value that does not."""

    sheets: tuple[Sheet, ...]
    left_out: tuple[str, ...]


class _Tally:
    """Numbers that do not count for one reason, and the benchmarks that they are of."""

    def __init__(self) -> None:
        self.numbers = 0
        self.benchmarks: set[str] = set()

    def add(self, benchmark: str, numbers: int) -> None:
        self.numbers += numbers
        self.benchmarks.add(benchmark)

    def sentence(self, why: str) -> str:
        many = len(self.benchmarks)
        of = f"{many} benchmark{'' if many == 1 else 's'}"
        return _count(self.numbers, f"value of {of} {why}", f"values of {of} {why}")


def count_rows(columns: Columns, suite: Mapping[str, Described], by_trials: Collection[MeasuredByTrials]) -> Counted:
    """Decide over every row as asv does: by the benchmark's name and version."""
    counted: list[Sheet] = []
    removed, outdated, lost = _Tally(), _Tally(), _Tally()
    odd: list[npt.NDArray[np.float64]] = []
    for sheet in _not_from_journals(columns, by_trials):
        kind = sheet.kind
        described = suite.get(kind.benchmark)
        if described is None:
            removed.add(kind.benchmark, numbers_in(sheet.values))
        elif kind.version not in (None, described.version):
            outdated.add(kind.benchmark, numbers_in(sheet.values))
        else:
            counted.append(sheet)
            finite = np.isfinite(sheet.values)
            odd.append(sheet.values[~finite])
            if kind.params != described.params and (gone := int(finite[described.places_of(kind) < 0].sum())):
                lost.add(kind.benchmark, gone)
    values = np.concatenate([np.empty(0), *odd])
    sentences = (
        removed.sentence("that the suite no longer has (removed or renamed)"),
        outdated.sentence("as an earlier version of it measured them"),
        lost.sentence("for parameters that it no longer has"),
        _count(int(np.isnan(values).sum()), "measurement that failed (null)", "measurements that failed (null)"),
        _count(int((values == SKIPPED).sum()), "value that is not a number (a skip)",
               "values that are not numbers (skips)"),
        _count(int((values == UNUSABLE).sum()), "value that is infinite or beyond 1e150",
               "values that are infinite or beyond 1e150"),
    )  # fmt: skip
    return Counted(tuple(counted), tuple(sentence for sentence in sentences if sentence))


def numbers_in(values: npt.NDArray[np.float64]) -> int:
    """How many of `values`, of any shape, are numbers that somebody measured."""
    return int(np.count_nonzero(np.isfinite(values)))


def _not_from_journals(columns: Columns, by_trials: Collection[MeasuredByTrials]) -> Iterable[Sheet]:
    """The rows that were not made from trials; only those of an exact interpreter (`3.15.2+1a2b3c4d`) can be."""
    known = frozenset(by_trials)
    heads = columns.heads
    ours = np.array([bool(known) and "+" in head.python for head in heads], dtype=np.bool_)
    if not ours.any():
        return columns.sheets
    sheets = (_without_trials(sheet, heads, ours, known) for sheet in columns.sheets)
    return (sheet for sheet in sheets if len(sheet.files))


def _without_trials(
    sheet: Sheet, heads: Sequence[Head], ours: npt.NDArray[np.bool_], known: frozenset[MeasuredByTrials]
) -> Sheet:
    stays = np.ones(len(sheet.files), dtype=np.bool_)
    for row in np.flatnonzero(ours[sheet.files]):
        head = heads[sheet.files[row]]
        key = MeasuredByTrials(head.machine, head.commit, head.python, head.requirements, sheet.kind.benchmark)
        stays[row] = known.isdisjoint((key, key._replace(requirements="")))
    return sheet.of_rows(stays)


def _count(number: int, one: str, many: str) -> str:
    return "" if number == 0 else f"{number} {one if number == 1 else many}"
