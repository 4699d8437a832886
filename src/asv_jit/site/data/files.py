"""The site's data files, from its content; `site.content.format` documents them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec
import numpy as np
from msgspec import Struct

from asv_jit.analysis import verdict
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.model import CaseKey
from asv_jit.site.content import format as form
from asv_jit.site.content.slugs import slug
from asv_jit.site.content.timetable import BLOCKS, ColumnName, Placed, Timetable
from asv_jit.site.data.case import Packed, case_data, figures, level, name, rounded, speedup
from asv_jit.site.parts.figures import break_even_s
from asv_jit.site.parts.publication import Publication
from asv_jit.text import units

SLICE = 256
"""Commits in one of the files that the Compare page loads: two of them for a comparison, each some 300 KB with 2,000
series before compression."""

COMPARED: tuple[Metric, ...] = ("off", "on", "speedup", "plain")
"""What the slices hold of each commit, so that `static/compare.js` can compare any two."""
_SLICED: tuple[ColumnName, ...] = (*COMPARED, BLOCKS)
_SUBJECT_LIMIT = 200
_AUTHOR_LIMIT = 80


class Listed(Struct, frozen=True):
    """What the suite file says of a series: its case, its schedule, its step and noise by metric."""

    case: int
    schedule: int
    protocol: str
    unit: str
    step: Mapping[str, float]
    noise: Mapping[str, float | None]


class Part(Struct, frozen=True):
    """What some cases contribute: their own files, and to the common files their series, encoded for each slice."""

    files: tuple[tuple[str, bytes], ...]
    listed: tuple[Listed, ...]
    slices: tuple[bytes, ...]


class DataMaker:
    """Makes the files of one publication: those of its cases in parts, which can be made in several processes."""

    def __init__(self, site: Publication) -> None:
        self._site = site
        self._table = site.content.table
        self.cases = site.cases
        history = site.content.history
        self._places = {history.commits[place]: number for number, place in enumerate(self._table.commits)}
        counts = [len(self._table.series.get(case, ())) for case in self.cases]
        self._first = [0, *np.cumsum(counts, dtype=np.int64).tolist()]

    def part(self, numbers: Iterable[int]) -> Part:
        """What the cases of these numbers contribute."""
        bounds = list(_bounds(self._table))
        files: list[tuple[str, bytes]] = []
        listed: list[Listed] = []
        slices: list[list[form.PackedSeries]] = [[] for _ in bounds]
        for number in numbers:
            case = self.cases[number]
            packed = [
                _packed(number, self._first[number] + at, series)
                for at, series in enumerate(self._table.series.get(case, ()))
            ]
            counted = [
                _packed(number, -1, series) for series in self._table.counted.get(case, ())
            ]  # only in its own file
            data = case_data(
                case,
                [*packed, *counted],
                self._site.events.get(case, ()),
                self._site.cells.get(case, ()),
                places=self._places,
                limits=self._site.content.settings,
            )
            files.append((f"data/{slug(case)}.js", form.encoded(data)))
            for series in packed:
                listed.append(_listed(series))
                mine = [ends[series.placed.schedule] for ends in bounds]
                for found, sliced in zip(slices, _sliced(series, mine), strict=True):
                    if sliced is not None:
                        found.append(sliced)
        return Part(tuple(files), tuple(listed), tuple(msgspec.json.encode(series)[1:-1] for series in slices))

    def common(self) -> Iterator[tuple[str, bytes]]:
        """What needs no case: the commits, and the schema."""
        yield "data/commits.js", form.encoded(_commits(self._site))
        yield "data/schema.json", form.schema()

    def of_all(self, parts: Sequence[Part]) -> Iterator[tuple[str, bytes]]:
        """The files that all cases share, from all parts in the order of their cases."""
        every = [series_ for part in parts for series_ in part.listed]
        yield "data/suite.js", form.encoded(_suite(self._site, self.cases, every))
        count = len(self._table.commits)
        for number, first in enumerate(range(0, count, SLICE)):
            series = [msgspec.Raw(part.slices[number]) for part in parts if part.slices[number]]
            data = form.SliceData(
                version=form.VERSION,
                first=first,
                end=min(first + SLICE, count),
                series=cast("list[form.PackedSeries]", series),  # parts that are encoded already
            )
            yield f"data/commits-{number}.js", form.encoded(data)


def _commits(site: Publication) -> form.CommitsData:
    content, history, table = site.content, site.content.history, site.content.table
    hashes = [history.commits[place] for place in table.commits]
    commits = [site.commits.find(digest) for digest in hashes]
    authors = [units.shown(commit.author, _AUTHOR_LIMIT) for commit in commits]
    places = {name: place for place, name in enumerate(dict.fromkeys(authors))}
    return form.CommitsData(
        version=form.VERSION,
        generated=content.generated_at,
        project=units.visible(content.project),
        show_commit_url=site.commits.prefix,
        ordered_by=history.ordered_by,
        hashes=[units.visible(digest) for digest in hashes],
        dates=[int(history.dates[place]) for place in table.commits],
        authors=list(places),
        author=[places[name] for name in authors],
        subjects=[units.shown(commit.subject, _SUBJECT_LIMIT) for commit in commits],
        interpreters=[units.visible(name) for name in history.interpreters],
        schedules=[
            form.Schedule(
                machine=units.visible(schedule.machine),
                line=units.visible(schedule.line),
                branch=units.visible(schedule.branch),
                places=schedule.places.tolist(),
                interpreters=schedule.interpreters.tolist(),
            )
            for schedule in table.schedules
        ],
        metrics={
            metric: form.MetricData(
                name=row.title,
                unit=row.kind,
                better="higher" if row.higher_is_better else "lower",
                modes=list(row.modes),
            )
            for metric, row in METRICS.items()
        },
    )


def _packed(case: int, number: int, placed: Placed) -> Packed:
    by_name = placed.columns()
    noise: dict[str, float | None] = {
        metric: rounded(by_name[metric].noise, 3) if metric in by_name else None
        for metric in COMPARED
        if metric in placed.series.tracks
    }
    written = {column: one.written() for column, one in by_name.items()}
    return Packed(case, number, placed, written, noise)


def _suite(site: Publication, cases: Sequence[CaseKey], every: Sequence[Listed]) -> form.SuiteData:
    content, table = site.content, site.content.table
    places = {case: number for number, case in enumerate(cases)}
    machines = [machine.name for machine in content.machines]
    rows = [cell for case in cases for cell in site.cells.get(case, ())]
    interpreters = sorted({cell.summary.key.interpreter for cell in rows})
    summaries = [cell.summary for cell in rows]
    current = form.CurrentData(
        case=[places[case.key.case] for case in summaries],
        machine=[machines.index(cell.machine.name) for cell in rows],
        interpreter=[interpreters.index(case.key.interpreter) for case in summaries],
        commit=[units.visible(case.key.commit) for case in summaries],
        protocol=[case.key.protocol for case in summaries],
        timed=[case.timed for case in summaries],
        verdict=[case.verdict for case in summaries],
        pairs=[case.pairs for case in summaries],
        off=[level(case.off) for case in summaries],
        on=[level(case.on) for case in summaries],
        speedup=[speedup(case) for case in summaries],
        memory=[figures(case.peak_off_bytes) if case.peak_off_bytes is not None else None for case in summaries],
        memory_added=[_memory_added(case) for case in summaries],
        break_even_s=[rounded(break_even_s(case)) for case in summaries],
        trials=[case.off.trials if case.off is not None else 0 for case in summaries],
        anchor=[cell.anchor for cell in rows],
    )
    count = len(table.commits)
    return form.SuiteData(
        version=form.VERSION,
        level=rounded(1.0 - content.settings.alpha) or 0.0,
        quantile=rounded(verdict.quantile(math.inf, content.settings.alpha)) or 0.0,
        narrowing=[rounded(verdict.narrowing(n, content.settings.alpha), 9) for n in range(verdict.MOST_BLOCKS + 1)],
        equivalence=content.settings.equivalence,
        slugs=[slug(case) for case in cases],
        benchmarks=[name(case.benchmark) for case in cases],
        params=[[name(param) for param in case.params] for case in cases],
        machines=[units.visible(name) for name in machines],
        interpreters=[units.visible(name) for name in interpreters],
        slices=[*range(0, count, SLICE), count] if count else [],
        series=form.ListedData(
            case=[series.case for series in every],
            schedule=[series.schedule for series in every],
            protocol=[series.protocol for series in every],
            unit=[series.unit for series in every],
            step=[dict(series.step) for series in every],
            noise=[dict(series.noise) for series in every],
        ),
        current=current,
    )


def _memory_added(case: CaseSummary) -> form.LevelData | None:
    added = case.memory
    return None if added is None else figures(added.difference_bytes, added.low_bytes, added.high_bytes)


def _listed(packed: Packed) -> Listed:
    series = packed.placed.series
    step: dict[str, float] = {one: packed.columns[one].step for one in _SLICED if one in packed.columns}
    return Listed(packed.case, packed.placed.schedule, series.key.protocol, name(series.unit), step, dict(packed.noise))


def _bounds(table: Timetable) -> Iterator[list[tuple[int, int]]]:
    """Of each slice, by schedule: its first slot, and the one after its last."""
    count = len(table.commits)
    for first in range(0, count, SLICE):
        ends = (first, min(first + SLICE, count))
        found = (np.searchsorted(one.places, ends).tolist() for one in table.schedules)
        yield [(low, high) for low, high in found]


def _sliced(packed: Packed, bounds: Sequence[tuple[int, int]]) -> Iterator[form.PackedSeries | None]:
    """What a series has in the slots of each slice; None where that is nothing."""
    start = packed.placed.start
    cuts = [(max(first - start, 0), end - start) for first, end in bounds]
    columns = {one: packed.columns[one].sliced(cuts) for one in _SLICED if one in packed.columns}
    for number, (low, high) in enumerate(cuts):
        present: dict[str, form.PackedColumn] = {
            metric: found for metric, slices in columns.items() if (found := slices[number]) is not None
        }
        yield form.PackedSeries(packed.number, start + low, present) if high > 0 and present else None
