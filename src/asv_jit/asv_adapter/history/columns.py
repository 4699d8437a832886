"""What result files hold, in columns: thousands of files of thousands of values in a few arrays.

A row is what one file says of one benchmark; its kind is the benchmark, its version and its parameters, which
hundreds of files share. The values of row r are `values[starts[r] : starts[r + 1]]`, in the order of asv's product
of the parameters.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Literal, TypeAlias

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
    "united",
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


class Columns(Struct, frozen=True):
    """`files`, `kinds`: shape (rows,), places in `heads` and `row_kinds`; `starts`: shape (rows + 1,); `values`, `low`,
    `high`: shape (values,), the interval at 99% as asv states it, NaN where it does not.
    """

    heads: tuple[Head, ...]
    row_kinds: tuple[RowKind, ...]
    files: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many values each row has, shape (rows,)."""
        return np.diff(self.starts)

    def of_files(self, kept: npt.NDArray[np.bool_]) -> Columns:
        """The files that `kept`, shape (heads,), marks, with their rows."""
        rows = kept[self.files]
        places = (np.cumsum(kept) - 1).astype(np.int32)
        values = np.repeat(rows, self.sizes)
        return Columns(
            tuple(head for head, stays in zip(self.heads, kept, strict=True) if stays),
            self.row_kinds,
            places[self.files[rows]],
            self.kinds[rows],
            np.append(0, np.cumsum(self.sizes[rows])),
            self.values[values],
            self.low[values],
            self.high[values],
        )


class ColumnsBuilder:
    """Collects rows, file by file."""

    def __init__(self) -> None:
        self._heads: list[Head] = []
        self._kinds: dict[RowKind, int] = {}
        self._row_files = array("i")
        self._row_kinds = array("i")
        self._sizes = array("q")
        self._values, self._low, self._high = array("d"), array("d"), array("d")

    @property
    def files(self) -> int:
        """How many files were begun."""
        return len(self._heads)

    def add_file(self, head: Head) -> None:
        """Begin a file: the rows that follow are its."""
        self._heads.append(head)

    def kind(self, kind: RowKind) -> int:
        """The number of a kind."""
        return self._kinds.setdefault(kind, len(self._kinds))

    def add_row(self, kind: int, values: array[float], low: array[float], high: array[float]) -> None:
        """Add a row of the last file; all three arrays are of the kind's size."""
        self._row_files.append(len(self._heads) - 1)
        self._row_kinds.append(kind)
        self._sizes.append(len(values))
        self._values.extend(values)
        self._low.extend(low)
        self._high.extend(high)

    def columns(self) -> Columns:
        """What was collected; values of an impossible size are `UNUSABLE`, such bounds unknown."""
        values = np.array(self._values, dtype=np.float64)
        values[(np.abs(values) >= HUGE) & (values != SKIPPED)] = UNUSABLE
        low, high = np.array(self._low, dtype=np.float64), np.array(self._high, dtype=np.float64)
        unknown = ~((np.abs(low) < HUGE) & (np.abs(high) < HUGE))
        low[unknown] = high[unknown] = math.nan
        return Columns(
            tuple(self._heads),
            tuple(self._kinds),
            np.array(self._row_files, dtype=np.int32),
            np.array(self._row_kinds, dtype=np.int32),
            np.append(0, np.cumsum(self._sizes, dtype=np.int64)),
            values,
            low,
            high,
        )


def united(parts: Sequence[Columns]) -> Columns:
    """Several columns as one, files and rows in order."""
    if len(parts) == 1:
        return parts[0]
    heads: list[Head] = []
    kinds: dict[RowKind, int] = {}
    files, row_kinds, ends = [], [], [np.zeros(1, dtype=np.int64)]
    for part in parts:
        mine = np.array([kinds.setdefault(kind, len(kinds)) for kind in part.row_kinds], dtype=np.int32)
        files.append(part.files + np.int32(len(heads)))
        row_kinds.append(mine[part.kinds])
        ends.append(part.starts[1:] + sum(len(earlier.values) for earlier in parts[: len(files) - 1]))
        heads += part.heads
    none = np.empty(0, dtype=np.int32)
    return Columns(
        tuple(heads),
        tuple(kinds),
        np.concatenate([none, *files]),
        np.concatenate([none, *row_kinds]),
        np.concatenate(ends),
        np.concatenate([np.empty(0), *(part.values for part in parts)]),
        np.concatenate([np.empty(0), *(part.low for part in parts)]),
        np.concatenate([np.empty(0), *(part.high for part in parts)]),
    )
