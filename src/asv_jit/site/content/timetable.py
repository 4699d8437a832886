"""The slots that series share: most cases of a machine are measured on the same commits, so those are said once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Indices
from asv_jit.analysis.history.series import CaseSeries, History
from asv_jit.analysis.metrics import COUNTED, Metric
from asv_jit.model import CaseKey
from asv_jit.site.content import columns
from asv_jit.site.content.columns import Column

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

        What asv measured is long and many, and coarse in itself; figures over trials are worth more characters.
        """
        fine = self.series.key.protocol != "asv"
        by_name: dict[ColumnName, Column | None] = {
            metric: columns.of_track(track, fine=fine, exact=metric in COUNTED)
            for metric, track in self.series.tracks.items()
        }
        if self.series.blocks is not None:
            by_name[BLOCKS] = columns.of_counts(self.series.blocks.astype(np.int64))
        slots, length = self.slots - self.start, int(self.slots[-1]) - self.start + 1
        return {name: column.spread(slots, length) for name, column in by_name.items() if column is not None}


def newest_of_each(placed: Iterable[Placed]) -> dict[int, Placed]:
    """By schedule, the one of `placed` that reaches furthest; the first of those that reach as far.

    The machine that measured the newest commit of them comes first, and of each machine the line that did.
    """
    newest: dict[int, Placed] = {}
    for member in placed:
        best = newest.get(member.schedule)
        if best is None or member.slots[-1] > best.slots[-1]:
            newest[member.schedule] = member
    machines: dict[str, tuple[int, int]] = {}
    for number, member in newest.items():
        rank, machine = (-int(member.series.places[-1]), number), member.series.key.machine
        machines[machine] = min(machines.get(machine, rank), rank)

    def order(number: int) -> tuple[tuple[int, int], str, int, int]:
        key = newest[number].series.key
        return machines[key.machine], key.branch, -int(newest[number].series.places[-1]), -number

    return {number: newest[number] for number in sorted(newest, key=order)}


def by_version(name: str) -> tuple[tuple[int, str], ...]:
    """Orders names by the numbers in them: 3.13 after 3.9."""
    parts = (part.lstrip("0") if part.isdecimal() else part for part in re.split("([0-9]+)", name))
    return (*((len(part) if place % 2 else 0, part) for place, part in enumerate(parts)), (0, name))


class Timetable(Struct, frozen=True):
    """A history, or None, placed. `commits`: the measured ones as places in `History.commits`, ascending.

    Of the schedules those of the machine that measured the newest commit come first; of each machine's branch the
    newest line is the last: that which measured the newest commit, then by version. `series` are by case, each case's
    in the order of the schedules; `counted` are those of counted instructions.
    """

    history: History
    commits: Indices
    schedules: tuple[Schedule, ...]
    series: Mapping[CaseKey, tuple[Placed, ...]]
    counted: Mapping[CaseKey, tuple[Placed, ...]] = {}

    @staticmethod
    def of(history: History | None, machines: Sequence[str] = ()) -> Timetable:
        """The timetable of `history`; empty without one. `machines`: their order where their commits are as new."""
        history = history or History((), np.empty(0, dtype=np.int64), "git", (), ())
        builds = max(len(history.interpreters), 1)
        lines: dict[tuple[str, str, str], list[CaseSeries]] = {}
        for series in (*history.series, *history.counted):
            if len(series.places):
                lines.setdefault((series.key.machine, series.key.branch, series.key.line), []).append(series)
        ordered = _ordered(lines, machines)
        slotted = [(line, lines[line], _slots(lines[line], builds, len(history.commits))) for line in ordered]
        measured = np.zeros(len(history.commits), dtype=np.bool_)
        for _, _, (codes, _) in slotted:
            measured[codes // builds] = True
        commits = np.flatnonzero(measured)
        schedules: list[Schedule] = []
        placed: dict[bool, dict[CaseKey, list[Placed]]] = {False: {}, True: {}}
        for number, ((machine, branch, line), members, (codes, slots)) in enumerate(slotted):
            places = np.searchsorted(commits, codes // builds)
            schedules.append(Schedule(machine, line, branch, places, codes % builds))
            for series, own_slots in zip(members, slots, strict=True):
                placed[series.is_counted].setdefault(series.key.case, []).append(Placed(series, number, own_slots))
        timed, counted = ({case: tuple(of_case[case]) for case in sorted(of_case)} for of_case in placed.values())
        return Timetable(history, commits, tuple(schedules), timed, counted)


def _ordered(
    lines: Mapping[tuple[str, str, str], Sequence[CaseSeries]], machines: Sequence[str]
) -> list[tuple[str, str, str]]:
    """The lines (machine, branch, line) as `Timetable` orders them."""
    newest = {line: max(int(one.places[-1]) for one in members) for line, members in lines.items()}
    leading: dict[str, int] = {}
    for (machine, _, _), place in newest.items():
        leading[machine] = max(leading.get(machine, place), place)
    given = {machine: place for place, machine in enumerate(machines)}

    def order(line: tuple[str, str, str]) -> tuple[object, ...]:
        machine, branch, name = line
        where = -leading[machine], given.get(machine, len(given)), machine
        return *where, branch, newest[line], by_version(name)

    return sorted(lines, key=order)


def _slots(members: Sequence[CaseSeries], builds: int, commits: int) -> tuple[Indices, list[Indices]]:
    """The slots that `members` have between them, as numbers (commit and build in one, which sort as they do), and
    of each member the slots of its points: as numpy wants indices, each use of others takes three times as long."""
    numbers = [one.places.astype(np.intp) for one in members]
    if builds > 1:
        numbers = [codes_of * builds + one.interpreters for codes_of, one in zip(numbers, members, strict=True)]
    occurs = np.zeros(commits * builds, dtype=np.bool_)
    for codes_of in numbers:
        occurs[codes_of] = True
    codes = np.flatnonzero(occurs)
    slot_of = np.zeros(len(occurs), dtype=np.intp)
    slot_of[codes] = np.arange(len(codes))
    return codes, [slot_of[codes_of] for codes_of in numbers]
