"""Home: the answer first, then for which programs, at what cost, what changed lately, and how far to trust it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup
from asv_jit.model import interpreter_of, minor_of
from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import Machine, Release, SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.parts import figures
from asv_jit.site.parts.answers import Answer, answer_of, costs_of, heat_of
from asv_jit.site.parts.charts import cell_charts
from asv_jit.site.parts.commits import CommitBook
from asv_jit.site.parts.count_section import work_text
from asv_jit.site.parts.event_lines import EventLine, EventLines
from asv_jit.site.parts.notices import Notice, notices
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.tables.rows import CaseRow, PlainRow, reach_of, top_plain_rows, top_rows
from asv_jit.site.parts.values import Alert, Badge, Figure, Frame, Link
from asv_jit.text import units

_MOST_CARDS = 4
_MOST_EVENTS = 6
_MOST_ALERTS = 5
_MOST_ROWS = 14
_MOST_PROBLEMS = 20
_MOST_GROUPS = 40
_VERDICTS = ("faster", "same", "slower", "unclear", "failed", "skipped")


class Card(Struct, frozen=True):
    """One release. `ratio` reads `no JIT` where there is none; `elsewhere` names a machine other than the leading."""

    name: str
    jit: str
    has_jit: bool
    ratio: str
    answer: Answer
    interval: str
    spread: str
    strip: Markup
    verdicts: tuple[tuple[Badge, str, str], ...]
    costs: tuple[tuple[str, Figure], ...]
    behind: Link
    elsewhere: str
    older: str
    commit: Link
    subject: str
    measured: str


class GroupCell(Struct, frozen=True):
    """A group's mean on one release; `heat` names its colour, `work` is the share of it in code made by the JIT."""

    text: str
    symbol: str
    word: str
    detail: str
    heat: str
    pairs: str = ""
    work: str = ""


class GroupRow(Struct, frozen=True):
    """One kind of program."""

    group: str
    cases: str
    cells: tuple[GroupCell, ...]


class HomePage(Struct, frozen=True):
    """`index.html`. `lead` is the card that the first sentence is about; None where no release has a JIT's result.

    `telling`: whether any of `rows` says more than that more pairs are needed. `counted`: whether any group says where
    its instructions go.
    """

    frame: Frame
    lead: Card | None
    cards: tuple[Card, ...]
    more_releases: str
    group_releases: tuple[str, ...]
    groups: tuple[GroupRow, ...]
    counted: bool
    notices: tuple[Notice, ...]
    alerts: tuple[Alert, ...]
    more_alerts: str
    events: tuple[EventLine, ...]
    open_events: str
    all_events: str
    rows: tuple[CaseRow, ...]
    telling: bool
    plain: tuple[PlainRow, ...]
    cases: str
    several_machines: bool
    level: str
    problems: tuple[str, ...]
    more_problems: str
    left_out: tuple[str, ...]
    fresh: str
    fresh_iso: str


