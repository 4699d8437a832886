"""Home: the answer first, then for which programs, at what cost, what changed lately, and how far to trust it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup, group_of
from asv_jit.model import interpreter_of, minor_of
from asv_jit.site.content.site_content import Machine, Release
from asv_jit.site.parts import figures
from asv_jit.site.parts.answers import Answer, answer_of, costs_of
from asv_jit.site.parts.charts import cell_charts
from asv_jit.site.parts.counts import jit_share
from asv_jit.site.parts.event_lines import EventLine, EventLines
from asv_jit.site.parts.figures import Alert
from asv_jit.site.parts.heat import HeatCell, mean_cell
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.tables.rows import CaseRow, PlainRow, reach_of, top_plain_rows, top_rows
from asv_jit.site.parts.values import Badge, Figure, Frame
from asv_jit.text import units
from asv_jit.text.case_names import case_text
from asv_jit.text.units import age_days, day

_MOST_CARDS = 4
_MOST_EVENTS = 6
_MOST_ALERTS = 5
_MOST_ROWS = 14
_MOST_PROBLEMS = 20
_MOST_GROUPS = 40
_MOST_DOTS = 240
_VERDICTS = ("faster", "same", "slower", "unclear", "failed", "skipped")


class Card(Struct, frozen=True):
    """One release, on the leading machine or else on the first that measured it, which `elsewhere` names.

    `verdicts`: each verdict, with how many cases have it.
    """

    name: str
    release: Release
    current: Current | None
    mean: SuiteSpeedup | None
    answer: Answer
    strip: Markup
    verdicts: tuple[tuple[Badge, str], ...]
    costs: tuple[tuple[str, Figure], ...]
    elsewhere: str
    measured: str

    @property
    def ratio(self) -> str:
        """Return the mean speedup, or what there is instead."""
        if self.mean is not None:
            return units.ratio(self.mean.ratio)
        return "no result" if self.release.has_jit else "no JIT"

    @property
    def interval(self) -> str:
        """Return the interval of the mean, or an empty text."""
        return units.ratio_interval(self.mean.low, self.mean.high) if self.mean is not None else ""

    @property
    def cases_href(self) -> str:
        """Return the address of this release's cases."""
        return f"cases.html#python={self.name.replace('+', '%2B')}"


class GroupRow(Struct, frozen=True):
    """One kind of program: each release's mean, and the share of its work in code made by the JIT, or empty."""

    group: str
    cases: str
    cells: tuple[tuple[HeatCell, str], ...]


class HomePage(Struct, frozen=True):
    """`index.html`. `lead` is the card that the first sentence is about; None without a result of any JIT.

    `telling`: whether any of `rows` says more than that more pairs are needed. `counted`: whether any group says where
    its instructions go.
    """

    frame: Frame
    lead: Card | None
    cards: tuple[Card, ...]
    more_releases: int
    group_releases: tuple[str, ...]
    groups: tuple[GroupRow, ...]
    counted: bool
    counted_cases: int
    notices: tuple[Notice, ...]
    alerts: tuple[Alert, ...]
    more_alerts: int
    events: tuple[EventLine, ...]
    open_events: str
    all_events: str
    rows: tuple[CaseRow, ...]
    telling: bool
    plain: tuple[PlainRow, ...]
    cases: str
    problems: tuple[str, ...]
    more_problems: int
    left_out: tuple[str, ...]
    measured: str


