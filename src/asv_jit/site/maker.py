"""Makes the site's pages from its content. Everything is decided here; the templates only place it."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime
from urllib.parse import urlsplit

from markupsafe import Markup

from asv_jit.analysis.summary import CaseSummary, Level, SuiteSummary
from asv_jit.model import CaseKey, Trial
from asv_jit.site import charts, figures, units
from asv_jit.site.content import Release, SiteContent
from asv_jit.site.frame import Frames
from asv_jit.site.history import History
from asv_jit.site.pages import (
    Badge,
    CasePage,
    CaseRelease,
    Figure,
    Frame,
    HistoryRow,
    HomePage,
    Link,
    MethodPage,
    NotFoundPage,
    ReleaseCard,
    Row,
)
from asv_jit.site.slugs import slug

__all__ = ["PageMaker"]

_VERDICTS = ("faster", "same", "slower", "unclear", "failed", "skipped", "none")
_NARROWEST, _WIDEST = 1.1, 8.0


class PageMaker:
    """Makes every page of one publication. It never looks at the clock: the content brings the time."""

    def __init__(self, content: SiteContent, frames: Frames | None = None) -> None:
        self._content = content
        self._frames = frames or Frames.of(content)
        self._history = History.of(content)
        self._level = units.level(content.settings.alpha)

    def home(self) -> HomePage:
        """The answer, then every case on every release."""
        current = [(release, case) for release in self._history.releases for case in self._latest(release)]
        reach = _reach([case for _, case in current])
        rows = [(release, case, self._row(release, case, reach)) for release, case in current]
        rows.sort(key=lambda entry: entry[1].key.case)  # stable: releases stay newest first within a case
        alerts = [a for r, case in current for a in figures.alerts_of(case, r, self._href(case.key.case, ""))]
        failures = [
            failure
            for release, case in current
            for failure in figures.failures_of(case, self._trials(case), release, self._href(case.key.case, ""))
        ]
        cases = len({case.key.case for _, case in current})
        return HomePage(
            frame=self._frame("", "", "home", self._description()),
            alerts=tuple(alerts),
            cards=tuple(self._card(release) for release in self._history.releases),
            rows=tuple(row for _, _, row in rows),
            releases=tuple(dict.fromkeys(self._history.name(release) for release in self._history.releases)),
            verdicts=tuple(v for v in _VERDICTS if any(row.badge.kind == v for _, _, row in rows)),
            cases=units.count(cases, "case"),
            level=self._level,
            failures=tuple(failures),
            problems=tuple(units.visible(problem) for problem in self._content.problems),
            fresh=self._fresh([case for _, case in current]),
            machine=tuple((units.visible(k), units.visible(v)) for k, v in self._content.machine_details),
        )

    def cases(self) -> list[CasePage]:
        """A page for each case that any suite has."""
        return [self._case(key) for key in self._history.results]

    def method(self) -> MethodPage:
        """How the figures came about."""
        settings = self._content.settings
        description = "How the figures are measured and computed, with sources."
        return MethodPage(
            frame=self._frame("Method", "", "method", description),
            level=self._level,
            alpha=f"{settings.alpha:.6g}",
            equivalence=f"{settings.equivalence * 100:.6g}%",
        )

    def not_found(self) -> NotFoundPage:
        """Shown under any address, so its links start at the host's root where the site's address is known."""
        path = urlsplit(self._content.url).path.rstrip("/") + "/"
        base = path if self._content.url and path.startswith("/") and not path.startswith("//") else ""
        return NotFoundPage(frame=self._frame("Page not found", base, "", "This page does not exist."))

    def _case(self, key: CaseKey) -> CasePage:
        name = units.visible(str(key))
        releases = [
            (release, case)
            for release in self._history.releases
            if (case := self._history.current(key, release.identity)) is not None
        ]
        reach = _reach([case for _, case in releases])
        answers = [
            f"{case.speedup.ratio:.2f}× on {release.version}"
            for release, case in releases
            if case.speedup is not None and not math.isnan(case.speedup.ratio)
        ]
        description = f"{units.shorten(name, 120)}: speedup by CPython's JIT {', '.join(answers) or 'not known'}."
        return CasePage(
            frame=self._frame(units.shorten(name, 120), "../", "", description),
            path=f"case/{slug(key)}.html",
            benchmark=units.visible(key.benchmark),
            params=figures.params_text(key, 20_000),
            alerts=tuple(alert for release, case in releases for alert in figures.alerts_of(case, release, "")),
            releases=tuple(self._case_release(release, case, reach) for release, case in releases),
            level=self._level,
        )

    def _case_release(self, release: Release, case: CaseSummary, reach: tuple[float, float]) -> CaseRelease:
        series = self._history.series(case)
        compiled, note = figures.compiled_of(case.evidence) if release.has_jit else ((), "")
        commit = self._history.commits.get(case.key.commit)
        return CaseRelease(
            anchor="python-" + release.identity.replace("+", "-"),
            row=self._row(release, case, reach),
            jit=f"JIT {release.jit}" if release.has_jit else "no JIT",
            has_jit=release.has_jit,
            timed=case.timed,
            reason=case.reason,
            measured=units.moment(case.measured),
            commit=self._commit(case.key.commit),
            subject=units.visible(commit.subject) if commit else "",
            facts=figures.facts_of(case),
            notes=_notes(case),
            warm_up=self._warm_up(case),
            series=_series(series, case),
            history=tuple(self._history_row(release, point) for point in reversed(series)) if len(series) > 1 else (),
            compiled=compiled,
            compiled_note=note,
            hot=figures.hot_of(case),
            failures=figures.failures_of(case, self._trials(case), release, ""),
        )

    def _card(self, release: Release) -> ReleaseCard:
        suite = self._history.latest.get(release.identity)
        cases = self._latest(release)
        mean = suite.mean if suite is not None else None
        counts = Counter(case.verdict for case in cases)
        badges = {case.verdict: figures.badge_of(case) for case in cases}
        dots = [
            charts.Dot(figures.case_text(case.key.case, 80), case.speedup.ratio, case.verdict)
            for case in cases
            if case.speedup is not None and math.isfinite(case.speedup.ratio) and case.speedup.ratio > 0.0
        ]
        reach = _reach([case for r in self._history.releases for case in self._latest(r)])
        between = (mean.ratio, mean.low, mean.high) if mean is not None else None
        label = f"Speedup of each case on Python {release.version}; right of 1 the JIT helps"
        commit = self._history.commits.get(suite.commit) if suite is not None else None
        return ReleaseCard(
            name=self._history.name(release),
            identity=release.identity,
            jit=f"JIT {release.jit}" if release.has_jit else "built without a JIT",
            has_jit=release.has_jit,
            ratio=units.ratio(mean.ratio) if mean is not None else "no JIT" if not release.has_jit else "no result",
            words=_words(release, suite),
            interval=f"95% interval {units.ratio_interval(mean.low, mean.high)}" if mean is not None else "",
            spread=_spread(suite),
            verdicts=tuple(
                (Badge(v, badges[v].symbol, v), f"{counts[v]:,}") for v in _VERDICTS if v in counts and v != "none"
            ),
            strip=charts.strip(dots, between, reach, label) if dots else Markup(""),
            measured=units.moment(max((case.measured for case in cases), default="")),
            commit=self._commit(suite.commit) if suite is not None else Link(""),
            subject=units.visible(commit.subject) if commit else "",
        )

    def _row(self, release: Release, case: CaseSummary, reach: tuple[float, float]) -> Row:
        series = self._history.series(case)
        values = [
            point.speedup.ratio if point.speedup is not None else point.off.value if point.off is not None else None
            for point in series
        ]
        href = self._href(case.key.case, "")
        spark = charts.sparkline([v if v is not None and math.isfinite(v) else None for v in values])
        return figures.row_of(case, release, self._history.name(release), href, reach=reach, spark=spark)

    def _history_row(self, release: Release, case: CaseSummary) -> HistoryRow:
        commit = self._history.commits.get(case.key.commit)
        form = figures.format_of(case)
        return HistoryRow(
            commit=self._commit(case.key.commit),
            date=_date(commit.date) if commit else "",
            subject=units.shorten(units.visible(commit.subject), 80) if commit else "",
            off=figures.level_of(case.off, form),
            on=figures.level_of(case.on, form) if release.has_jit else Figure("no JIT"),
            speedup=figures.speedup_of(case, release),
            badge=figures.badge_of(case),
        )

    def _warm_up(self, case: CaseSummary) -> Markup:
        trials = self._trials(case)
        curves = [(m, c) for m in ("off", "on") if (c := charts.warm_up_curve(trials, m)) is not None]
        shown = case.verdict in ("faster", "slower") and case.break_even is not None
        break_even_s = case.break_even.seconds if shown and case.break_even is not None else None
        label = f"Time per call while {figures.case_text(case.key.case, 80)} warms up, JIT off and on"
        return charts.warm_up(curves, break_even_s, label)

    def _latest(self, release: Release) -> list[CaseSummary]:
        suite = self._history.latest.get(release.identity)
        return self._history.newest(suite) if suite is not None else []

    def _trials(self, case: CaseSummary) -> tuple[Trial, ...]:
        return self._content.trials.get(case.key, ())

    def _href(self, key: CaseKey, root: str) -> str:
        return f"{root}case/{slug(key)}.html"

    def _commit(self, digest: str) -> Link:
        prefix = self._content.show_commit_url
        web = prefix.startswith(("https://", "http://"))  # never a script: the address comes from a configuration
        return Link(digest[:8], prefix + digest if web else "")

    def _fresh(self, cases: list[CaseSummary]) -> str:
        measured = max((case.measured for case in cases), default="")
        return units.moment(measured) if measured else ""

    def _description(self) -> str:
        found = [
            f"{units.ratio(suite.mean.ratio)} on Python {release.version}"
            for release in self._history.releases
            if (suite := self._history.latest.get(release.identity)) is not None and suite.mean is not None
        ]
        if not found:
            return f"What CPython's JIT does to {self._content.project}."
        return f"CPython's JIT on {self._content.project}: {', '.join(found)} (geometric mean; above 1 the JIT helps)."

    def _frame(self, title: str, root: str, here: str, description: str) -> Frame:
        return self._frames.make(here, title, description, root=root)


def _date(timestamp: int) -> str:
    """The day; empty for a date that no calendar holds: git stores whatever it is told."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _words(release: Release, suite: SuiteSummary | None) -> str:
    if not release.has_jit:
        return "Measured for its absolute times: there is no JIT to turn on."
    if suite is None or suite.mean is None:
        return "No pair of trials came to its end yet."
    over = units.count(suite.mean.cases, "case")
    if suite.mean.low <= 1.0 <= suite.mean.high:
        return f"No clear difference on average over {over}."
    return f"With the JIT on {units.change(suite.mean.ratio)}, on average over {over}."


