"""A case's counts on one release: where its instructions go, how it warms up, and why that decides no verdict."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.counts.current import Disagreement, count_ratio, share, work_shares
from asv_jit.analysis.counts.summary import CaseCount, ModeCount
from asv_jit.analysis.counts.warmup import CurvePoint, curve_points
from asv_jit.analysis.stats.suite_mean import group_of
from asv_jit.model import Mode, version_of
from asv_jit.site.content.cells import CountedCell
from asv_jit.site.content.site_content import Machine
from asv_jit.site.parts.charts.count_charts import Bar, CountCurve, split_bars, warm_up_counts
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.tables.counts import CountRow, function_rows, part_rows
from asv_jit.site.parts.values import Link
from asv_jit.text import units
from asv_jit.text.case_names import case_text

_LIMIT = 120
_PROBLEM_LIMIT = 600


class CountSection(Struct, frozen=True):
    """One release on one machine; `machine` is empty for the leading one.

    `sentences` say what the split means; `warm_up_rows` are figures of both modes, off and on.
    """

    anchor: str
    release: str
    machine: str
    commit: Link
    subject: str
    sentences: tuple[str, ...]
    problem: str
    bars: Markup
    parts: tuple[CountRow, ...]
    functions: tuple[CountRow, ...]
    warm_up: Markup
    warm_up_rows: tuple[tuple[str, str, str], ...]
    has_jit: bool
    counter: str


def count_section(cell: CountedCell, release: str, commits: CommitBook) -> CountSection:
    """The section of `cell`; `release` is what the site calls its interpreter."""
    count = cell.count
    modes: list[tuple[Mode, ModeCount]] = []
    if count.off is not None:
        modes.append(("off", count.off))
    if count.on is not None:
        modes.append(("on", count.on))
    curves = {mode: curve_points(mode_count.curve, mode_count.inner_loops) for mode, mode_count in modes}
    name = case_text(count.key.case, 80)
    return CountSection(
        anchor=cell.anchor,
        release=release,
        machine="" if cell.leading else units.shown(cell.machine.name, _LIMIT),
        commit=commits.link(count.key.commit),
        subject=commits.subject(count.key.commit),
        sentences=_sentences(count),
        problem=units.shorten(units.visible(count.problem), _PROBLEM_LIMIT),
        bars=split_bars(
            [Bar(mode, mode_count.per_call, mode_count.split) for mode, mode_count in modes],
            f"Where the instructions of {name} go, JIT off and on",
        ),
        parts=part_rows(count) if modes else (),
        functions=function_rows(count),
        warm_up=warm_up_counts(
            [CountCurve(mode, _marked(mode, points)) for mode, points in curves.items()],
            f"Instructions per call while {name} warms up, JIT off and on",
        ),
        warm_up_rows=_warm_up_rows(count, curves),
        has_jit=count.on is not None,
        counter=units.shorten(units.visible(count.key.counter), _LIMIT),
    )


def why_no_verdict(widest: Disagreement | None) -> str:
    """Why counts decide no verdict, with the case of this suite that shows it best."""
    reason = "Counts do not say whether the JIT helps: its instructions and the interpreter’s take different times."
    if widest is None:
        return reason
    return (
        f"{reason} In this suite {case_text(widest.case, 80)} on Python {version_of(widest.interpreter)} shows "
        f"it best: off ÷ on is {units.ratio(widest.counts)} by its instructions and {units.ratio(widest.times)} by its "
        "time."
    )


def work_text(machine: Machine, current: Current, group: str) -> str:
    """How much of a group's work code made by the JIT does, on one machine and interpreter; empty without counts."""
    shares = work_shares(
        one
        for one in machine.counts
        if one.key.interpreter == current.interpreter and group_of(one.key.case.benchmark) == group
    )
    return "" if shares is None else f"{shares.jit_on:.0%} in JIT code"


def shares_text(counts: Iterable[CaseCount]) -> str:
    """How much of the work of `counts`, all on one interpreter, code made by the JIT does; empty without any."""
    shares = work_shares(counts)
    return "" if shares is None else f"{shares.jit_on:.0%} of its work in code made by the JIT"


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


def _marked(mode: Mode, points: list[CurvePoint]) -> list[CurvePoint]:
    """With the JIT off nothing is compiled, so that nothing is marked; nor is the first call, which does it all."""
    return [
        point if mode == "on" and place else CurvePoint(point.calls, point.per_call, 0)
        for place, point in enumerate(points)
    ]


def _warm_up_rows(count: CaseCount, curves: dict[Mode, list[CurvePoint]]) -> tuple[tuple[str, str, str], ...]:
    """The exact figures of the warm-up; nothing where neither mode has a curve."""
    if not any(curves.values()):
        return ()
    first = {mode: units.exact(points[0].per_call) for mode, points in curves.items() if points}
    compiled = [point.excess for point in curves.get("on", [])[1:] if point.excess]
    rows = [
        ("instructions of the first call", first.get("off", units.DASH), first.get("on", units.DASH)),
        ("of a steady call", _steady(count.off), _steady(count.on)),
        ("warm-up: instructions of all calls above the steady level", _beyond(count.off), _beyond(count.on)),
    ]
    if count.on is not None:
        said = f"{len(compiled):,}, at most by {max(compiled):,}" if compiled else "none"
        rows.append(("later calls with more instructions than the next one", units.DASH, said))
    return tuple(rows)


def _steady(count: ModeCount | None) -> str:
    return units.DASH if count is None else units.exact(count.per_call)


def _beyond(count: ModeCount | None) -> str:
    return units.DASH if count is None else units.exact(count.warmup_instructions)
