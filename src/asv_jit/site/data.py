"""The site's data files, from its content; `data_format` documents them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from asv_jit.analysis.events import Event
from asv_jit.analysis.series import Metric
from asv_jit.model import CaseKey
from asv_jit.site import data_format as form
from asv_jit.site import units
from asv_jit.site.columns import Column
from asv_jit.site.commits import CommitBook
from asv_jit.site.comparing import COMPARED, noise_shares, quantile
from asv_jit.site.content import SiteContent
from asv_jit.site.data_case import Packed, break_even_s, case_data, figures, level, name, rounded, speedup
from asv_jit.site.measured import MeasuredCell, measured_cells
from asv_jit.site.slugs import slug
from asv_jit.site.timetable import Placed, Timetable

__all__ = ["SLICE", "files"]

SLICE = 64
"""Commits in one of the files that the Compare page loads: two of them for a comparison, each some 200 KB with 2,000
series before compression."""

_SUBJECT_LIMIT = 200
_AUTHOR_LIMIT = 80


def files(content: SiteContent) -> Iterator[tuple[str, bytes]]:
    """Each data file below the site's folder with its content, and the schema."""
    table = Timetable.of(content.history)
    cells = measured_cells(content)
    cases = sorted({*table.series, *cells})
    yield "data/commits.js", form.encoded(_commits(content, table))
    every: list[Packed] = []
    places = _places(content, table)
    events: dict[CaseKey, list[Event]] = {}
    for event in content.events:
        events.setdefault(event.key.case, []).append(event)
    for number, case in enumerate(cases):
        packed = [_packed(number, len(every) + at, one) for at, one in enumerate(table.series.get(case, ()))]
        data = case_data(
            case, packed, events.get(case, ()), cells.get(case, ()), places=places, limits=content.settings
        )
        yield f"data/{slug(case)}.js", form.encoded(data)
        every += packed
    yield "data/suite.js", form.encoded(_suite(content, table, cells, cases, every))
    for number, data_slice in enumerate(_slices(table, every)):
        yield f"data/commits-{number}.js", form.encoded(data_slice)
    yield "data/schema.json", form.schema()


def _commits(content: SiteContent, table: Timetable) -> form.CommitsData:
    history, book = content.history, CommitBook.of(content)
    hashes = [history.commits[place] for place in table.commits] if history is not None else []
    known = [book.find(digest) for digest in hashes]
    authors = Counter(units.shorten(units.visible(commit.author), _AUTHOR_LIMIT) for commit in known)
    names = list(authors)
    places = {name: place for place, name in enumerate(names)}
    return form.CommitsData(
        version=form.VERSION,
        generated=content.generated_at,
        project=units.visible(content.project),
        show_commit_url=book.prefix,
        ordered_by=history.ordered_by if history is not None else "git",
        hashes=[units.visible(digest) for digest in hashes],
        dates=[int(history.dates[place]) for place in table.commits] if history is not None else [],
        authors=names,
        author=[places[units.shorten(units.visible(commit.author), _AUTHOR_LIMIT)] for commit in known],
        subjects=[units.shorten(units.visible(commit.subject), _SUBJECT_LIMIT) for commit in known],
        interpreters=[units.visible(name) for name in history.interpreters] if history is not None else [],
        schedules=[
            form.Schedule(
                machine=units.visible(one.machine),
                line=units.visible(one.line),
                branch=units.visible(one.branch),
                places=one.places.tolist(),
                interpreters=one.interpreters.tolist(),
            )
            for one in table.schedules
        ],
    )


def _places(content: SiteContent, table: Timetable) -> dict[str, int]:
    """Of each measured commit, its place in the commits file."""
    commits = content.history.commits if content.history is not None else ()
    return {commits[place]: number for number, place in enumerate(table.commits)}


