"""`asv-jit regressions`: the change points of the stored history as events, with attribution and state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.counts.series import count_changes
from asv_jit.analysis.history.detection import FEWEST_POINTS, LEAST_OF_FEW, Found, is_short, step_of_few
from asv_jit.analysis.history.events import Event, Reported, named, reported
from asv_jit.analysis.history.grouping import Scene, commit_events, joined
from asv_jit.analysis.history.levelling import Stretch, stretches
from asv_jit.analysis.history.measuring_dates import machine_event
from asv_jit.analysis.history.releases import release_events
from asv_jit.analysis.history.requirement_sets import changed_packages
from asv_jit.analysis.history.series import MAIN, AnchorSeries, Bridge, CaseSeries, History, chosen_points
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import StorageError
from asv_jit.store.findings.known_events import EVENTS, known_events
from asv_jit.workflows.events.counting import counting_of
from asv_jit.workflows.events.found_changes import Changes, changes_of
from asv_jit.workflows.events.moved_by_date import Part, moved_by_date
from asv_jit.workflows.events.states import read_records, with_state


class FoundEvents(Struct, frozen=True):
    """Every event that counts, the newest first; a sentence for each kind of change that does not, and for each thing
    that is stored about events and could not be read."""

    events: tuple[Event, ...]
    left_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def find_events(project: Project, history: History, *, remember: bool = True) -> tuple[Event, ...]:
    """Every event of the history, the newest first; improvements and closed ones too. As `found_events`."""
    return found_events(project, history, remember=remember).events


def begin_search(project: Project, history: History) -> Changes:
    """Start workers that look for changes, for `found_events`; the caller can do other work meanwhile."""
    return changes_of(project.results_dir, history.series, _part(history))


def found_events(
    project: Project, history: History, search: Changes | None = None, *, remember: bool = True
) -> FoundEvents:
    """Every event of the history that counts by asv's own settings, with name and state.

    `search`: the result of `begin_search`, if it was begun already.
    `remember`: keep the names of new events in the results tree, where that can be written, so that they stay.
    Raises DamagedFileError if the file of accepted regressions cannot be read, UsageError for invalid settings of asv.
    """
    counting = counting_of(project, history)
    records = read_records(project)
    read = {machine: known_events(project.results_dir / machine) for machine in sorted(_machines(history))}
    known = {machine: one.records for machine, one in read.items()}
    problems = (*records.problems, *(problem for one in read.values() for problem in one.problems))
    places = counting.places
    search = begin_search(project, history) if search is None else search
    events, left_out = counting.split(
        [*_on_commits(project, history, search), *_on_counts(project, history), *_on_releases(project, history)]
    )
    found = [
        with_state(event, records, places) for event in _with_names(project, events, known, places, remember=remember)
    ]
    found = [_with_packages(event, history.packages) for event in found]
    few = sum(map(is_short, history.series))
    if few:
        which = f"in {few} series of fewer than {FEWEST_POINTS} commits"
        left_out = (*left_out, f"steps of less than {LEAST_OF_FEW:.0%} {which}: measure more commits to tell these")
    ordered = sorted(found, key=lambda event: (-places[event.commit], event.axis, event.key, event.identity))
    return FoundEvents(tuple(ordered), left_out, problems)


def _on_commits(project: Project, history: History, search: Changes) -> list[Event]:
    anchors: dict[tuple[str, str], list[AnchorSeries]] = {}
    for anchor in history.anchors:
        anchors.setdefault((anchor.machine, anchor.fingerprint), []).append(anchor)
    events: dict[int, list[Event]] = {}

    def keep(number: int, changes: Iterable[tuple[Stretch, Sequence[Found]]]) -> None:
        series = history.series[number]
        mine = anchors.get((series.key.machine, series.key.fingerprint), ())
        found = commit_events(series, _scene(project, history, series), changes, mine)
        events[number] = found if series.key.branch == MAIN else _of_branch_only(found, history)

    for number, changes in search:
        keep(number, changes)
    for number, series in enumerate(history.series):
        if is_short(series) and (steps := step_of_few(series, project.settings.alpha)):
            keep(number, [(one, steps) for one in stretches(series, history.interpreters, ())])
    moved = moved_by_date(project.results_dir, history, sorted(events), _part(history))
    for number, left in moved.changes.items():
        keep(number, left)
    scene = Scene(history.commits, history.interpreters, project.settings.equivalence)
    of_machines = [machine_event(shift, scene) for shift in moved.shifts]
    return [*of_machines, *(event for number in sorted(events) for event in events[number])]


def _part(history: History) -> Part:
    """Return the function that splits a series of this history into stretches."""
    bridges: dict[tuple[object, ...], list[Bridge]] = {}
    for bridge in history.bridges:
        bridges.setdefault(_case_of(bridge), []).append(bridge)
    return partial(_parted, history.interpreters, bridges)


def _with_packages(event: Event, packages: Mapping[tuple[str, str, str, str], Sequence[str]]) -> Event:
    """Return the event with the packages that differ between its sides, if both are recorded."""
    before, after = (
        packages.get((event.key.machine, *side))
        for side in (
            (event.parent, event.before, event.requirements_before),
            (event.commit, event.after, event.requirements),
        )
    )
    if event.axis != "commits" or event.moved or before is None or after is None:
        return event
    return replace(event, installed=changed_packages(before, after))


def _on_counts(project: Project, history: History) -> list[Event]:
    """Return the changes of instructions; each build is searched by itself."""
    threshold = project.settings.count_threshold
    events: list[Event] = []
    for series in history.counted:
        scene = replace(_scene(project, history, series), equivalence=threshold)
        found: list[Event] = []
        for build in np.unique(series.interpreters):
            mine = chosen_points(series, series.interpreters == build)
            changes = [(one, count_changes(mine, threshold)) for one in stretches(mine, history.interpreters, ())]
            found += commit_events(mine, scene, changes, ())
        events += found if series.key.branch == MAIN else _of_branch_only(found, history)
    return events


def _parted(
    interpreters: Sequence[str], bridges: Mapping[tuple[object, ...], Sequence[Bridge]], series: CaseSeries
) -> list[Stretch]:
    return stretches(series, interpreters, bridges.get(_case_of(series), ()))


def _case_of(one: CaseSeries | Bridge) -> tuple[object, ...]:
    key = one.key
    return key.machine, key.line, key.case, key.version, key.protocol, key.fingerprint


def _scene(project: Project, history: History, series: CaseSeries) -> Scene:
    branch = history.branches.get(series.key.branch)
    return Scene(history.commits, history.interpreters, project.settings.equivalence, branch, history.requirement_sets)


def _of_branch_only(events: Sequence[Event], history: History) -> list[Event]:
    """Drop events on commits that the branch shares with the first one, which has them already."""
    shared = {history.commits[place] for place in history.branches.get(MAIN, np.array([], dtype=np.int32))}
    return [event for event in events if event.commit not in shared]


def _on_releases(project: Project, history: History) -> list[Event]:
    return release_events(history.bridges, history.series, history.commits, equivalence=project.settings.equivalence)


def _machines(history: History) -> set[str]:
    return {one.key.machine for one in (*history.series, *history.counted)} | {
        one.key.machine for one in history.bridges
    }


def _with_names(
    project: Project,
    events: Sequence[Event],
    known: Mapping[str, Sequence[Reported]],
    places: Mapping[str, int],
    *,
    remember: bool,
) -> list[Event]:
    """Return the events under the IDs that they had before (`known`, by machine), without duplicates."""
    machines: dict[str, list[Event]] = {}
    for event in events:
        machines.setdefault(event.key.machine, []).append(event)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    kept: list[Event] = []
    for machine, mine in machines.items():
        names = {one.identity for one in known[machine]}
        with_names = joined(named(mine, known[machine], places), names)
        if remember:
            fresh = [reported(event, when) for event in with_names if event.identity not in names]
            with suppress(StorageError):  # a read-only tree: IDs then depend on the commits
                EVENTS.append(project.results_dir / machine, *fresh)
        kept += with_names
    return kept
