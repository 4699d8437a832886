"""asv's own settings for regressions: `regressions_thresholds` and `regressions_first_commits`."""

from __future__ import annotations

import re

from msgspec import Struct

from asv_jit.asv_adapter.project import Project


class RegressionRules(Struct, frozen=True):
    """Patterns, matched from the start of `case@branch` as asv does, or of `case`: what asv's users mean by `case$`."""

    thresholds: tuple[tuple[re.Pattern[str], float], ...]
    first_commits: tuple[tuple[re.Pattern[str], str | None], ...]

    def threshold(self, case: str, branch: str) -> float | None:
        """The least relative change that counts, the largest of those that apply; None where none does."""
        return max((share for pattern, share in self.thresholds if _applies(pattern, case, branch)), default=None)

    def first_commits_of(self, case: str, branch: str) -> tuple[str | None, ...]:
        """Commits up to which changes do not count; None among them: none counts at all."""
        return tuple(commit for pattern, commit in self.first_commits if _applies(pattern, case, branch))


def regression_rules(project: Project) -> RegressionRules:
    """As the configuration gives them."""
    return RegressionRules(
        tuple((re.compile(pattern), share) for pattern, share in project.regression_thresholds),
        tuple((re.compile(pattern), commit) for pattern, commit in project.first_commits),
    )


def _applies(pattern: re.Pattern[str], case: str, branch: str) -> bool:
    return bool(pattern.match(f"{case}@{branch}") or pattern.match(case))
