"""Releases: what each Python release does to each case, as a map of cases by releases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.levels import Level
from asv_jit.analysis.cells.summary import CaseSummary, group_of
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup
from asv_jit.model import CaseKey
from asv_jit.site.content.measured import cell_anchor
from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import Machine, Release
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.answers import heat_of
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Frame, Link
from asv_jit.text import units


class HeatCell(Struct, frozen=True):
    """One case (or mean) on one release: the speedup, below it its interval and both absolute times, all in `title`.

    `heat` names the colour, `symbol` and `word` say the same without one; `order` is what a column is sorted by;
    `behind` says how many pairs there are and leads to them.
    """

    heat: str
    symbol: str
    word: str
    text: str
    detail: str
    title: str
    order: str
    interval: str = ""
    behind: Link = Link("")


class HeatRow(Struct, frozen=True):
    """One case across the releases."""

    name: str
    params: str
    href: str
    cells: tuple[HeatCell, ...]


class HeatGroup(Struct, frozen=True):
    """The cases of one file of benchmarks, under their mean."""

    name: str
    cases: str
    cells: tuple[HeatCell, ...]
    rows: tuple[HeatRow, ...]


class ReleaseColumn(Struct, frozen=True):
    """The head of a column."""

    name: str
    identity: str
    jit: str
    has_jit: bool
    measured: str


class HeatMap(Struct, frozen=True):
    """One machine's map."""

    machine: str
    anchor: str
    columns: tuple[ReleaseColumn, ...]
    means: tuple[HeatCell, ...]
    groups: tuple[HeatGroup, ...]


class ReleasesPage(Struct, frozen=True):
    """`releases.html`. The filters' choices: `releases` by identity and name, and `groups`."""

    frame: Frame
    maps: tuple[HeatMap, ...]
    releases: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    several_machines: bool
    level: str


def make(site: Publication) -> ReleasesPage:
    """A map for each machine that measured pairs, the leading machine's first."""
    content = site.content
    index = ReleaseIndex.of(content)
    maps = [
        _map(machine, index, content.settings.equivalence, place)
        for place, machine in enumerate(content.machines)
        if machine.current
    ]
    return ReleasesPage(
        frame=site.frames.make(
            "releases", "Releases", f"What each Python release and its JIT do to every case of {content.project}.",
            path="releases.html",
        ),
        maps=tuple(maps),
        releases=tuple(dict.fromkeys((column.identity, column.name) for one in maps for column in one.columns)),
        groups=tuple(sorted({group.name for one in maps for group in one.groups})),
        several_machines=len(maps) > 1,
        level=units.level(content.settings.alpha),
    )  # fmt: skip


def _map(machine: Machine, index: ReleaseIndex, equivalence: float, place: int) -> HeatMap:
    by_release = {current.interpreter: current for current in machine.current}
    releases = [release for release in index.releases if release.identity in by_release]
    currents = [by_release[release.identity] for release in releases]
    summaries = [{case.key.case: case for case in current.suite.cases} for current in currents]
    trials = [f"#trials-{cell_anchor(machine.name, one.interpreter, leading=place == 0)}" for one in currents]
    groups: dict[str, list[CaseKey]] = {}
    for key in sorted({key for found in summaries for key in found}):
        groups.setdefault(group_of(key.benchmark), []).append(key)
    return HeatMap(
        machine=units.shorten(units.visible(machine.name), 80),
        anchor=f"machine-{place}",
        columns=tuple(
            ReleaseColumn(
                name=index.name(release),
                identity=release.identity,
                jit=f"JIT {release.jit}" if release.has_jit else "no JIT",
                has_jit=release.has_jit,
                measured=units.moment(max((case.measured for case in current.suite.cases), default="")),
            )
            for release, current in zip(releases, currents, strict=True)
        ),
        means=tuple(_mean(current.suite.mean, equivalence) for current in currents),
        groups=tuple(
            _group(name, keys, currents, summaries, list(zip(releases, trials, strict=True)), equivalence)
            for name, keys in groups.items()
        ),
    )


