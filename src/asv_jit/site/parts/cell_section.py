"""One cell on a case's page: figures, warm-up, what the JIT compiled, failures, and the trials behind them."""

from __future__ import annotations

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.site.content.measured import MeasuredCell
from asv_jit.site.content.site_content import Release
from asv_jit.site.parts import figures
from asv_jit.site.parts.charts import cell_charts
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.values import Badge, Compiled, Failure, Figure, HotFunction, Link
from asv_jit.text import units

_LIMIT = 120


class CellSection(Struct, frozen=True):
    """One release on one machine.

    `number` is the cell's place in the data file; `host` is the machine, `machine` too unless it is the leading one;
    `headline` is the speedup, or the time where there can be none, `bounded` says whether it has an interval.
    """

    anchor: str
    number: int
    release: str
    machine: str
    host: str
    jit: str
    has_jit: bool
    timed: bool
    badge: Badge
    headline: Figure
    bounded: bool
    off: Figure
    on: Figure
    speedup: Figure
    memory: Figure
    memory_change: Figure
    break_even: Figure
    pairs: str
    trials: str
    measured: str
    commit: Link
    date: str
    subject: str
    facts: tuple[tuple[str, Figure, Figure], ...]
    notes: tuple[str, ...]
    warm_up: Markup
    compiled: tuple[Compiled, ...]
    compiled_note: str
    hot: tuple[HotFunction, ...]
    failures: tuple[Failure, ...]
    again: str


def cell_section(
    cell: MeasuredCell, number: int, release: Release, name: str, commits: CommitBook, alpha: float
) -> CellSection:
    """The section of `cell`; `name` is the release's; intervals at level 1 - `alpha`."""
    case = cell.summary
    compiled, note = figures.compiled_of(case.evidence) if release.has_jit else ((), "")
    off = figures.level_of(case.off, figures.format_of(case))
    speedup = figures.speedup_of(case, release)
    headline = speedup if release.has_jit and case.speedup is not None else off
    return CellSection(
        anchor=cell.anchor,
        number=number,
        release=name,
        machine="" if cell.leading else units.shorten(units.visible(cell.machine), _LIMIT),
        host=units.shorten(units.visible(cell.machine), _LIMIT),
        jit=f"JIT {release.jit}" if release.has_jit else "no JIT",
        has_jit=release.has_jit,
        timed=case.timed,
        badge=figures.badge_of(case),
        headline=headline,
        bounded=" to " in headline.detail,
        off=off,
        on=figures.level_of(case.on, figures.format_of(case)) if release.has_jit else Figure("no JIT"),
        speedup=speedup,
        memory=figures.memory_of(case),
        memory_change=figures.memory_change_of(case),
        break_even=figures.break_even_of(case),
        pairs=figures.pairs_text(case),
        trials=units.count(len(cell.trials), "trial"),
        measured=units.moment(case.measured),
        commit=commits.link(case.key.commit),
        date=commits.date(case.key.commit),
        subject=commits.subject(case.key.commit),
        facts=figures.facts_of(case, cell.trials, alpha),
        notes=_notes(case),
        warm_up=_warm_up(cell),
        compiled=compiled,
        compiled_note=note,
        hot=figures.hot_of(case),
        failures=figures.failures_of(case, cell.trials, release, ""),
        again=figures.again(case),
    )


def _warm_up(cell: MeasuredCell) -> Markup:
    case = cell.summary
    curves = [(m, c) for m in ("off", "on") if (c := cell_charts.warm_up_curve(cell.trials, m)) is not None]
    shown = case.verdict in ("faster", "slower") and case.break_even is not None
    break_even_s = case.break_even.seconds if shown and case.break_even is not None else None
    label = f"Time per call while {figures.case_text(case.key.case, 80)} warms up, JIT off and on"
    return cell_charts.warm_up(curves, break_even_s, label)


def _notes(case: CaseSummary) -> tuple[str, ...]:
    notes = []
    if case.pairs:
        notes.append(f"{units.count(case.pairs, 'pair')} of fresh processes, off and on in random order")
    elif case.off is not None:
        notes.append(f"{units.count(case.off.trials, 'trial')}, each a fresh process")
    if case.disturbed:
        notes.append(
            f"{units.count(case.disturbed, 'block')} disturbed by something else on the machine, kept and marked"
        )
    if case.repeated:
        notes.append(f"{units.count(case.repeated, 'repetition')} because of disturbance")
    if case.key.protocol.endswith("quick"):
        notes.append("a quick measurement: fewer and shorter trials than usual")
    if case.answers is not None and case.answers.answers == "agree":
        notes.append("both modes give the same answer")
    return tuple(notes)