def make(site: Publication) -> HomePage:
    """The page, from everything that was measured."""
    content = site.content
    maker = _Maker(content)
    cards = [maker.card(release) for release in maker.index.releases]
    shown = _newest_of_each_minor(maker.index.releases)
    groups = maker.groups([release for release in shown if release.has_jit])
    lead = next((card for card in cards if card.has_jit and card.answer.kind != "none"), None)
    events = content.events
    lately = [event for event in events if event.is_open]
    lately.sort(key=lambda event: (event.axis == "pythons", "memory" in event.headline.metric))  # else newest first
    alerts = maker.alerts()
    lines = EventLines(content)
    rows = tuple(top_rows(content, site.trends, _MOST_ROWS))
    cases = {case.key.case for _, _, case in maker.current}
    if content.history is not None:
        cases |= {one.key.case for one in content.history.series if one.key.protocol == "asv"}
    measured = max((case.measured for _, _, case in maker.current), default="")
    return HomePage(
        frame=site.frames.make("home", "", _description(content, lead), path=""),
        lead=lead,
        cards=tuple(card for release, card in zip(maker.index.releases, cards, strict=True) if release in shown),
        more_releases=units.count(len(cards) - len(shown), "more release") if len(cards) > len(shown) else "",
        group_releases=tuple(maker.index.name(release) for release in shown if release.has_jit),
        groups=groups,
        counted=any(cell.work for row in groups for cell in row.cells),
        notices=notices(content, maker.index),
        alerts=tuple(alerts[:_MOST_ALERTS]),
        more_alerts=units.count(len(alerts) - _MOST_ALERTS, "more") if len(alerts) > _MOST_ALERTS else "",
        events=tuple(lines.line(event) for event in lately[:_MOST_EVENTS]),
        open_events=units.count(len(lately), "open regression"),
        all_events=units.count(len(events), "change"),
        rows=rows,
        telling=any(row.badge.kind in ("faster", "slower", "failed") for row in rows),
        plain=tuple(top_plain_rows(content, site.trends, _MOST_ROWS)),
        cases=units.count(len(cases), "case"),
        several_machines=len(content.machines) > 1,
        level=units.level(content.settings.alpha),
        problems=tuple(units.shorten(units.visible(text), 600) for text in content.problems[:_MOST_PROBLEMS]),
        more_problems=units.count(len(content.problems) - _MOST_PROBLEMS, "more")
        if len(content.problems) > _MOST_PROBLEMS
        else "",
        left_out=tuple(units.visible(text) for text in (*content.history.notes, *content.left_out))
        if content.history is not None
        else (),
        fresh=units.moment(measured),
        fresh_iso=measured if "T" in measured else "",
    )


class _Maker:
    """What the parts of the page share."""

    def __init__(self, content: SiteContent) -> None:
        self.content = content
        self.index = ReleaseIndex.of(content)
        self.commits = CommitBook.of(content)
        self.current: list[tuple[Release, Machine, CaseSummary]] = [
            (release, machine, case)
            for release in self.index.releases
            for machine, current in self._of(release)
            for case in current.suite.cases
        ]
        self.reach = reach_of(case for _, _, case in self.current)

    def card(self, release: Release) -> Card:
        """The answer for one release: of the leading machine, else of the first that measured it."""
        measured = self._of(release)
        machine, current = measured[0] if measured else (None, None)
        cases = list(current.suite.cases) if current is not None else []
        mean = current.suite.mean if current is not None else None
        answer = answer_of(current, self.content.settings.equivalence)
        newest = max((case.measured for case in cases), default="")
        name = self.index.name(release)
        leading = self.content.machines[0].name
        return Card(
            name=name,
            jit=f"JIT {release.jit}" if release.has_jit else "built without a JIT",
            has_jit=release.has_jit,
            ratio=units.ratio(mean.ratio) if mean is not None else "no JIT" if not release.has_jit else "no result",
            answer=answer,
            interval=f"{units.ratio_interval(mean.low, mean.high)}" if mean is not None else "",
            spread=f"cases from {units.ratio(mean.smallest)} to {units.ratio(mean.largest)}"
            if mean is not None and mean.cases > 1
            else "",
            strip=self._strip(release, cases, current),
            verdicts=_verdicts(cases, name),
            costs=costs_of(cases),
            behind=_behind(mean, name),
            elsewhere=units.visible(machine.name) if machine is not None and machine.name != leading else "",
            older=units.count(current.older, "case") if current is not None and current.older else "",
            commit=self.commits.link(current.suite.commit) if current is not None else Link(""),
            subject=self.commits.subject(current.suite.commit) if current is not None else "",
            measured=units.moment(newest),
        )

    def groups(self, releases: Sequence[Release]) -> tuple[GroupRow, ...]:
        """A row for each group; the groups that gain most on the newest release come first."""
        measured = [next(iter(self._of(release)), None) for release in releases]
        means = [{one.group: one.mean for one in found[1].groups} if found else {} for found in measured]
        names = list(dict.fromkeys(name for of_release in means for name in of_release))
        names.sort(key=lambda name: -next((one[name].ratio for one in means if name in one), 0.0))
        rows = []
        for name in names[:_MOST_GROUPS]:
            cells = []
            for found, of_release in zip(measured, means, strict=True):
                mean = of_release.get(name)
                if mean is None or found is None:
                    cells.append(GroupCell(units.DASH, "", "not measured", "", "blank"))
                    continue
                verdict = mean.verdict(self.content.settings.equivalence)
                badge = figures.badge(verdict)
                between, pairs = units.ratio_interval(mean.low, mean.high), units.count(mean.pairs, "pair")
                heat = heat_of(mean.ratio, verdict)
                cells.append(
                    GroupCell(
                        units.ratio(mean.ratio), badge.symbol, verdict, between, heat, pairs, work_text(*found, name)
                    )
                )
            amount = max(of_release[name].cases for of_release in means if name in of_release)
            rows.append(GroupRow(units.shorten(units.visible(name), 60), units.count(amount, "case"), tuple(cells)))
        return tuple(rows)

    def alerts(self) -> list[Alert]:
        """Every suspected bug of the JIT."""
        return [
            alert
            for release, _, case in self.current
            for alert in figures.alerts_of(case, release, f"case/{slug(case.key.case)}.html")
        ]

    def _of(self, release: Release) -> list[tuple[Machine, Current]]:
        return [
            (machine, current)
            for machine in self.content.machines
            for current in machine.current
            if current.interpreter == release.identity
        ]

    def _strip(self, release: Release, cases: Sequence[CaseSummary], current: Current | None) -> Markup:
        mean = current.suite.mean if current is not None else None
        dots = [
            cell_charts.Dot(figures.case_text(case.key.case, 80), case.speedup.ratio, case.verdict)
            for case in cases
            if case.speedup is not None and math.isfinite(case.speedup.ratio) and case.speedup.ratio > 0.0
        ]
        if not dots:
            return Markup("")
        between = (mean.ratio, mean.low, mean.high) if mean is not None else None
        label = f"Speedup of each case on Python {release.version}; right of 1 the JIT helps"
        return cell_charts.strip(_thinned(dots), between, self.reach, label)


