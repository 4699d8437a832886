"""Finds results again: the newest of a case on an interpreter, and its series over the commits."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from asv_jit.analysis.cells.summary import CaseSummary, SuiteSummary
from asv_jit.git.repository import Commit
from asv_jit.model import PROTOCOL, CaseKey
from asv_jit.site.content.site_content import Release, SiteContent

_LAST = 30


class ResultIndex(Struct, frozen=True):
    """The content, indexed. `results` holds each case's summaries by interpreter, newest commit first."""

    commits: Mapping[str, Commit]
    releases: tuple[Release, ...]
    results: Mapping[CaseKey, Mapping[str, tuple[CaseSummary, ...]]]

    @staticmethod
    def of(content: SiteContent) -> ResultIndex:
        """Index `content`; releases come newest first, also those that only a suite names."""
        age = {commit.hash: index for index, commit in enumerate(content.commits)}
        suites = sorted(content.suites, key=lambda suite: age.get(suite.commit, len(age)))
        results: dict[CaseKey, dict[str, list[CaseSummary]]] = {}
        for suite in suites:
            for case in suite.cases:
                results.setdefault(case.key.case, {}).setdefault(suite.interpreter, []).append(case)
        return ResultIndex(
            commits={commit.hash: commit for commit in content.commits},
            releases=tuple(sorted(_all_releases(content), key=_version_order, reverse=True)),
            results={
                key: {name: tuple(found) for name, found in sorted(of_case.items())}
                for key, of_case in sorted(results.items())
            },
        )

    def name(self, release: Release) -> str:
        """`3.15.2`, or the whole identity where two builds share the version."""
        alike = [other for other in self.releases if other.version == release.version]
        return release.version if len(alike) == 1 else release.identity

    def newest(self, suite: SuiteSummary) -> list[CaseSummary]:
        """The suite's cases, each once: a full measurement before a quick one, then the later one."""
        best: dict[CaseKey, CaseSummary] = {}
        for case in suite.cases:
            other = best.get(case.key.case)
            if other is None or _rank(case) > _rank(other):
                best[case.key.case] = case
        return [best[key] for key in sorted(best)]

    def current(self, key: CaseKey, interpreter: str) -> CaseSummary | None:
        """The result of the newest commit that has one."""
        found = self.results.get(key, {}).get(interpreter, ())
        of_commit = [case for case in found if case.key.commit == found[0].key.commit]
        return max(of_commit, key=_rank, default=None)

    def series(self, case: CaseSummary) -> list[CaseSummary]:
        """The last points of the series that `case` belongs to, oldest first: same benchmark version and protocol."""
        found = self.results.get(case.key.case, {}).get(case.key.interpreter, ())
        alike = [
            other for other in found if (other.key.version, other.key.protocol) == (case.key.version, case.key.protocol)
        ]
        return alike[:_LAST][::-1]


def _all_releases(content: SiteContent) -> list[Release]:
    known = {release.identity: release for release in content.releases}
    for suite in content.suites:
        if suite.interpreter not in known:
            paired = any(case.on is not None or case.pairs for case in suite.cases)
            known[suite.interpreter] = Release(suite.interpreter, "with a JIT" if paired else "none")
    return list(known.values())


def _version_order(release: Release) -> tuple[tuple[int, ...], str]:
    numbers = tuple(int(part) if part.isdecimal() else 0 for part in release.version.split("."))
    return numbers, release.identity


def _rank(case: CaseSummary) -> tuple[bool, str]:
    return case.key.protocol == PROTOCOL, case.measured
