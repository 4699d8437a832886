"""Tables of counted instructions: the parts of a steady call, and the functions behind them."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.analysis.counts.current import share
from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.model import FunctionCount, Part
from asv_jit.site.parts.charts.count_charts import PART_NAMES, PARTS
from asv_jit.site.parts.values import Figure
from asv_jit.text import units

_NAME_LIMIT = 160
_MOST_OF_A_PART = 8


class CountRow(Struct, frozen=True):
    """A part of the process, or a function of one: its share of a steady call in each mode, with the instructions."""

    part: str
    name: str
    off: Figure
    on: Figure


def part_rows(count: CaseCount) -> tuple[CountRow, ...]:
    """A row for each part that either mode has, in the order of the bars, then the sum."""
    rows = [
        CountRow(part, PART_NAMES[part], _part(count.off, part), _part(count.on, part))
        for part in PARTS
        if any(mode is not None and getattr(mode.split, part) for mode in (count.off, count.on))
    ]
    return (*rows, CountRow("", "all", _whole(count.off), _whole(count.on)))


def function_rows(count: CaseCount) -> tuple[CountRow, ...]:
    """The heaviest functions of both modes, by part and then by instructions; at most eight of each part."""
    off, on = _by_name(count.off), _by_name(count.on)
    names = sorted(
        {*off, *on},
        key=lambda name: (PARTS.index(name[0]), -max(_weight(count.off, off, name), _weight(count.on, on, name)), name),
    )
    shown = [name for part in PARTS for name in [one for one in names if one[0] == part][:_MOST_OF_A_PART]]
    return tuple(
        CountRow(part, _function(part, name), _of(count.off, off, (part, name)), _of(count.on, on, (part, name)))
        for part, name in shown
    )


def percent(value: float | None) -> str:
    """`31.5%`; a dash for None."""
    return units.DASH if value is None else f"{value:.1%}"


def _part(count: ModeCount | None, part: Part) -> Figure:
    part_share = share(count, part)
    if count is None or part_share is None:
        return Figure(units.DASH)
    return Figure(percent(part_share), units.exact(getattr(count.split, part) / max(count.inner_loops, 1)))


def _whole(count: ModeCount | None) -> Figure:
    return Figure(units.DASH) if count is None else Figure("100%", units.exact(count.per_call))


def _by_name(count: ModeCount | None) -> dict[tuple[Part, str], int]:
    """Instructions by part and name; the JIT's code has only addresses, which say nothing from one run to the next."""
    by_name: dict[tuple[Part, str], int] = {}
    for one in count.functions if count is not None else ():
        place = _place(one)
        by_name[place] = by_name.get(place, 0) + one.instructions
    return by_name


def _place(one: FunctionCount) -> tuple[Part, str]:
    return one.part, "" if one.part == "jit" else one.name


def _function(part: Part, name: str) -> str:
    if part == "jit":
        return "compiled traces, which have no names"
    return units.shorten(units.visible(f"at {name}, which has no name" if name.startswith("0x") else name), _NAME_LIMIT)


def _weight(count: ModeCount | None, by_name: dict[tuple[Part, str], int], name: tuple[Part, str]) -> float:
    return by_name.get(name, 0) / count.split.total if count is not None and count.split.total > 0 else 0.0


def _of(count: ModeCount | None, by_name: dict[tuple[Part, str], int], name: tuple[Part, str]) -> Figure:
    if count is None or name not in by_name:
        return Figure(units.DASH)
    return Figure(percent(_weight(count, by_name, name)), units.exact(by_name[name] / max(count.inner_loops, 1)))
