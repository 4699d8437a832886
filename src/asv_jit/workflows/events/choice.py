"""Chooses events: by date, metric, benchmark, or (the start of) an ID."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.analysis.metrics import COUNTED, Metric
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository

METRICS: Mapping[str, tuple[Metric, ...]] = {
    "on": ("on",),
    "off": ("off",),
    "speedup": ("speedup",),
    "peak_memory": ("peak_memory_off", "peak_memory_on"),
    "instructions": COUNTED,
}
"""What asv measured by itself (`plain`) is `off`, and `peak_memory` where it is bytes."""

_AGO = re.compile(r"(\d+)\s*(d|w|days?|weeks?)")
_SHORTEST_START = 4


class Choice(Struct, frozen=True):
    """What the user asked for; None and empty mean everything. `now`: for `--since 2w`."""

    since: str | None = None
    metric: str | None = None
    bench: tuple[str, ...] = ()
    now: datetime | None = None


def chosen(project: Project, history: History, events: Sequence[Event], choice: Choice) -> tuple[Event, ...]:
    """Return the chosen events. Raises UsageError for a `since` or `bench` that cannot be parsed."""
    tests: list[Callable[[Event], bool]] = []
    if choice.since is not None:
        tests.append(_since(project, history, choice.since, choice.now or datetime.now(UTC)))
    if choice.metric is not None:
        tests.append(_of_metric(history, choice.metric))
    if choice.bench:
        tests.append(_named(choice.bench))
    return tuple(event for event in events if all(test(event) for test in tests))


def _of_metric(history: History, name: str) -> Callable[[Event], bool]:
    wanted, units = set(METRICS[name]), history.units

    def plain(event: Event) -> str:
        return "peak_memory" if units.get(event.key) == "bytes" else "off"

    return lambda event: any(
        change.metric in wanted or (change.metric == "plain" and plain(event) == name) for change in event.metrics
    )


def event_named(events: Sequence[Event], name: str) -> Event:
    """The event whose identity is `name` or begins with it. Raises UsageError that names the near ones."""
    wanted = name.strip().lower()
    found = [event for event in events if event.identity == wanted]
    if not found and len(wanted) >= _SHORTEST_START:
        found = [event for event in events if event.identity.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name!r} is the start of {', '.join(event.identity for event in found)}; give more of it")
    near = difflib.get_close_matches(wanted, [event.identity for event in events], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`asv-jit regressions` lists them"
    raise UsageError(f"no event is called {name!r}; {hint}")


def _named(patterns: Sequence[str]) -> Callable[[Event], bool]:
    try:
        compiled = [re.compile(pattern) for pattern in patterns]
    except re.error as error:
        raise UsageError(f"--bench: expected a regular expression, found {error.pattern!r} ({error})") from None
    return lambda event: any(one.search(str(event.key.case)) for one in compiled)


def _since(project: Project, history: History, text: str, now: datetime) -> Callable[[Event], bool]:
    """Return a test: is the event after a date, or after another commit?"""
    places = {commit: place for place, commit in enumerate(history.commits)}
    moment = _moment(text, now)
    if moment is not None:
        return lambda event: int(history.dates[places[event.commit]]) >= moment
    known = [place for commit, place in places.items() if len(text) >= _SHORTEST_START and commit.startswith(text)]
    if not known:
        known = _place_in_git(project, text, places)
    return lambda event: places[event.commit] > known[0]


def _moment(text: str, now: datetime) -> float | None:
    ago = _AGO.fullmatch(text.strip())
    if ago:
        days = int(ago[1]) * (7 if ago[2].startswith("w") else 1)
        return (now - timedelta(days=min(days, 100_000))).timestamp()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _place_in_git(project: Project, text: str, places: Mapping[str, int]) -> list[int]:
    try:
        commit = Repository(project.folder / project.repo).resolve(text)
    except (UsageError, OSError):
        commit = None
    if commit is None or commit.hash not in places:
        raise UsageError(
            f"--since: expected a date such as 2026-01-31, a time such as 2w or 30d, or a commit of the measured "
            f"history; found {text!r}"
        )
    return [places[commit.hash]]