def _spread(suite: SuiteSummary | None) -> str:
    if suite is None or suite.mean is None or suite.mean.cases < 2:
        return ""
    mean = suite.mean
    return f"cases from {units.ratio(mean.smallest)} to {units.ratio(mean.largest)}, spread ×/÷ {mean.spread:.2f}"


def _reach(cases: list[CaseSummary]) -> tuple[float, float]:
    """The range of a common axis of speedups: it holds 1, and all of them that are not absurd."""
    ratios = [c.speedup.ratio for c in cases if c.speedup is not None and 0.0 < c.speedup.ratio < math.inf]
    low, high = min(ratios, default=1.0) / 1.06, max(ratios, default=1.0) * 1.06
    return max(min(low, 1.0 / _NARROWEST), 1.0 / _WIDEST), min(max(high, _NARROWEST), _WIDEST)


def _series(series: list[CaseSummary], case: CaseSummary) -> Markup:
    def point(entry: CaseSummary, level: Level | None) -> charts.Point:
        label = entry.key.commit[:8]
        return (
            charts.Point(label, None, None, None)
            if level is None
            else charts.Point(label, level.value, level.low, level.high)
        )

    if len(series) < 2:
        return Markup("")
    label = f"{figures.case_text(case.key.case, 80)} over the last {len(series)} commits"
    return charts.series(
        [point(entry, entry.off) for entry in series],
        [point(entry, entry.on) for entry in series],
        label,
        figures.format_of(case),
    )


def _notes(case: CaseSummary) -> tuple[str, ...]:
    notes = []
    if case.pairs:
        notes.append(f"{units.count(case.pairs, 'pair')} of fresh processes, off and on in random order")
    elif case.off is not None:
        notes.append(f"{units.count(case.off.trials, 'trial')}, each a fresh process")
    if case.disturbed:
        notes.append(
            f"{units.count(case.disturbed, 'block')} disturbed by something else on the machine, kept and marked"
        )
    if case.repeated:
        notes.append(f"{units.count(case.repeated, 'repetition')} because of disturbance")
    if case.key.protocol.endswith("quick"):
        notes.append("a quick measurement: fewer and shorter trials than usual")
    if case.answers is not None and case.answers.answers == "agree":
        notes.append("both modes give the same answer")
    return tuple(notes)
