"""Cases: every case on every release and machine, in a table that can be searched, filtered and sorted."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.site.parts import figures
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.tables.rows import CaseRow, PlainRow, case_rows, plain_rows
from asv_jit.site.parts.values import CaseName, Frame
from asv_jit.text import units

_VERDICTS = ("faster", "same", "slower", "unclear", "failed", "skipped", "none")


class CasesPage(Struct, frozen=True):
    """`cases.html`. `default` is the release that the filter starts with; the other tuples of names are choices.

    `counted`: the cases whose instructions were counted and that nothing timed.
    """

    frame: Frame
    rows: tuple[CaseRow, ...]
    plain: tuple[PlainRow, ...]
    counted: tuple[CaseName, ...]
    cases: str
    default: str
    releases: tuple[str, ...]
    machines: tuple[str, ...]
    groups: tuple[str, ...]
    verdicts: tuple[str, ...]
    lines: tuple[str, ...]
    plain_machines: tuple[str, ...]
    plain_groups: tuple[str, ...]


def make(site: Publication) -> CasesPage:
    """Make the page from everything that was measured."""
    rows, plain = case_rows(site), plain_rows(site)
    counted = tuple(
        CaseName.of(case) for case in site.counts if case not in site.cells and case not in site.content.table.series
    )
    releases = tuple(dict.fromkeys(row.release for row in rows))
    kinds = {figures.badge_of(row.cell.summary).kind for row in rows}
    with_jit = (row.release for row in rows if row.cell.summary.verdict != "none")
    hrefs = {row.name.href for row in rows} | {row.name.href for row in plain}
    description = f"Every case of {site.content.project} with its verdict, memory cost and break-even."
    return CasesPage(
        frame=site.frame("cases.html", description),
        rows=tuple(rows),
        plain=tuple(plain),
        counted=counted,
        cases=units.count(len(hrefs) + len(counted), "case"),
        default=next(with_jit, releases[0] if releases else ""),
        releases=releases,
        machines=site.machine_choices({row.machine for row in rows}),
        groups=tuple(sorted({row.name.group for row in rows})),
        verdicts=tuple(verdict for verdict in _VERDICTS if verdict in kinds),
        lines=tuple(dict.fromkeys(row.now.line for row in plain)),
        plain_machines=site.machine_choices({row.now.machine for row in plain}),
        plain_groups=tuple(sorted({row.name.group for row in plain})),
    )
