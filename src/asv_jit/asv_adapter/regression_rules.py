"""asv's own settings for regressions: `regressions_thresholds` and `regressions_first_commits`."""

from __future__ import annotations

import re

from msgspec import Struct

from asv_jit.asv_adapter.project import Project


class RegressionRules(Struct, frozen=True):
    """Patterns matched at the start of `case@branch`, as in asv, or of `case`, so that `case$` matches too."""

    thresholds: tuple[tuple[re.Pattern[str], float], ...]
    first_commits: tuple[tuple[re.Pattern[str], str | None], ...]

    def threshold(self, case: str, branch: str) -> float | None:
        """Return the largest threshold that applies, as a relative change; None if none applies."""
        return max((share for pattern, share in self.thresholds if _applies(pattern, case, branch)), default=None)

    def first_commits_of(self, case: str, branch: str) -> tuple[str | None, ...]:
        """Return the commits before which changes are ignored; a None among them means all changes."""
        return tuple(commit for pattern, commit in self.first_commits if _applies(pattern, case, branch))


def regression_rules(project: Project) -> RegressionRules:
    """Compile the project's regression rules."""
    return RegressionRules(
        tuple((re.compile(pattern), share) for pattern, share in project.regression_thresholds),
        tuple((re.compile(pattern), commit) for pattern, commit in project.first_commits),
    )


def _applies(pattern: re.Pattern[str], case: str, branch: str) -> bool:
    return bool(pattern.match(f"{case}@{branch}") or pattern.match(case))
