"""What result files hold, in columns: thousands of files of thousands of values in a few arrays.

A row is what one file says of one benchmark; its kind is the benchmark, its version and its parameters, which
hundreds of files share. The rows of a kind are the columns of a sheet, so that what becomes a series lies side by side:
of a history that has not changed nothing is copied or sorted to have its series.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Literal, TypeAlias, cast

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

__all__ = [
    "FAILED",
    "HUGE",
    "SKIPPED",
    "UNUSABLE",
    "Columns",
    "ColumnsBuilder",
    "Head",
    "JitMetric",
    "RowKind",
    "Rows",
    "Sheet",
    "condensed",
    "joined",
]

JitMetric: TypeAlias = Literal["plain", "off", "on"]

FAILED = math.nan
"""A value that is null in the file: the benchmark failed there."""
SKIPPED = math.inf
"""A value that is NaN in the file: the benchmark refused these parameters."""
UNUSABLE = -math.inf
"""A value that is infinite in the file, or huge."""
HUGE = 1e150
"""Beyond this squares overflow; nothing that is measured comes near."""

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int32]


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What a file says of all its rows. `date`: of the commit, seconds since 1970; `environment`: without the mode."""

    machine: str
    commit: str
    date: int
    environment: str
    python: str
    metric: JitMetric


class RowKind(msgspec.Struct, frozen=True, array_like=True):
    """What many rows share; `version` is None in old files, which belong to every version."""

    benchmark: str
    version: str | None
    params: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        """How many values a row has: one for each combination of the parameters."""
        return math.prod(len(texts) for texts in self.params)


class Sheet(Struct, frozen=True):
    """Rows of one kind, each a column. `files`: shape (rows,), the place of each row's file in `Columns.heads`.

    `values`, `low`, `high`: shape (kind.size, rows), the values in the order of asv's product of the parameters, and
    the interval at 99% as asv states it, NaN where it does not.
    """

    kind: RowKind
    files: Places
    values: Floats
    low: Floats
    high: Floats

    def of_rows(self, chosen: npt.NDArray[np.bool_]) -> Sheet:
        """The rows that `chosen`, shape (rows,), marks; without a copy where they are neighbours."""
        at = np.flatnonzero(chosen)
        if len(at) == len(self.files):
            return self
        first, last = (int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0)
        if last - first == len(at):
            rows = slice(first, last)
            return Sheet(self.kind, self.files[rows], self.values[:, rows], self.low[:, rows], self.high[:, rows])
        return Sheet(self.kind, self.files[at], self.values[:, at], self.low[:, at], self.high[:, at])


class Columns(Struct, frozen=True):
    """Files, and sheets with what they say; of one kind there may be several sheets."""

    heads: tuple[Head, ...]
    sheets: tuple[Sheet, ...]

    def of_files(self, kept: npt.NDArray[np.bool_]) -> Columns:
        """The files that `kept`, shape (heads,), marks, with their rows."""
        places = (np.cumsum(kept) - 1).astype(np.int32)
        heads = tuple(head for head, stays in zip(self.heads, kept, strict=True) if stays)
        sheets = (sheet.of_rows(kept[sheet.files]) for sheet in self.sheets)
        return Columns(heads, tuple(_moved(sheet, places) for sheet in sheets if len(sheet.files)))


