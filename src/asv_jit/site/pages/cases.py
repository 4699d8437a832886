"""Cases: every case on every release and machine, in a table that can be searched, filtered and sorted."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.tables.rows import CaseRow, PlainRow, case_rows, plain_rows
from asv_jit.site.parts.values import Frame, Link
from asv_jit.text import units

_VERDICTS = ("faster", "same", "slower", "unclear", "failed", "skipped", "none")


class CasesPage(Struct, frozen=True):
    """`cases.html`. `default` is the release that the filter starts with; the lists are the filters' choices.

    `counted`: the cases whose instructions were counted and that nothing timed.
    """

    frame: Frame
    rows: tuple[CaseRow, ...]
    plain: tuple[PlainRow, ...]
    counted: tuple[Link, ...]
    cases: str
    default: str
    releases: tuple[str, ...]
    machines: tuple[str, ...]
    groups: tuple[str, ...]
    verdicts: tuple[str, ...]
    lines: tuple[str, ...]
    plain_machines: tuple[str, ...]
    plain_groups: tuple[str, ...]
    level: str


def make(site: Publication) -> CasesPage:
    """The page, from everything that was measured."""
    content = site.content
    rows, plain = case_rows(content, site.trends), plain_rows(content, site.trends)
    counted = tuple(
        Link(figures.case_text(case, 200), f"case/{slug(case)}.html")
        for case in site.counts
        if case not in site.cells and case not in site.table.series
    )
    amount = len({row.href for row in rows} | {row.href for row in plain}) + len(counted)
    releases = tuple(dict.fromkeys(row.release for row in rows))
    kinds = {row.badge.kind for row in rows}
    with_jit = [row.release for row in rows if row.badge.kind != "none"]
    return CasesPage(
        frame=site.frames.make(
            "cases", "Cases", f"Every case of {content.project} with its verdict, memory cost and break-even.",
            path="cases.html",
        ),
        rows=tuple(rows),
        plain=tuple(plain),
        counted=counted,
        cases=units.count(amount, "case"),
        default=next(iter([*with_jit, *releases]), ""),
        releases=releases,
        machines=_several({row.machine for row in rows}),
        groups=tuple(sorted({row.group for row in rows})),
        verdicts=tuple(verdict for verdict in _VERDICTS if verdict in kinds),
        lines=tuple(dict.fromkeys(row.line for row in plain)),
        plain_machines=_several({row.machine for row in plain}),
        plain_groups=tuple(sorted({row.group for row in plain})),
        level=units.level(content.settings.alpha),
    )  # fmt: skip


def _several(names: set[str]) -> tuple[str, ...]:
    """The choices of a filter; none where there is nothing to choose."""
    return tuple(sorted(names)) if len(names) > 1 else ()
