"""The current counts of every case, in the order in which its page shows them."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.analysis.counts.current import Disagreement, widest_disagreement
from asv_jit.analysis.counts.summary import CaseCount
from asv_jit.model import CaseKey
from asv_jit.site.content.measured import cell_anchor
from asv_jit.site.content.release_index import version_order
from asv_jit.site.content.site_content import SiteContent


class CountedCell(Struct, frozen=True):
    """A case's current counts on one interpreter; `leading` says whether the leading machine counted them."""

    machine: str
    leading: bool
    count: CaseCount

    @property
    def anchor(self) -> str:
        """The id of its part of the case's page."""
        return f"counts-{cell_anchor(self.machine, self.count.key.interpreter, leading=self.leading)}"


def counted_cells(content: SiteContent) -> dict[CaseKey, tuple[CountedCell, ...]]:
    """Of each case: machines in their order, the leading one first, and of each the newest release first."""
    machines = {machine.name: place for place, machine in enumerate(content.machines)}
    found: dict[CaseKey, list[CountedCell]] = {}
    for place, machine in enumerate(content.machines):
        for count in machine.counts:
            found.setdefault(count.key.case, []).append(CountedCell(machine.name, place == 0, count))
    for cells in found.values():
        cells.sort(key=lambda cell: version_order(cell.count.key.interpreter), reverse=True)
        cells.sort(key=lambda cell: machines[cell.machine])
    return {case: tuple(found[case]) for case in sorted(found)}


def widest_of_all(content: SiteContent) -> Disagreement | None:
    """The case whose count and time disagree most, each machine's counts beside its own times."""
    found = (
        widest_disagreement(machine.counts, [case for current in machine.current for case in current.suite.cases])
        for machine in content.machines
    )
    return max((one for one in found if one is not None), key=lambda one: one.factor, default=None)
