"""The current cells of every case, in the order in which its page and its data file name them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.model import CaseKey, Trial
from asv_jit.site.content.release_index import version_order
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import anchor_of


class MeasuredCell(Struct, frozen=True):
    """A current cell with the trials that are kept of it; `leading` says whether the leading machine measured it."""

    machine: str
    leading: bool
    summary: CaseSummary
    trials: Sequence[Trial]

    @property
    def anchor(self) -> str:
        """The id of its part of the case's page."""
        return cell_anchor(self.machine, self.summary.key.interpreter, leading=self.leading)


def cell_anchor(machine: str, interpreter: str, *, leading: bool) -> str:
    """The id of a current cell's part of its case's page; that of its trials has `trials-` before it."""
    build = "python-" + interpreter.replace("+", "-")
    return build if leading else f"{anchor_of('machine', machine)}-{build}"


def measured_cells(content: SiteContent) -> dict[CaseKey, tuple[MeasuredCell, ...]]:
    """Of each case: machines in their order, the leading one first, and of each the newest release first."""
    machines = {machine.name: place for place, machine in enumerate(content.machines)}
    found: dict[CaseKey, list[MeasuredCell]] = {}
    for place, machine in enumerate(content.machines):
        for case in (case for current in machine.current for case in current.suite.cases):
            cell = MeasuredCell(machine.name, place == 0, case, machine.trials.get(case.key, ()))
            found.setdefault(case.key.case, []).append(cell)
    for cells in found.values():
        cells.sort(key=lambda cell: version_order(cell.summary.key.interpreter), reverse=True)
        cells.sort(key=lambda cell: machines[cell.machine])
    return {case: tuple(found[case]) for case in sorted(found)}
