"""The slots that series share: most cases of a machine are measured on the same commits, so those are said once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history.series import CaseSeries, History, Metric
from asv_jit.model import CaseKey
from asv_jit.site.data import columns
from asv_jit.site.data.columns import Column

__all__ = ["BLOCKS", "ColumnName", "Placed", "Schedule", "Timetable", "newest_of_each"]

Indices = npt.NDArray[np.int64]
ColumnName: TypeAlias = Metric | Literal["blocks"]
BLOCKS: Literal["blocks"] = "blocks"


class Schedule(Struct, frozen=True):
    """Every slot of a line on a machine, ordered by commit, then by release; both arrays have shape (slots,).

    `places` are places in the timetable's commits, `interpreters` in the history's.
    """

    machine: str
    line: str
    branch: str
    places: Indices
    interpreters: Indices


class Placed(Struct, frozen=True):
    """A series in its schedule: its points stand at `slots`, shape (points,), ascending."""

    series: CaseSeries
    schedule: int
    slots: Indices

    @property
    def start(self) -> int:
        """The first slot."""
        return int(self.slots[0])

    def columns(self) -> dict[ColumnName, Column]:
        """Each metric that has any value, and the blocks behind them, one entry a slot from `start` to the last one.

        What asv measured is long and many, and coarse in itself; intervals over trials are worth more characters. Of
        `plain` there are none: asv's are from within one process, and would be half of a long history's bytes.
        """
        fine = self.series.key.protocol != "asv"
        made = {
            metric: columns.of_track(track, fine=fine, intervals=metric != "plain")
            for metric, track in self.series.tracks.items()
        }
        found: dict[ColumnName, Column] = {metric: column for metric, column in made.items() if column is not None}
        if self.series.blocks is not None:
            found[BLOCKS] = columns.of_counts(self.series.blocks.astype(np.int64))
        slots, length = self.slots - self.start, int(self.slots[-1]) - self.start + 1
        return {name: column.spread(slots, length) for name, column in found.items()}


def newest_of_each(placed: Iterable[Placed]) -> dict[int, Placed]:
    """By schedule, the one of `placed` that reaches furthest; the first of those that reach as far."""
    newest: dict[int, Placed] = {}
    for one in placed:
        known = newest.get(one.schedule)
        if known is None or one.slots[-1] > known.slots[-1]:
            newest[one.schedule] = one
    return newest


class Timetable(Struct, frozen=True):
    """A history, placed. `commits`: the measured ones as places in `History.commits`, ascending, shape (commits,).

    `series` are by case, each case's in the order of the schedules.
    """

    commits: Indices
    schedules: tuple[Schedule, ...]
    series: Mapping[CaseKey, tuple[Placed, ...]]

    @staticmethod
    def of(history: History | None) -> Timetable:
        """The timetable of `history`; empty without one."""
        if history is None:
            return Timetable(np.empty(0, dtype=np.int64), (), {})
        builds = max(len(history.interpreters), 1)
        commits = _union((one.places for one in history.series), len(history.commits))
        lines: dict[tuple[str, str, str], list[CaseSeries]] = {}
        for one in history.series:
            if len(one.places):
                lines.setdefault((one.key.machine, one.key.branch, one.key.line), []).append(one)
        schedules: list[Schedule] = []
        placed: dict[CaseKey, list[Placed]] = {}
        for (machine, branch, line), members in sorted(lines.items()):
            # Cases that were measured together share their arrays.
            alike = {(id(one.places), id(one.interpreters)): one for one in members}
            mine = {shared: _codes(one, builds) for shared, one in alike.items()}
            codes = _union(mine.values(), len(history.commits) * builds)
            places = np.searchsorted(commits, codes // builds)
            slot_of = np.zeros(len(history.commits) * builds, dtype=np.int64)
            slot_of[codes] = np.arange(len(codes))
            slots = {shared: slot_of[found] for shared, found in mine.items()}
            for one in members:
                shared = id(one.places), id(one.interpreters)
                placed.setdefault(one.key.case, []).append(Placed(one, len(schedules), slots[shared]))
            schedules.append(Schedule(machine, line, branch, places, codes % builds))
        return Timetable(commits, tuple(schedules), {case: tuple(placed[case]) for case in sorted(placed)})


def _codes(series: CaseSeries, builds: int) -> Indices:
    """Commit and build of each point as one number that sorts as they do."""
    return series.places.astype(np.int64) * builds + series.interpreters


def _union(arrays: Iterable[npt.NDArray[np.signedinteger]], below: int) -> Indices:
    """All numbers that occur, ascending; none is as large as `below`."""
    occurs = np.zeros(below, dtype=np.bool_)
    for array in arrays:
        occurs[array] = True
    return np.flatnonzero(occurs)