def _thinned(dots: list[cell_charts.Dot], most: int = 240) -> list[cell_charts.Dot]:
    """At most `most` dots: of more, evenly spaced ranks, so that the shape and both ends remain."""
    ordered = sorted(dots, key=lambda dot: dot.ratio)
    if len(ordered) <= most:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (most - 1))] for place in range(most)]


def _verdicts(cases: Sequence[CaseSummary], release: str) -> tuple[tuple[Badge, str, str], ...]:
    """Each verdict with its number of cases and the list that it leads to."""
    counts = Counter(case.verdict for case in cases)
    return tuple(
        (
            figures.badge(verdict),
            f"{counts[verdict]:,}",
            f"{_cases_of(release)}&verdict={verdict}",
        )
        for verdict in _VERDICTS
        if counts[verdict]
    )


def _behind(mean: SuiteSpeedup | None, release: str) -> Link:
    """`88 pairs of 4 cases`, and the list of those."""
    if mean is None:
        return Link("")
    return Link(f"{units.count(mean.pairs, 'pair')} of {units.count(mean.cases, 'case')}", _cases_of(release))


def _cases_of(release: str) -> str:
    return f"cases.html#python={release.replace('+', '%2B')}"


def _newest_of_each_minor(releases: Sequence[Release]) -> list[Release]:
    """The newest patch release of each minor version, with each set of requirements that stands beside others.

    At most a handful: the others are on their own page.
    """
    chosen: dict[tuple[str, str], Release] = {}
    for release in releases:  # newest first
        beside = release.identity.removeprefix(interpreter_of(release.identity))
        chosen.setdefault((minor_of(release.identity), beside), release)
    return list(chosen.values())[:_MOST_CARDS]


def _description(content: SiteContent, lead: Card | None) -> str:
    if lead is None:
        return f"How fast {content.project} is, commit by commit and Python release by Python release."
    return (
        f"Should the JIT be on for {content.project}? {lead.answer.word} on Python {lead.name}: "
        f"{lead.ratio} ({lead.interval}; geometric mean, above 1 the JIT helps)."
    )
