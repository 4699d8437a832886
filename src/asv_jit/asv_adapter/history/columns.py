"""What result files hold, in columns: thousands of files of thousands of values in a few arrays.

A row is what one file says of one benchmark; its kind is the benchmark, its version and its parameters, which
hundreds of files share. The rows of a kind are the columns of a sheet, so that what becomes a series lies side by side:
of a history that has not changed nothing is copied or sorted to have its series.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

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
    """What a file says of all its rows. `date`: of the commit, seconds since 1970; `environment`: without the mode.

    `requirements`: the set as journals name it.
    """

    machine: str
    commit: str
    date: int
    environment: str
    python: str
    metric: JitMetric
    requirements: str = ""


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

    `measured`: shape (rows,), when each row was measured, seconds since 1970; 0 where the file does not say it.
    `numbers`: shape (1 or 3, kind.size, rows): the values in the order of asv's product of the parameters and, of
    files with a mode of the JIT, the bounds of the interval at 99% as asv states it, NaN where it does not.
    """

    kind: RowKind
    files: Places
    measured: Places
    numbers: Floats

    @property
    def values(self) -> Floats:
        """Shape (kind.size, rows)."""
        values: Floats = self.numbers[0]
        return values

    def of_rows(self, chosen: npt.NDArray[np.bool_]) -> Sheet:
        """The rows that `chosen`, shape (rows,), marks; without a copy where they are neighbours."""
        at = np.flatnonzero(chosen)
        if len(at) == len(self.files):
            return self
        first, last = (int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0)
        rows = slice(first, last) if last - first == len(at) else at
        return Sheet(self.kind, self.files[rows], self.measured[rows], self.numbers[:, :, rows])


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
    """The rows of one kind while files are read, one after the other; with bounds, or without.

    A row is packed into bytes at once: there are 360,000 in a long history, and to look through
    each list for a null and make an array of it took twice as long.
    """

    def __init__(self, kind: RowKind, *, bounded: bool) -> None:
        self.size = kind.size
        self.parts = 3 if bounded else 1
        self._kind = kind
        self._values = struct.Struct(f"{self.size}d")
        self._whole = struct.Struct(f"{self.parts * self.size}d")
        self._failed = self._whole.pack(*[FAILED] * (self.parts * self.size))
        self._files = array("i")
        self._measured = array("i")
        self._room = 0
        self._packed = bytearray()

    def add(
        self,
        file: int,
        measured: int,
        values: list[float | None] | None,
        low: list[float | None] | None,
        high: list[float | None] | None,
    ) -> None:
        """Add the row of a file: `values` of the kind's size, None (or a None in it) for a failure.

        `measured`: when, seconds since 1970; 0 where nothing says it.

        Bounds count where both are there and of that size, in rows with bounds.
        """
        row = len(self._files)
        self._files.append(file)
        self._measured.append(measured)
        if row == self._room:
            more = max(self._room, 1)
            self._packed.extend(self._failed * more)
            self._room += more
        if values is None:
            return
        form = self._whole
        if self.parts == 1 or low is None or high is None or len(low) != self.size or len(high) != self.size:
            form, low, high = self._values, [], []
        at = row * self._whole.size
        try:
            form.pack_into(self._packed, at, *values, *low, *high)
        except struct.error:  # a null is a failure; nearly all rows have none
            numbers = [FAILED if number is None else number for number in (*values, *low, *high)]
            form.pack_into(self._packed, at, *numbers)

    @property
    def count(self) -> int:
        """How many rows were added."""
        return len(self._files)

    def sheet(self, numbers: Floats) -> Sheet:
        """What was added; `numbers`, shape (parts, size * count), is where it is put, from rows to columns."""
        packed = np.ndarray((self._room, self.parts, self.size), dtype=np.float64, buffer=self._packed)[: self.count]
        columns = numbers.reshape(self.parts, self.size, self.count)
        columns[...] = packed.transpose(1, 2, 0)
        files, measured = (np.array(column, dtype=np.int32) for column in (self._files, self._measured))
        return Sheet(self._kind, files, measured, columns)


class ColumnsBuilder:
    """Collects rows, file by file."""

    def __init__(self) -> None:
        self._heads: list[Head] = []
        self._rows: dict[tuple[RowKind, bool], Rows] = {}

    @property
    def files(self) -> int:
        """How many files were begun."""
        return len(self._heads)

    def add_file(self, head: Head) -> int:
        """Begin a file; its number comes back."""
        self._heads.append(head)
        return len(self._heads) - 1

    def rows_of(self, kind: RowKind, *, bounded: bool) -> Rows:
        """Where the rows of a kind are collected, those with bounds and those without."""
        found = self._rows.get((kind, bounded))
        if found is None:
            found = self._rows[kind, bounded] = Rows(kind, bounded=bounded)
        return found

    def columns(self) -> Columns:
        """What was collected; values of an impossible size are `UNUSABLE`, such bounds unknown."""
        sheets: list[Sheet] = []
        for parts in (1, 3):
            mine = [rows for rows in self._rows.values() if rows.count and rows.parts == parts]
            edges = [*accumulate((rows.size * rows.count for rows in mine), initial=0)]
            numbers = np.empty((parts, edges[-1]))
            sheets += [
                rows.sheet(numbers[:, first:last]) for rows, (first, last) in zip(mine, pairwise(edges), strict=True)
            ]
            values, *bounds = numbers  # of all kinds at once: there are hundreds
            values[(np.abs(values) >= HUGE) & (values != SKIPPED)] = UNUSABLE
            if bounds:
                low, high = bounds
                unknown = ~((np.abs(low) < HUGE) & (np.abs(high) < HUGE))
                low[unknown] = high[unknown] = math.nan
        return Columns(tuple(self._heads), tuple(sheets))


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
    """The same with one sheet a kind (two where some rows have bounds), and files in the order that series need; and
    where each file went.

    That order is by machine, environment and mode, then by date, which is nearly always the commits' order too.
    """
    keys = [(head.machine, head.environment, head.metric, head.date) for head in columns.heads]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    kinds: dict[tuple[RowKind, int], list[Sheet]] = {}
    for sheet in columns.sheets:
        kinds.setdefault((sheet.kind, len(sheet.numbers)), []).append(sheet)
    sheets = []
    for (kind, _), mine in kinds.items():
        files = places[np.concatenate([sheet.files for sheet in mine])]
        rows = np.argsort(files)
        # A part at a time: to have all of them beside each other once more would take the memory for it.
        numbers = np.empty((len(mine[0].numbers), kind.size, len(files)))
        for part, into in enumerate(numbers):
            np.take(np.concatenate([sheet.numbers[part] for sheet in mine], axis=1), rows, axis=1, out=into)
        measured = np.concatenate([sheet.measured for sheet in mine])
        sheets.append(Sheet(kind, files[rows], measured[rows], numbers))
    return Columns(tuple(columns.heads[at] for at in order), tuple(sheets)), places


def _moved(sheet: Sheet, places: Places) -> Sheet:
    """The sheet with the file at each place of the heads at another one."""
    return Sheet(sheet.kind, places[sheet.files], sheet.measured, sheet.numbers)