def make(site: Publication) -> HomePage:
    """Make the page from everything that was measured."""
    content, history, events = site.content, site.content.history, site.content.events
    cards = [_card(site, release) for release in site.releases.newest_first]
    shown = _newest_of_each_minor(site.releases.newest_first)
    with_jit = [release for release in shown if release.has_jit]
    groups = _groups(site, with_jit)
    lead = next((card for card in cards if card.release.has_jit and card.answer.kind != "none"), None)
    ours = history.measured_machines
    lately = [event for event in events if event.is_open and (event.key.machine in ours or not ours)]
    lately.sort(key=lambda event: (event.axis == "pythons", "memory" in event.headline.metric))  # else newest first
    lines = EventLines(site)
    alerts = [alert for cell in site.current for alert in figures.alerts_of(cell)]
    rows = tuple(top_rows(site, _MOST_ROWS))
    cases = {cell.summary.key.case for cell in site.current}
    cases |= {series.key.case for series in history.series if series.key.protocol == "asv"}
    return HomePage(
        frame=site.frame("index.html", _description(content.project, lead), title=""),
        lead=lead,
        cards=tuple(card for card in cards if card.release in shown),
        more_releases=len(cards) - len(shown),
        group_releases=tuple(site.releases.name(release.identity) for release in with_jit),
        groups=groups,
        counted=any(work for row in groups for _, work in row.cells),
        counted_cases=len(site.counts),
        notices=notices(site),
        alerts=tuple(alerts[:_MOST_ALERTS]),
        more_alerts=max(len(alerts) - _MOST_ALERTS, 0),
        events=tuple(lines.line(event) for event in lately[:_MOST_EVENTS]),
        open_events=units.count(len(lately), "open regression"),
        all_events=units.count(len(events), "change"),
        rows=rows,
        telling=any(row.cell.summary.verdict in ("faster", "slower", "failed") for row in rows),
        plain=tuple(top_plain_rows(site, _MOST_ROWS)),
        cases=units.count(len(cases), "case"),
        problems=tuple(units.shown(text, 600) for text in content.problems[:_MOST_PROBLEMS]),
        more_problems=max(len(content.problems) - _MOST_PROBLEMS, 0),
        left_out=(*history.notes, *content.left_out),
        measured=max((cell.summary.measured for cell in site.current), default=""),
    )


def _card(site: Publication, release: Release) -> Card:
    machine, current = next(iter(site.measured(release)), (None, None))
    cases = current.suite.cases if current is not None else ()
    counts = Counter(case.verdict for case in cases)
    mean = current.suite.mean if current is not None else None
    is_leading = machine is None or machine.name == site.content.machines[0].name
    return Card(
        name=site.releases.name(release.identity),
        release=release,
        current=current,
        mean=mean,
        answer=answer_of(current, site.content.settings.equivalence),
        strip=_strip(release, cases, mean, reach_of(cell.summary for cell in site.current)),
        verdicts=tuple((figures.badge(name), f"{counts[name]:,}") for name in _VERDICTS if counts[name]),
        costs=costs_of(cases),
        elsewhere="" if machine is None or is_leading else units.visible(machine.name),
        measured=units.moment(max((case.measured for case in cases), default="")),
    )


def _groups(site: Publication, releases: Sequence[Release]) -> tuple[GroupRow, ...]:
    """Return a row for each group; the groups that gain most on the newest release come first."""
    measured = [next(iter(site.measured(release)), None) for release in releases]
    means = [{group.group: group.mean for group in leading[1].groups} if leading else {} for leading in measured]
    names = list(dict.fromkeys(name for of_release in means for name in of_release))
    names.sort(key=lambda name: -next((one[name].ratio for one in means if name in one), 0.0))
    rows = []
    for name in names[:_MOST_GROUPS]:
        cells = tuple(
            (
                mean_cell(of_release.get(name), site.content.settings.equivalence),
                _work(*leading, name) if leading and name in of_release else "",
            )
            for leading, of_release in zip(measured, means, strict=True)
        )
        amount = max(of_release[name].cases for of_release in means if name in of_release)
        rows.append(GroupRow(units.shown(name, 60), units.count(amount, "case"), cells))
    return tuple(rows)


def _work(machine: Machine, current: Current, group: str) -> str:
    """Return how much of a group's work compiled code does; empty without counts."""
    counts = [count for count in machine.counts if count.key.interpreter == current.interpreter]
    share = jit_share(count for count in counts if group_of(count.key.case.benchmark) == group)
    return f"{share} in JIT code" if share else ""


