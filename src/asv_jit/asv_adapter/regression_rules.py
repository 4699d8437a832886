"""asv's own settings for regressions: `regressions_thresholds` and `regressions_first_commits`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError

__all__ = ["RegressionRules", "regression_rules"]


@dataclass(frozen=True, slots=True)
class RegressionRules:
    """Patterns, matched from the start of `case` or, on another branch than the first, of `case@branch`."""

    thresholds: tuple[tuple[re.Pattern[str], float], ...]
    first_commits: tuple[tuple[re.Pattern[str], str | None], ...]

    def threshold(self, name: str) -> float | None:
        """The least relative change that counts, the largest of those that apply; None where none does."""
        return max((share for pattern, share in self.thresholds if pattern.match(name)), default=None)

    def first_commits_of(self, name: str) -> tuple[str | None, ...]:
        """Commits up to which changes do not count; None among them: none counts at all."""
        return tuple(commit for pattern, commit in self.first_commits if pattern.match(name))


def regression_rules(project: Project) -> RegressionRules:
    """Read them from asv's configuration. Raises UsageError for what asv would not understand either."""
    return RegressionRules(
        tuple((_pattern(key, "regressions_thresholds"), _share(value)) for key, value in _table(project, "thresholds")),
        tuple(
            (_pattern(key, "regressions_first_commits"), _commit(value))
            for key, value in _table(project, "first_commits")
        ),
    )


def _table(project: Project, name: str) -> list[tuple[str, object]]:
    value = getattr(project.asv, f"regressions_{name}")
    if not isinstance(value, dict):
        raise UsageError(f"asv.conf.json: regressions_{name}: expected a table {{…}}, found {value!r}")
    return list(value.items())


def _pattern(text: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"asv.conf.json: {where}: expected a regular expression, found {text!r} ({error})") from None


def _share(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]  # what float refuses is refused below
    except (TypeError, ValueError):
        raise UsageError(
            f"asv.conf.json: regressions_thresholds: expected a share such as 0.05, found {value!r}"
        ) from None


def _commit(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(f"asv.conf.json: regressions_first_commits: expected a commit or null, found {value!r}")
    return value
