"""A case's counts on one release: where its instructions go, how it warms up, and why that decides no verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.counts.curve import CurvePoint, curve_points
from asv_jit.analysis.counts.summary import CaseCount, Disagreement, ModeCount, count_ratio, mean_jit_share, share
from asv_jit.model import Mode, Part, version_of
from asv_jit.site.content.cells import CountedCell
from asv_jit.site.parts.charts.count_charts import PART_NAMES, PARTS, split_bars, warm_up_counts
from asv_jit.site.parts.values import Figure
from asv_jit.text import units
from asv_jit.text.case_names import case_text

_MOST_OF_A_PART = 8
_MODES: tuple[Mode, Mode] = ("off", "on")


class CountRow(Struct, frozen=True):
    """A part of the process, or a function of one: its share of a steady call in each mode, with the instructions."""

    part: str
    name: str
    off: Figure
    on: Figure


class CountSection(Struct, frozen=True):
    """One release on one machine; `machine` is empty for the leading one, `where` names both for a screen reader.

    `sentences` say what the split means; `warm_up_rows` are figures of both modes, off and on.
    """

    cell: CountedCell
    release: str
    machine: str
    where: str
    sentences: tuple[str, ...]
    bars: Markup
    parts: tuple[CountRow, ...]
    functions: tuple[CountRow, ...]
    warm_up: Markup
    warm_up_rows: tuple[tuple[str, str, str], ...]


def count_section(cell: CountedCell, release: str) -> CountSection:
    """Return the section of `cell`; `release` is what the site calls its interpreter."""
    count, host = cell.count, units.shown(cell.machine.name, 120)
    counts: dict[Mode, ModeCount] = {}
    if count.off is not None:
        counts["off"] = count.off
    if count.on is not None:
        counts["on"] = count.on
    curves = {mode: curve_points(of_mode.curve, of_mode.inner_loops) for mode, of_mode in counts.items()}
    name = case_text(count.key.case, 80)
    return CountSection(
        cell,
        release,
        "" if cell.leading else host,
        f"Python {release}" if cell.leading else f"Python {release} on {host}",
        _sentences(count),
        split_bars(counts, f"Where the instructions of {name} go, JIT off and on"),
        _part_rows(counts),
        _function_rows(counts),
        warm_up_counts(curves, f"Instructions per call while {name} warms up, JIT off and on"),
        _warm_up_rows(counts, curves),
    )


def why_no_verdict(widest: Disagreement | None) -> str:
    """Say why counts decide no verdict, with the case of this suite that shows it best."""
    reason = "Counts do not say whether the JIT helps: its instructions and the interpreter’s take different times."
    if widest is None:
        return reason
    return (
        f"{reason} In this suite {case_text(widest.case, 80)} on Python {version_of(widest.interpreter)} shows "
        f"it best: off ÷ on is {units.ratio(widest.counts)} by its instructions and {units.ratio(widest.times)} by its "
        "time."
    )


def jit_share(counts: Iterable[CaseCount]) -> str:
    """Return how much of the work of `counts`, all on one interpreter, compiled code does, `31%`; or an empty text."""
    mean = mean_jit_share(counts)
    return "" if mean is None else f"{mean:.0%}"


def _sentences(count: CaseCount) -> tuple[str, ...]:
    loop, compiled, left = share(count.off, "loop"), share(count.on, "jit"), share(count.on, "loop")
    sentences = []
    if loop is not None:
        sentences.append(f"The interpreter’s loop does {loop:.0%} of this program’s work: a JIT can replace that.")
    if compiled is not None and left is not None:
        sentences.append(f"With the JIT on, compiled code does {compiled:.0%} of the work, and the loop {left:.0%}.")
    ratio = count_ratio(count)
    if ratio is not None:
        calls = count.break_even_calls
        pays = "never" if calls is None else f"after {units.count(calls, 'call')}"
        sentences.append(
            f"A steady call takes {abs(1.0 - 1.0 / ratio):.1%} {'fewer' if ratio >= 1.0 else 'more'} instructions with "
            f"the JIT on; in instructions, the JIT has paid for its warm-up {pays}."
        )
    return tuple(sentences)


def _part_rows(counts: Mapping[Mode, ModeCount]) -> tuple[CountRow, ...]:
    """Return a row for each part that either mode has, in the order of the bars, then the sum."""
    rows = []
    for part in PARTS if counts else ():
        amounts: dict[Mode, int] = {mode: getattr(count.split, part) for mode, count in counts.items()}
        if any(amounts.values()):
            rows.append(CountRow(part, PART_NAMES[part], *_shares(counts, amounts)))
    whole = {mode: Figure("100%", units.exact(count.per_call)) for mode, count in counts.items()}
    none = Figure(units.DASH)
    return (*rows, CountRow("", "all", whole.get("off", none), whole.get("on", none))) if counts else ()


def _function_rows(counts: Mapping[Mode, ModeCount]) -> tuple[CountRow, ...]:
    """Return the heaviest functions of both modes, by part and then by instructions; at most eight of each part."""
    by_mode = {mode: _by_function(count) for mode, count in counts.items()}
    weights: dict[tuple[Part, str], float] = {}
    for mode, amounts in by_mode.items():
        for key, amount in amounts.items():
            weights[key] = max(weights.get(key, 0.0), amount / max(counts[mode].split.total, 1))
    heaviest = sorted(weights, key=lambda key: (-weights[key], key))
    return tuple(
        CountRow(part, _function_name(*key), *_shares(counts, {mode: by_mode[mode].get(key) for mode in counts}))
        for part in PARTS
        for key in [key for key in heaviest if key[0] == part][:_MOST_OF_A_PART]
    )


def _by_function(count: ModeCount) -> dict[tuple[Part, str], int]:
    """Return instructions by part and name; the JIT's code has only addresses, which differ from run to run."""
    by_function: dict[tuple[Part, str], int] = {}
    for function in count.functions:
        key = function.part, "" if function.part == "jit" else function.name
        by_function[key] = by_function.get(key, 0) + function.instructions
    return by_function


