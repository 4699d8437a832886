"""Tells the machine's changes from the commits': what moved with the date of measuring, and what is left without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from asv_jit.analysis.history.detection import Found
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.measuring_dates import (
    Dated,
    DatedChange,
    by_date,
    dated_changes,
    levelled,
    machine_shifts,
)
from asv_jit.analysis.history.series import CaseSeries, History, SeriesKey
from asv_jit.model import CaseKey
from asv_jit.workflows.events.found_changes import changes_of

Part: TypeAlias = Callable[[CaseSeries], list[Stretch]]
_Own: TypeAlias = Mapping[tuple[SeriesKey, int], Sequence[DatedChange]]


class Moved(Struct, frozen=True):
    """`shifts`: the changes of many cases at one date each. `changes`: by its number each series that moved, with what
    is found in its stretches at the level of the newest date."""

    shifts: tuple[tuple[Dated, ...], ...]
    changes: Mapping[int, Sequence[tuple[Stretch, Sequence[Found]]]]


def moved_by_date(results_dir: Path, history: History, changed: Sequence[int], part: Part) -> Moved:
    """Look at the `changed` series, by their numbers, in the order of measuring. `part`: what parts each of them."""
    timed = [history.series[number] for number in changed if history.series[number].unit == "seconds"]
    machines: dict[tuple[str, str], list[Dated]] = {}
    for number, stretches in changes_of(results_dir, timed, partial(_dated, part), "changes-by-date-1"):
        key = timed[number].key
        machines.setdefault((key.machine, key.fingerprint), []).extend(
            Dated(key, place, stretch, change)
            for place, (stretch, found) in enumerate(stretches)
            for change in dated_changes(stretch, found)
        )
    cases: dict[tuple[str, str], set[CaseKey]] = {}
    for series in history.series:
        cases.setdefault((series.key.machine, series.key.fingerprint), set()).add(series.key.case)
    shifts = tuple(chain.from_iterable(machine_shifts(mine, len(cases[name])) for name, mine in machines.items()))
    own: dict[tuple[SeriesKey, int], list[DatedChange]] = {}
    for one in chain.from_iterable(shifts):
        own.setdefault((one.key, one.part), []).append(one.change)
    moved = {key for key, _ in own}
    numbers = [number for number in changed if history.series[number].key in moved]
    again = [history.series[number] for number in numbers]
    left = changes_of(results_dir, again, partial(_levelled, part, own), "changes-levelled-1")
    return Moved(shifts, dict.fromkeys(numbers, ()) | {numbers[at]: found for at, found in left})


def _dated(part: Part, series: CaseSeries) -> list[Stretch]:
    return [by_date(stretch) for stretch in part(series)]


def _levelled(part: Part, own: _Own, series: CaseSeries) -> list[Stretch]:
    return [levelled(stretch, own.get((series.key, place), ())) for place, stretch in enumerate(part(series))]
