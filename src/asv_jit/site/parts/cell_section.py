"""One cell on a case's page: figures, warm-up, what the JIT compiled, failures, and the trials behind them."""

from __future__ import annotations

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.parts import figures
from asv_jit.site.parts.charts import cell_charts
from asv_jit.site.parts.values import Figure
from asv_jit.text import units
from asv_jit.text.case_names import case_text


class CellSection(Struct, frozen=True):
    """One release on one machine.

    `number` is the cell's place in the data file; `machine` is empty for the leading one, `where` names both for a
    screen reader; `headline` is the speedup, or the time if there can be none.
    """

    cell: MeasuredCell
    number: int
    release: str
    machine: str
    where: str
    headline: Figure
    facts: tuple[tuple[str, Figure, Figure], ...]
    notes: tuple[str, ...]
    warm_up: Markup


def cell_section(cell: MeasuredCell, number: int, release: str, alpha: float) -> CellSection:
    """Return the section of `cell`; `release` is the release's name; intervals are at level 1 - `alpha`."""
    case, host = cell.summary, units.shown(cell.machine.name, 120)
    has_speedup = cell.release.has_jit and case.speedup is not None
    return CellSection(
        cell,
        number,
        release,
        "" if cell.leading else host,
        f"Python {release}" if cell.leading else f"Python {release} on {host}",
        figures.speedup_of(case, cell.release) if has_speedup else figures.off_of(case),
        figures.facts_of(case, cell.trials, alpha),
        _notes(case),
        _warm_up(cell),
    )


def _warm_up(cell: MeasuredCell) -> Markup:
    case = cell.summary
    curves = [(m, c) for m in ("off", "on") if (c := cell_charts.warm_up_curve(cell.trials, m)) is not None]
    label = f"Time per call while {case_text(case.key.case, 80)} warms up, JIT off and on"
    return cell_charts.warm_up(curves, figures.break_even_s(case), label)


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
