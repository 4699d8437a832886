"""asv's own settings for regressions: `regressions_thresholds` and `regressions_first_commits`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from asv_jit.errors import UsageError

_Pattern = re.Pattern[str]


class RegressionRules(Struct, frozen=True):
    """Patterns matched at the start of `benchmark(params)@branch`, as in asv, or of the case, so that `case$` matches.

    A threshold is the share by which a level must worsen. Changes before a first commit are ignored (None: all are).
    """

    thresholds: tuple[tuple[_Pattern, float], ...] = ()
    first_commits: tuple[tuple[_Pattern, str | None], ...] = ()

    def threshold(self, case: str, branch: str) -> float | None:
        """Return the largest threshold that applies, as a relative change; None if none applies."""
        return max((share for pattern, share in self.thresholds if _applies(pattern, case, branch)), default=None)

    def first_commits_of(self, case: str, branch: str) -> tuple[str | None, ...]:
        """Return the first commits that apply."""
        return tuple(commit for pattern, commit in self.first_commits if _applies(pattern, case, branch))


def parse_rules(conf: Mapping[str, Any], config_path: Path) -> RegressionRules:
    """Parse the rules of a configuration. Raises UsageError."""
    thresholds: list[tuple[_Pattern, float]] = []
    first_commits: list[tuple[_Pattern, str | None]] = []
    where = f"{config_path}: regressions_thresholds"
    for pattern, value in _patterns(conf["regressions_thresholds"], where):
        try:
            threshold = float(value)
        except (TypeError, ValueError):
            threshold = math.nan
        if not 0.0 <= threshold < math.inf:
            raise UsageError(f"{where}: {pattern.pattern!r}: expected a share such as 0.05, found {value!r}")
        thresholds.append((pattern, threshold))
    where = f"{config_path}: regressions_first_commits"
    for pattern, value in _patterns(conf["regressions_first_commits"], where):
        if not isinstance(value, str | None):
            raise UsageError(f"{where}: {pattern.pattern!r}: expected a commit, a tag or null, found {value!r}")
        first_commits.append((pattern, value))
    return RegressionRules(tuple(thresholds), tuple(first_commits))


def _patterns(table: object, where: str) -> list[tuple[_Pattern, Any]]:
    """Compile the keys of a table, which are regular expressions. Raises UsageError."""
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table of regular expressions, found {table!r}")
    try:
        return [(re.compile(pattern), value) for pattern, value in table.items()]
    except re.error as error:
        raise UsageError(f"{where}: expected a regular expression, found {error.pattern!r} ({error})") from None


def _applies(pattern: _Pattern, case: str, branch: str) -> bool:
    return bool(pattern.match(f"{case}@{branch}") or pattern.match(case))