def _packed(case: int, number: int, placed: Placed) -> Packed:
    noise: dict[str, float | None] = {metric: rounded(share, 3) for metric, share in noise_shares(placed).items()}
    return Packed(case, number, placed, placed.columns(), noise)


def _suite(
    content: SiteContent,
    table: Timetable,
    cells: Mapping[CaseKey, Sequence[MeasuredCell]],
    cases: Sequence[CaseKey],
    every: Sequence[Packed],
) -> form.SuiteData:
    places = {case: number for number, case in enumerate(cases)}
    machines = sorted({machine.name for machine in content.every_machine})
    rows = [cell for case in cases for cell in cells.get(case, ())]
    interpreters = sorted({cell.summary.key.interpreter for cell in rows})
    found = [cell.summary for cell in rows]
    current = form.CurrentData(
        case=[places[case.key.case] for case in found],
        machine=[machines.index(cell.machine) for cell in rows],
        interpreter=[interpreters.index(case.key.interpreter) for case in found],
        commit=[units.visible(case.key.commit) for case in found],
        protocol=[case.key.protocol for case in found],
        timed=[case.timed for case in found],
        verdict=[case.verdict for case in found],
        pairs=[case.pairs for case in found],
        off=[level(case.off) for case in found],
        on=[level(case.on) for case in found],
        speedup=[speedup(case) for case in found],
        memory=[figures(case.peak_off_bytes) if case.peak_off_bytes is not None else None for case in found],
        memory_added=[
            figures(case.memory.difference_bytes, case.memory.low_bytes, case.memory.high_bytes)
            if case.memory is not None
            else None
            for case in found
        ],
        break_even_s=[break_even_s(case) for case in found],
    )
    count = len(table.commits)
    return form.SuiteData(
        version=form.VERSION,
        level=rounded(1.0 - content.settings.alpha) or 0.0,
        quantile=rounded(quantile(content.settings.alpha)) or 0.0,
        equivalence=content.settings.equivalence,
        slugs=[slug(case) for case in cases],
        benchmarks=[name(case.benchmark) for case in cases],
        params=[[name(param) for param in case.params] for case in cases],
        machines=[units.visible(name) for name in machines],
        interpreters=[units.visible(name) for name in interpreters],
        slices=[*range(0, count, SLICE), count] if count else [],
        series=form.ListedData(
            case=[one.case for one in every],
            schedule=[one.placed.schedule for one in every],
            protocol=[one.placed.series.key.protocol for one in every],
            unit=[name(one.placed.series.unit) for one in every],
            step=[{m: one.columns[m].step for m in COMPARED if m in one.columns} for one in every],
            noise=[dict(one.noise) for one in every],
        ),
        current=current,
    )


def _slices(table: Timetable, every: Sequence[Packed]) -> Iterator[form.SliceData]:
    count = len(table.commits)
    for first in range(0, count, SLICE):
        end = min(first + SLICE, count)
        bounds = [np.searchsorted(one.places, (first, end)).tolist() for one in table.schedules]
        found = (_sliced(one, *bounds[one.placed.schedule]) for one in every)
        series = [one for one in found if one is not None]
        yield form.SliceData(version=form.VERSION, first=first, end=end, series=series)


def _sliced(packed: Packed, first: int, end: int) -> form.PackedSeries | None:
    """What a series has in the slots from `first` up to `end`; None where that is nothing."""
    start = packed.placed.start
    low, high = max(first - start, 0), end - start
    if high <= 0:
        return None
    cut = {metric: packed.columns[metric].cut(low, high) for metric in COMPARED if metric in packed.columns}
    known: dict[str, form.PackedColumn] = {
        metric: _packed_column(metric, column) for metric, column in cut.items() if not column.is_empty
    }
    return form.PackedSeries(packed.number, start + low, known) if known else None


def _packed_column(metric: Metric, column: Column) -> form.PackedColumn:
    below, above = (column.widths() if metric != "plain" else None) or (None, None)
    return form.PackedColumn(column.zero, column.text(), below, above)
