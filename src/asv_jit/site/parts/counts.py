"""A case's counts on one release: where its instructions go, how it warms up, and why that decides no verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.counts.curve import CurvePoint, curve_points
from asv_jit.analysis.counts.summary import CaseCount, Disagreement, ModeCount, count_ratio, mean_jit_share, share
from asv_jit.model import Mode, Part, Split, version_of
from asv_jit.site.content.cells import CountedCell
from asv_jit.site.parts.charts.svg import Scale, drawing, element, line, roomy, text, x_axis, y_axis
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


PARTS: tuple[Part, ...] = ("loop", "jit", "interpreter", "extensions", "libc", "other")
"""The parts of a process in the order of the bars: what the JIT works on comes first."""
PART_NAMES: dict[Part, str] = {
    "loop": "interpreter’s loop",
    "jit": "code made by the JIT",
    "interpreter": "interpreter’s C code",
    "extensions": "extension modules",
    "libc": "C library",
    "other": "rest",
}
"""What the pages call each part."""
_WIDTH = 420.0
_BAR, _STEP, _TOP = 24.0, 52.0, 18.0
_LABEL_ROOM = 34.0
_HEIGHT, _LEFT, _RIGHT, _ABOVE, _BELOW = 230.0, 58.0, 408.0, 14.0, 196.0
_MOST_MARKS = 60


def split_bars(counts: Mapping[Mode, ModeCount], label: str) -> Markup:
    """Draw a stacked bar for each mode, on one scale, with the shares that have room; empty without instructions."""
    bars = {mode: count for mode, count in counts.items() if count.split.total > 0}
    most = max((count.per_call for count in bars.values()), default=0.0)
    if most <= 0.0:
        return Markup("")
    parts: list[Markup] = []
    for number, (mode, count) in enumerate(bars.items()):
        top = _TOP + number * _STEP
        words = f"JIT {mode}: {units.instructions(count.per_call)} instructions per call"
        parts += [text(words, 0.0, top - 5.0, "bar-name"), *_stack(count.split, top, _WIDTH * count.per_call / most)]
    return drawing(parts, label, _WIDTH, _TOP + (len(bars) - 1) * _STEP + _BAR + 4.0)


def warm_up_counts(curves: Mapping[Mode, Sequence[CurvePoint]], label: str) -> Markup:
    """Draw instructions per call against the calls made, both logarithmic.

    Dots are points of `excess`: with the JIT off nothing is compiled, and the first call does all else as well.
    """
    usable = {mode: points for mode, points in curves.items() if len(points) >= 2}
    if not usable:
        return Markup("")
    values = [point.per_call for points in usable.values() for point in points]
    vertical = roomy(min(values), max(values), _BELOW, _ABOVE)
    last = max(points[-1].calls for points in usable.values())
    across = Scale(1.0, max(float(last), 2.0), _LEFT + 4.0, _RIGHT)
    parts = y_axis(vertical, _LEFT, _RIGHT, units.instructions)
    parts += x_axis(across, _ABOVE, _BELOW, units.number, "calls made")
    for mode, points in usable.items():
        spots = [(across.at(point.calls), vertical.at(point.per_call)) for point in points]
        parts.append(line(f"line {mode} thin", spots))
    marked = sorted((point for point in usable.get("on", ())[1:] if point.excess), key=lambda point: -point.excess)
    for point in sorted(marked[:_MOST_MARKS], key=lambda point: point.calls):
        title = element("title", f"call {point.calls:,}: {point.excess:,} instructions more than the next one")
        spot = {"cx": across.at(point.calls), "cy": vertical.at(point.per_call), "r": 3.4}
        parts.append(element("circle", title, class_="point on", **spot))
    return drawing(parts, label, _WIDTH, _HEIGHT)


def _stack(split: Split, top: float, width: float) -> list[Markup]:
    """Return the segments of one bar; each one's title says what it is, and what has room says its share."""
    parts = []
    left = 0.0
    for part in PARTS:
        instructions: int = getattr(split, part)
        if instructions <= 0:
            continue
        share = instructions / split.total
        across = share * width
        title = element("title", f"{PART_NAMES[part]}: {share:.1%}")
        place = {"x": left, "y": top, "width": max(across - 1.0, 0.6), "height": _BAR}
        parts.append(element("rect", title, class_=f"part {part}", **place))
        if across >= _LABEL_ROOM:
            parts.append(text(f"{share:.0%}", left + across / 2.0, top + _BAR / 2.0 + 4.0, f"share {part}", "middle"))
        left += across
    return parts