def _function_name(part: Part, name: str) -> str:
    if part == "jit":
        return "compiled traces, which have no names"
    return units.shown(f"at {name}, which has no name" if name.startswith("0x") else name, 160)


def _shares(counts: Mapping[Mode, ModeCount], amounts: Mapping[Mode, int | None]) -> tuple[Figure, Figure]:
    """Return the share of a steady call that `amounts` of instructions are in each mode, off and on."""

    def figure(mode: Mode) -> Figure:
        count, amount = counts.get(mode), amounts.get(mode)
        if count is None or amount is None or count.split.total <= 0:
            return Figure(units.DASH)
        return Figure(f"{amount / count.split.total:.1%}", units.exact(amount / max(count.inner_loops, 1)))

    return figure("off"), figure("on")


def _warm_up_rows(
    counts: Mapping[Mode, ModeCount], curves: Mapping[Mode, Sequence[CurvePoint]]
) -> tuple[tuple[str, str, str], ...]:
    """Return the exact figures of the warm-up; nothing if neither mode has a curve."""
    if not any(curves.values()):
        return ()

    def row(name: str, values: Mapping[Mode, float]) -> tuple[str, str, str]:
        off, on = (units.exact(values[mode]) if mode in values else units.DASH for mode in _MODES)
        return name, off, on

    rows = [
        row("instructions of the first call", {mode: points[0].per_call for mode, points in curves.items() if points}),
        row("of a steady call", {mode: count.per_call for mode, count in counts.items()}),
        row(
            "warm-up: instructions of all calls above the steady level",
            {mode: count.warmup_instructions for mode, count in counts.items()},
        ),
    ]
    if "on" in counts:
        compiled = [point.excess for point in curves["on"][1:] if point.excess]
        amount = f"{len(compiled):,}, at most by {max(compiled):,}" if compiled else "none"
        rows.append(("later calls with more instructions than the next one", units.DASH, amount))
    return tuple(rows)