def _strip(
    release: Release, cases: Sequence[CaseSummary], mean: SuiteSpeedup | None, reach: tuple[float, float]
) -> Markup:
    dots = [
        cell_charts.Dot(case_text(case.key.case, 80), case.speedup.ratio, case.verdict)
        for case in cases
        if case.speedup is not None and 0.0 < case.speedup.ratio < math.inf
    ]
    if not dots:
        return Markup("")
    between = (mean.ratio, mean.low, mean.high) if mean is not None else None
    label = f"Speedup of each case on Python {release.version}; right of 1 the JIT helps"
    return cell_charts.strip(_thinned(dots), between, reach, label)


def _thinned(dots: list[cell_charts.Dot]) -> list[cell_charts.Dot]:
    """Return at most `_MOST_DOTS` dots at evenly spaced ranks, so that the shape and both ends remain."""
    ordered = sorted(dots, key=lambda dot: dot.ratio)
    if len(ordered) <= _MOST_DOTS:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (_MOST_DOTS - 1))] for place in range(_MOST_DOTS)]


def _newest_of_each_minor(releases: Sequence[Release]) -> list[Release]:
    """Return the newest patch release of each minor version, with each set of requirements that stands beside others.

    At most a handful: the others are on their own page.
    """
    chosen: dict[tuple[str, str], Release] = {}
    for release in releases:  # newest first
        beside = release.identity.removeprefix(interpreter_of(release.identity))
        chosen.setdefault((minor_of(release.identity), beside), release)
    return list(chosen.values())[:_MOST_CARDS]


def _description(project: str, lead: Card | None) -> str:
    if lead is None:
        return f"How fast {project} is, commit by commit and Python release by Python release."
    return (
        f"Should the JIT be on for {project}? {lead.answer.word} on Python {lead.name}: "
        f"{lead.ratio} ({lead.interval}; geometric mean, above 1 the JIT helps)."
    )


STALE_DAYS = 14
"""Results older than this are called old: a nightly job that still runs brings some every day."""


class Notice(Struct, frozen=True):
    """One sentence, and where there is more about it; `kind` is `old`, `machine`, `failed` or `unclear`."""

    kind: str
    text: str
    href: str


def notices(site: Publication) -> tuple[Notice, ...]:
    """Return the warnings of this publication, the gravest first."""
    return (*_old(site), *_machines(site), *_verdicts(site))


def _old(site: Publication) -> list[Notice]:
    content = site.content
    measured = max((cell.summary.measured for cell in site.current), default="")
    if not measured and len(content.history.dates):
        newest = day(int(content.history.dates.max()))
        days = age_days(f"{newest}T00:00:00+00:00", content.generated_at) if newest else None
        text = f"These results are old: the newest commit that was measured is from {newest}."
    else:
        days = age_days(measured, content.generated_at) if measured else None
        text = f"These results are old: the last measurement is from {units.moment(measured)}."
    return [Notice("old", text, "")] if days is not None and days >= STALE_DAYS else []


def _machines(site: Publication) -> list[Notice]:
    """Return the releases that the leading machine did not measure: they compare with the others only by ratio."""
    warnings = []
    for release in site.releases.newest_first:
        machines = [machine for machine, _ in site.measured(release)]
        if machines and machines[0] is not site.content.machines[0]:
            names = units.shown(", ".join(machine.name for machine in machines), 120)
            text = (
                f"Python {site.releases.name(release.identity)} was measured on another machine ({names}): compare its "
                "speedup, not its times, with those of the other releases."
            )
            warnings.append(Notice("machine", text, "machines.html"))
    return warnings


def _verdicts(site: Publication) -> list[Notice]:
    counts = Counter(cell.summary.verdict for cell in site.current)
    failed, unclear = counts["failed"], counts["unclear"]
    warnings = []
    if failed:
        text = f"{units.count(failed, 'result')} could not be measured: every block of trials failed."
        warnings.append(Notice("failed", text, "cases.html#python=all&verdict=failed"))
    if unclear:
        verb = "is" if unclear == 1 else "are"
        text = f"{units.count(unclear, 'result')} {verb} unclear: not precise or not steady enough to judge."
        warnings.append(Notice("unclear", text, "cases.html#python=all&verdict=unclear"))
    return warnings
