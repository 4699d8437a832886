"""The content of result files in columns: thousands of files with thousands of values each, in a few arrays.

A row is what one file says of one benchmark. Its kind is the benchmark with version and parameters, which hundreds of
files share. A sheet holds the rows of one kind, each row as a column, so that the values of a series are neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats, Places

JitMetric: TypeAlias = Literal["plain", "off", "on"]

SKIPPED = math.inf
"""A value that is NaN in the file: the benchmark skipped these parameters. NaN is a failure, null in the file."""
UNUSABLE = -math.inf
"""A value that is infinite in the file, or at least `HUGE`."""
HUGE = 1e150
"""Squares of larger values overflow; no measurement comes near."""


class Stamp(Struct, frozen=True, array_like=True):
    """Identifies one state of a file; `path` is relative to the results, `machine` is what machine.json says."""

    path: str
    size: int
    changed_ns: int
    inode: int
    machine: str | None


class Head(Struct, frozen=True, array_like=True):
    """What a file says about all of its rows.

    `date` is the commit's, in seconds since 1970; `environment` is asv's name without the mode; `requirements` is the
    set's name in journals.
    """

    machine: str
    commit: str
    date: int
    environment: str
    python: str
    metric: JitMetric
    requirements: str = ""


class ReadFile(Struct, frozen=True, array_like=True):
    """A file that was read: its head (None if the file is unusable), and a sentence for each problem."""

    stamp: Stamp
    head: Head | None
    problems: tuple[str, ...] = ()


class RowKind(Struct, frozen=True, array_like=True):
    """What many rows share; `version` is None in old files, whose rows count for every version."""

    benchmark: str
    version: str | None
    params: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        """Number of values in a row: one for each combination of the parameters."""
        return math.prod(len(texts) for texts in self.params)


class Sheet(Struct, frozen=True):
    """Rows of one kind, each a column. `files`, shape (rows,): the place of each row's file in `Columns.files`.

    `measured`, shape (rows,): when each row was measured, in seconds since 1970; 0 if unknown.
    `numbers`, shape (1 or 3, kind.size, rows): the values in the order of asv's product of the parameters, and for
    files with a JIT mode the bounds of asv's 99% interval, NaN if unknown.
    """

    kind: RowKind
    files: Places
    measured: Places
    numbers: Floats

    @property
    def values(self) -> Floats:
        """The values without the bounds, shape (kind.size, rows)."""
        values: Floats = self.numbers[0]
        return values

    def of_rows(self, chosen: Flags) -> Sheet:
        """Select the rows that `chosen`, shape (rows,), marks; neighbouring rows are not copied."""
        at = np.flatnonzero(chosen)
        if len(at) == len(self.files):
            return self
        first, last = (int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0)
        rows = slice(first, last) if last - first == len(at) else at
        return Sheet(self.kind, self.files[rows], self.measured[rows], self.numbers[:, :, rows])


class Columns(Struct, frozen=True):
    """Files, and sheets with their rows; several sheets may be of one kind."""

    files: tuple[ReadFile, ...]
    sheets: tuple[Sheet, ...]

    def of_files(self, chosen: Flags) -> Columns:
        """Select the files that `chosen`, shape (files,), marks, with their rows."""
        if chosen.all():
            return self
        places = (np.cumsum(chosen) - 1).astype(np.int32)
        files = tuple(file for file, is_chosen in zip(self.files, chosen, strict=True) if is_chosen)
        return Columns(files, tuple(_moved(sheet, places) for sheet in rows_of_files(self.sheets, chosen)))


def rows_of_files(sheets: Iterable[Sheet], chosen: Flags) -> list[Sheet]:
    """Select the rows of the files that `chosen`, shape (files,), marks; sheets without rows are dropped."""
    selected = (sheet.of_rows(chosen[sheet.files]) for sheet in sheets)
    return [sheet for sheet in selected if len(sheet.files)]


def joined(parts: Sequence[Columns]) -> Columns:
    """Join columns in order, without copying values."""
    files: list[ReadFile] = []
    sheets: list[Sheet] = []
    for part in parts:
        places = np.arange(len(files), len(files) + len(part.files), dtype=np.int32)
        sheets += (_moved(sheet, places) for sheet in part.sheets) if files else part.sheets
        files += part.files
    return Columns(tuple(files), tuple(sheets))


def merged(parts: Sequence[Columns]) -> Columns:
    """Merge columns into one sheet for each kind (two if only some rows have bounds).

    Files are sorted by machine, environment and mode, then by date, which is nearly always the order of the series'
    points too.
    """
    columns = joined(parts)
    order = sorted(range(len(columns.files)), key=lambda place: _order(columns.files[place]))
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    kinds: dict[tuple[RowKind, int], list[Sheet]] = {}
    for sheet in columns.sheets:
        kinds.setdefault((sheet.kind, len(sheet.numbers)), []).append(sheet)
    sheets = []
    for (kind, _), group in kinds.items():
        files = places[np.concatenate([sheet.files for sheet in group])]
        rows = np.argsort(files)
        measured = np.concatenate([sheet.measured for sheet in group])
        numbers = np.concatenate([sheet.numbers for sheet in group], axis=2)
        sheets.append(Sheet(kind, files[rows], measured[rows], numbers[:, :, rows]))
    return Columns(tuple(columns.files[place] for place in order), tuple(sheets))


def _order(file: ReadFile) -> tuple[str, str, str, int]:
    head = file.head
    return ("", "", "", 0) if head is None else (head.machine, head.environment, head.metric, head.date)


def _moved(sheet: Sheet, places: Places) -> Sheet:
    """Renumber a sheet's files: file `i` becomes `places[i]`."""
    return Sheet(sheet.kind, places[sheet.files], sheet.measured, sheet.numbers)
