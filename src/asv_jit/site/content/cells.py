"""The releases of a publication, and its current cells and counts in the order in which pages show them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.counts.summary import CaseCount, Disagreement, widest_disagreement
from asv_jit.model import CaseKey, Trial, version_of
from asv_jit.site.content.site_content import Machine, Release, SiteContent
from asv_jit.site.content.slugs import anchor_of, slug


class Releases(Struct, frozen=True):
    """The releases of a publication, newest first."""

    newest_first: tuple[Release, ...]

    @staticmethod
    def of(content: SiteContent) -> Releases:
        """Sort the releases of `content`."""
        return Releases(
            tuple(sorted(content.releases, key=lambda release: version_order(release.identity), reverse=True))
        )

    def name(self, identity: str) -> str:
        """Return `3.15.2`, or the whole identity where two builds share the version."""
        version = version_of(identity)
        return version if sum(release.version == version for release in self.newest_first) < 2 else identity


class MeasuredCell(Struct, frozen=True):
    """A current cell; `leading` says whether the leading machine measured it."""

    machine: Machine
    leading: bool
    release: Release
    current: Current
    summary: CaseSummary

    @property
    def trials(self) -> Sequence[Trial]:
        """Return the trials that were kept."""
        return self.machine.trials.get(self.summary.key, ())

    @property
    def anchor(self) -> str:
        """Return the id of its section on the case's page; `trials-` before it makes that of its trials."""
        return cell_anchor(self.machine.name, self.release.identity, leading=self.leading)

    @property
    def href(self) -> str:
        """Return the case's page."""
        return f"case/{slug(self.summary.key.case)}.html"


class CountedCell(Struct, frozen=True):
    """A case's current counts on one interpreter; `leading` says whether the leading machine counted them."""

    machine: Machine
    leading: bool
    count: CaseCount

    @property
    def anchor(self) -> str:
        """Return the id of its section on the case's page."""
        return f"counts-{cell_anchor(self.machine.name, self.count.key.interpreter, leading=self.leading)}"


def cell_anchor(machine: str, interpreter: str, *, leading: bool) -> str:
    """Return the id of a current cell's section on its case's page."""
    build = "python-" + interpreter.replace("+", "-")
    return build if leading else f"{anchor_of('machine', machine)}-{build}"


def measured_cells(content: SiteContent, releases: Releases) -> tuple[MeasuredCell, ...]:
    """Return every current cell: releases newest first, then machines, then cases."""
    return tuple(
        MeasuredCell(machine, place == 0, release, current, case)
        for release in releases.newest_first
        for place, machine in enumerate(content.machines)
        for current in machine.current
        if current.interpreter == release.identity
        for case in current.suite.cases
    )


def cells_by_case(content: SiteContent, cells: Sequence[MeasuredCell]) -> dict[CaseKey, tuple[MeasuredCell, ...]]:
    """Return the cells of each case: the leading machine's first, and of each machine the newest release first."""
    by_case: dict[CaseKey, list[MeasuredCell]] = {}
    for machine in content.machines:
        for cell in cells:
            if cell.machine is machine:
                by_case.setdefault(cell.summary.key.case, []).append(cell)
    return {case: tuple(by_case[case]) for case in sorted(by_case)}


def counts_by_case(content: SiteContent) -> dict[CaseKey, tuple[CountedCell, ...]]:
    """Return the counts of each case: the leading machine's first, and of each machine the newest release first."""
    by_case: dict[CaseKey, list[CountedCell]] = {}
    for place, machine in enumerate(content.machines):
        newest_first = sorted(machine.counts, key=lambda count: version_order(count.key.interpreter), reverse=True)
        for count in newest_first:
            by_case.setdefault(count.key.case, []).append(CountedCell(machine, place == 0, count))
    return {case: tuple(by_case[case]) for case in sorted(by_case)}


def widest_of_all(content: SiteContent) -> Disagreement | None:
    """Return the case whose count and time disagree most, each machine's counts beside its own times."""
    of_each = (
        widest_disagreement(machine.counts, [case for current in machine.current for case in current.suite.cases])
        for machine in content.machines
    )
    return max((one for one in of_each if one is not None), key=lambda one: one.factor, default=None)


def version_order(identity: str) -> tuple[tuple[int, ...], str]:
    """Sort builds by the numbers of their version, then by digest."""
    version, _, digest = identity.partition("+")
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split(".")), digest