def _group(
    name: str,
    keys: Sequence[CaseKey],
    currents: Sequence[Current],
    summaries: Sequence[dict[CaseKey, CaseSummary]],
    releases: Sequence[tuple[Release, str]],
    equivalence: float,
) -> HeatGroup:
    means = [next((one.mean for one in current.groups if one.group == name), None) for current in currents]
    rows = [
        HeatRow(
            name=units.shorten(units.visible(key.benchmark.partition(".")[2] or key.benchmark or "(no name)"), 120),
            params=figures.params_text(key, 120),
            href=f"case/{slug(key)}.html",
            cells=tuple(
                _cell(found.get(key), release, trials)
                for found, (release, trials) in zip(summaries, releases, strict=True)
            ),
        )
        for key in keys
    ]
    return HeatGroup(
        units.shorten(units.visible(name), 60) or "(no group)",
        units.count(len(rows), "case"),
        tuple(_mean(mean, equivalence) for mean in means),
        tuple(rows),
    )


def _mean(mean: SuiteSpeedup | None, equivalence: float) -> HeatCell:
    if mean is None:
        return HeatCell("blank", "", "no mean", units.DASH, "", "", "")
    verdict = mean.verdict(equivalence)
    between = units.ratio_interval(mean.low, mean.high)
    title = f"{verdict}: geometric mean over {units.count(mean.cases, 'case')}, 95% interval {between}"
    symbol = figures.badge(verdict).symbol
    return HeatCell(
        heat=heat_of(mean.ratio, verdict),
        symbol=symbol,
        word=verdict,
        text=units.ratio(mean.ratio),
        detail="",
        title=title,
        order=f"{mean.ratio:.5f}",
        interval=between,
        behind=Link(units.count(mean.pairs, "pair")),
    )


def _cell(case: CaseSummary | None, release: Release, trials: str) -> HeatCell:
    """`trials`: where they are on the case's page."""
    if case is None:
        return HeatCell("blank", "", "not measured", "", "", "", "")
    form = figures.format_of(case)
    off = form(case.off.value) if case.off is not None else units.DASH
    on = form(case.on.value) if case.on is not None else units.DASH
    badge = figures.badge_of(case)
    found = case.speedup
    if found is None or not math.isfinite(found.ratio):
        values = off if case.on is None else f"{off} → {on}"
        text = case.verdict if case.verdict in ("failed", "skipped") else values
        between = figures.level_of(case.off, form).detail if case.on is None else ""
        title = (
            f"{badge.word}{': ' + badge.why if badge.why else ''}; {'JIT off' if release.has_jit else 'no JIT'} {off}"
        )
        symbol = badge.symbol if case.verdict != "none" else ""
        heat = heat_of(math.nan, case.verdict)
        return HeatCell(heat, symbol, badge.word, text, "", title, "", between, _behind(case, trials))
    title = _sentence(
        [
            f"{badge.word}{': ' + badge.why if badge.why else ''}",
            f"speedup {units.ratio_interval(found.low, found.high)}",
            f"JIT off {off}{_bounds(case.off, form)}, on {on}{_bounds(case.on, form)}",
            units.count(case.pairs, "pair"),
        ]
    )
    return HeatCell(
        heat=heat_of(found.ratio, case.verdict),
        symbol=badge.symbol,
        word=badge.word,
        text=units.ratio(found.ratio),
        detail=f"{off} → {on}",
        behind=_behind(case, trials),
        interval=units.ratio_interval(found.low, found.high),
        title=title,
        order=f"{found.ratio:.5f}",
    )


def _behind(case: CaseSummary, trials: str) -> Link:
    return Link(figures.pairs_text(case), f"case/{slug(case.key.case)}.html{trials}")


def _bounds(level: Level | None, form: Callable[[float | None], str]) -> str:
    """` (1.2 to 1.3 ms)`; nothing where there is no interval."""
    between = figures.level_of(level, form).detail
    return f" ({between})" if between else ""


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(part for part in parts if part)
