"""Releases: what each Python release does to each case, as a map of cases by releases."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit.analysis.stats.suite_mean import group_of
from asv_jit.model import CaseKey
from asv_jit.site.content.cells import MeasuredCell
from asv_jit.site.content.site_content import Machine, Release
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts.heat import HeatCell, case_cell, mean_cell
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Frame
from asv_jit.text import units
from asv_jit.text.case_names import params_text


class HeatRow(Struct, frozen=True):
    """One case across the releases."""

    name: str
    params: str
    href: str
    cells: tuple[HeatCell, ...]


class HeatGroup(Struct, frozen=True):
    """The cases of one benchmark file, under their mean."""

    name: str
    cells: tuple[HeatCell, ...]
    rows: tuple[HeatRow, ...]


class ReleaseColumn(Struct, frozen=True):
    """The head of a column."""

    name: str
    release: Release
    measured: str


class HeatMap(Struct, frozen=True):
    """One machine's map."""

    machine: str
    anchor: str
    columns: tuple[ReleaseColumn, ...]
    means: tuple[HeatCell, ...]
    groups: tuple[HeatGroup, ...]


class ReleasesPage(Struct, frozen=True):
    """`releases.html`. The choices of the filters: `releases` by identity and name, and `groups`."""

    frame: Frame
    maps: tuple[HeatMap, ...]
    releases: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]


def make(site: Publication) -> ReleasesPage:
    """Make a map for each machine with current results, the leading machine's first."""
    content = site.content
    maps = [_map(site, machine, place) for place, machine in enumerate(content.machines) if machine.current]
    columns = [column for drawn in maps for column in drawn.columns]
    return ReleasesPage(
        site.frame("releases.html", f"What each Python release and its JIT do to every case of {content.project}."),
        tuple(maps),
        tuple(dict.fromkeys((column.release.identity, column.name) for column in columns)),
        tuple(sorted({group.name for drawn in maps for group in drawn.groups})),
    )


def _map(site: Publication, machine: Machine, place: int) -> HeatMap:
    equivalence = site.content.settings.equivalence
    by_release: dict[str, dict[CaseKey, MeasuredCell]] = {}
    for cell in site.current:
        if cell.machine is machine:
            by_release.setdefault(cell.release.identity, {})[cell.summary.key.case] = cell
    columns = list(by_release.values())
    newest = [next(iter(cells.values())) for cells in columns]  # a cell of each release
    groups: dict[str, list[CaseKey]] = {}
    for key in sorted({key for cells in columns for key in cells}):
        groups.setdefault(group_of(key.benchmark), []).append(key)
    means = [{mean.group: mean.mean for mean in cell.current.groups} for cell in newest]
    return HeatMap(
        machine=units.shown(machine.name, 80),
        anchor=f"machine-{place}",
        columns=tuple(
            ReleaseColumn(
                site.releases.name(cell.release.identity),
                cell.release,
                units.moment(max((case.measured for case in cell.current.suite.cases), default="")),
            )
            for cell in newest
        ),
        means=tuple(mean_cell(cell.current.suite.mean, equivalence) for cell in newest),
        groups=tuple(
            HeatGroup(
                units.shown(name, 60) or "(no group)",
                tuple(mean_cell(of_release.get(name), equivalence) for of_release in means),
                tuple(_row(key, columns) for key in keys),
            )
            for name, keys in groups.items()
        ),
    )


def _row(key: CaseKey, columns: Sequence[dict[CaseKey, MeasuredCell]]) -> HeatRow:
    name = units.shown(key.benchmark.partition(".")[2] or key.benchmark or "(no name)", 120)
    cells = tuple(case_cell(cells.get(key)) for cells in columns)
    return HeatRow(name, params_text(key, 120), f"case/{slug(key)}.html", cells)
