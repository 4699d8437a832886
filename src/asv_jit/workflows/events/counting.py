"""Applies asv's own settings `regressions_thresholds` and `regressions_first_commits` to events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.asv_adapter.project import Project, RegressionRules
from asv_jit.errors import UsageError
from asv_jit.workflows.reading.history import repository_of

_THRESHOLDS, _FIRST_COMMITS = "regressions_thresholds", "regressions_first_commits"


class Counting(Struct, frozen=True):
    """The settings, applied to one history.

    `places`: of each commit; `first`: the place of each commit that `regressions_first_commits` names, None for one
    that the history does not have, which is then ignored as asv does.
    """

    rules: RegressionRules
    branch: str
    places: Mapping[str, int]
    first: Mapping[str, int | None]

    def split(self, events: Sequence[Event]) -> tuple[list[Event], tuple[str, ...]]:
        """Return the events that count, and a sentence for each kind that does not and for each ignored setting."""
        reasons = [self._reason(event) for event in events]
        notes = [
            f"{count} change{'' if count == 1 else 's'} by asv.conf.json's {name}"
            for name, count in sorted(Counter(filter(None, reasons)).items())
        ]
        ignored = sorted(name for name, place in self.first.items() if place is None)
        notes += [f"nothing by {_FIRST_COMMITS} {name!r}: the measured history has no such commit" for name in ignored]
        return [event for event, reason in zip(events, reasons, strict=True) if not reason], tuple(notes)

    def _reason(self, event: Event) -> str:
        """The setting by which an event does not count; empty for one that does."""
        if not (self.rules.thresholds or self.rules.first_commits):
            return ""
        named = str(event.key.case), event.key.branch or self.branch
        for first in self.rules.first_commits_of(*named):
            place = self.first.get(first) if first is not None else None
            late = event.axis == "pythons" or place is None or self.places[event.commit] > place
            if first is None or not late:
                return _FIRST_COMMITS
        threshold = self.rules.threshold(*named)
        if threshold is None or not event.worse:
            return ""
        large = any(abs(change.after - change.before) >= threshold * abs(change.before) for change in event.metrics)
        return "" if large else _THRESHOLDS


def counting_of(project: Project, history: History) -> Counting:
    """The project's settings for this history; commits may be named by hash, the start of one, tag or branch."""
    rules = project.regression_rules
    places = {commit: place for place, commit in enumerate(history.commits)}
    names = {first for _, first in rules.first_commits if first}
    first = {name: _place(project, name, places) for name in names} if history.commits else {}
    return Counting(rules, project.branches[0] or "HEAD", places, first)


def _place(project: Project, name: str, places: Mapping[str, int]) -> int | None:
    known = [place for commit, place in places.items() if commit.startswith(name)]
    if known:
        return known[0]
    repository = repository_of(project)
    try:
        return places.get(repository.resolve(name).hash) if repository is not None else None
    except UsageError:
        return None