class Rows:
    """The rows of one kind while files are read, one after the other."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._files = array("i")
        self._values, self._low, self._high = array("d"), array("d"), array("d")
        self._unknown = array("d", [math.nan]) * size

    def add(
        self,
        file: int,
        values: list[float | None] | None,
        low: list[float | None] | None,
        high: list[float | None] | None,
    ) -> None:
        """Add the row of a file, see `ColumnsBuilder.add_row`."""
        self._files.append(file)
        if values is None:
            self._values.extend(self._unknown)
        else:
            _extend(self._values, values)
        if low is None or high is None or len(low) != self.size or len(high) != self.size:
            self._low.extend(self._unknown)
            self._high.extend(self._unknown)
        else:
            _extend(self._low, low)
            _extend(self._high, high)

    def sheet(self, kind: RowKind) -> Sheet:
        """Values of an impossible size are `UNUSABLE` there, such bounds unknown."""
        values, low, high = (
            np.ascontiguousarray(np.array(column, dtype=np.float64).reshape(len(self._files), self.size).T)
            for column in (self._values, self._low, self._high)
        )
        values[(np.abs(values) >= HUGE) & (values != SKIPPED)] = UNUSABLE
        unknown = ~((np.abs(low) < HUGE) & (np.abs(high) < HUGE))
        low[unknown] = high[unknown] = math.nan
        return Sheet(kind, np.array(self._files, dtype=np.int32), values, low, high)


def _extend(column: array[float], values: list[float | None]) -> None:
    """A null is a failure. Nearly all rows have none, and to look for them took a fifth of the time of decoding."""
    try:
        column.fromlist(cast("list[float]", values))
    except TypeError:
        column.fromlist([FAILED if value is None else value for value in values])


class ColumnsBuilder:
    """Collects rows, file by file."""

    def __init__(self) -> None:
        self._heads: list[Head] = []
        self._kinds: dict[RowKind, Rows] = {}

    @property
    def files(self) -> int:
        """How many files were begun."""
        return len(self._heads)

    def add_file(self, head: Head) -> None:
        """Begin a file: the rows that follow are its."""
        self._heads.append(head)

    def kind(self, kind: RowKind) -> Rows:
        """Where the rows of a kind are collected, for `add_row`."""
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = Rows(kind.size)
        return found

    def add_row(
        self,
        rows: Rows,
        values: list[float | None] | None,
        low: list[float | None] | None,
        high: list[float | None] | None,
    ) -> None:
        """Add a row of the last file: `values` of the kind's size, None (or a None in it) for a failure.

        Bounds count where both are there and of that size.
        """
        rows.add(len(self._heads) - 1, values, low, high)

    def columns(self) -> Columns:
        """What was collected."""
        return Columns(tuple(self._heads), tuple(rows.sheet(kind) for kind, rows in self._kinds.items()))


def joined(parts: Sequence[Columns]) -> Columns:
    """Several columns as one, in order; no value is copied."""
    heads: list[Head] = []
    sheets: list[Sheet] = []
    for part in parts:
        places = np.arange(len(heads), len(heads) + len(part.heads), dtype=np.int32)
        sheets += (_moved(sheet, places) for sheet in part.sheets) if heads else part.sheets
        heads += part.heads
    return Columns(tuple(heads), tuple(sheets))


def condensed(columns: Columns) -> tuple[Columns, Places]:
    """The same with one sheet a kind, and files in the order that series need; and where each file went.

    That order is by machine, environment and mode, then by date, which is nearly always the commits' order too.
    """
    keys = [(head.machine, head.environment, head.metric, head.date) for head in columns.heads]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    kinds: dict[RowKind, list[Sheet]] = {}
    for sheet in columns.sheets:
        kinds.setdefault(sheet.kind, []).append(sheet)
    sheets = []
    for kind, mine in kinds.items():
        files = places[np.concatenate([sheet.files for sheet in mine])]
        rows = np.argsort(files)
        matrices = (
            np.take(np.concatenate([getattr(sheet, name) for sheet in mine], axis=1), rows, axis=1)
            for name in ("values", "low", "high")
        )
        sheets.append(Sheet(kind, files[rows], *matrices))
    return Columns(tuple(columns.heads[at] for at in order), tuple(sheets)), places


def _moved(sheet: Sheet, places: Places) -> Sheet:
    """The sheet with the file at each place of the heads at another one."""
    return Sheet(sheet.kind, places[sheet.files], sheet.values, sheet.low, sheet.high)
