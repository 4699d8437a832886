"""Decides which rows of a result tree count, and counts the values that do not, by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.asv_adapter.history.columns import SKIPPED, UNUSABLE, Head, Sheet
from asv_jit.asv_adapter.history.suite import Described

_REMOVED = "that the suite no longer has (removed or renamed)"
_OUTDATED = "as an earlier version of it measured them"
_LOST = "for parameters that it no longer has"


class MeasuredByTrials(NamedTuple):
    """A benchmark's results that a journal holds. asv's row of them was made from the journal and does not count.

    `requirements` names the set; empty for every set, as in trials from before it was recorded.
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


def count_rows(
    heads: Sequence[Head],
    sheets: Sequence[Sheet],
    suite: Mapping[str, Described],
    by_trials: Collection[MeasuredByTrials],
) -> Counted:
    """Select the rows that count, as asv does: by the benchmark's name and version. `heads` are the files'."""
    counted: list[Sheet] = []
    by_reason: dict[str, Counter[str]] = {reason: Counter() for reason in (_REMOVED, _OUTDATED, _LOST)}
    odd: list[Floats] = []
    for sheet in _not_from_journals(heads, sheets, by_trials):
        kind, finite = sheet.kind, np.isfinite(sheet.values)
        described = suite.get(kind.benchmark)
        if described is None:
            by_reason[_REMOVED][kind.benchmark] += int(np.count_nonzero(finite))
        elif kind.version not in (None, described.version):
            by_reason[_OUTDATED][kind.benchmark] += int(np.count_nonzero(finite))
        else:
            counted.append(sheet)
            odd.append(sheet.values[~finite])
            if kind.params != described.params:
                by_reason[_LOST][kind.benchmark] += int(np.count_nonzero(finite[described.places_of(kind) < 0]))
    values = np.concatenate([np.empty(0), *odd])
    sentences = (
        *(_sentence(+numbers, reason) for reason, numbers in by_reason.items()),
        _count(np.isnan(values).sum(), "measurement that failed (null)", "measurements that failed (null)"),
        _count((values == SKIPPED).sum(), "value that is not a number (a skip)", "values that are not numbers (skips)"),
        _count((values == UNUSABLE).sum(), "value that is infinite or beyond 1e150",
               "values that are infinite or beyond 1e150"),
    )  # fmt: skip
    return Counted(tuple(counted), tuple(sentence for sentence in sentences if sentence))


def _not_from_journals(
    heads: Sequence[Head], sheets: Sequence[Sheet], by_trials: Collection[MeasuredByTrials]
) -> Iterator[Sheet]:
    """Yield the rows that were not made from trials."""
    measured: dict[str, set[tuple[str, ...]]] = {}
    for *key, benchmark in by_trials:
        measured.setdefault(benchmark, set()).add(tuple(key))
    files = [(head.machine, head.commit, head.python) for head in heads]
    keys = [{(*file, head.requirements), (*file, "")} for file, head in zip(files, heads, strict=True)]
    for sheet in sheets:
        ours = measured.get(sheet.kind.benchmark)
        if ours is None:
            yield sheet
        else:
            others = sheet.of_rows(np.array([keys[file].isdisjoint(ours) for file in sheet.files], dtype=np.bool_))
            if len(others.files):
                yield others


def _sentence(numbers: Counter[str], reason: str) -> str:
    benchmarks = f"{len(numbers)} benchmark{'' if len(numbers) == 1 else 's'}"
    return _count(numbers.total(), f"value of {benchmarks} {reason}", f"values of {benchmarks} {reason}")


def _count(number: int, one: str, many: str) -> str:
    return "" if number == 0 else f"{number} {one if number == 1 else many}"
