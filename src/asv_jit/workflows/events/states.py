"""Reads what is stored about events (decisions, confirmations, bisections) and sets their states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.attribution import Cause, Moved
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.metrics import METRICS
from asv_jit.asv_adapter.project import Project
from asv_jit.store.findings.accepted import Accepted, read_accepted
from asv_jit.store.findings.bisections import Bisection, read_bisections
from asv_jit.store.findings.confirmations import CONFIRMATIONS, Confirmation
from asv_jit.store.machines import known_interpreters


class Records(Struct, frozen=True):
    """What is stored about events; confirmations and bisections by machine, and by machine and interpreter the lines.

    `problems`: what could not be read.
    """

    accepted: tuple[Accepted, ...]
    confirmations: Mapping[str, Mapping[str, Confirmation]]
    bisections: Mapping[str, tuple[Bisection, ...]]
    lines: Mapping[str, Mapping[str, str]]
    problems: tuple[str, ...]


def read_records(project: Project) -> Records:
    """Read everything stored about events. Raises DamagedFileError for the file that people write."""
    confirmations: dict[str, Mapping[str, Confirmation]] = {}
    bisections: dict[str, tuple[Bisection, ...]] = {}
    lines: dict[str, Mapping[str, str]] = {}
    problems: list[str] = []
    for folder in sorted(path for path in project.results_dir.glob("*") if path.is_dir()):
        confirmed, searched = CONFIRMATIONS.read(folder), read_bisections(folder)
        confirmations[folder.name] = {record.event: record for record in confirmed.records}
        bisections[folder.name] = searched.records
        known, _ = known_interpreters(folder)  # whose problems the history tells
        lines[folder.name] = {identity: one.line for identity, one in known.items()}
        problems += [*confirmed.problems, *searched.problems]
    return Records(read_accepted(project.folder), confirmations, bisections, lines, tuple(problems))


def with_state(event: Event, records: Records, places: Mapping[str, int]) -> Event:
    """Return the event with its state. A fix has precedence over a decision, and that over a measurement."""
    bisection = next((one for one in bisections_of(event, records) if one.result is not None), None)
    if bisection is not None:
        event = replace(event, bisection=bisection.identity)
    confirmation = records.confirmations.get(event.key.machine, {}).get(event.identity)
    if confirmation is not None:
        event = _confirmed(event, confirmation)
    accepted = next((one for one in records.accepted if _accepts(one, event, places)), None)
    if accepted is not None and event.worse:
        event = replace(event, why=accepted.why, state=event.state if event.state == "fixed" else "accepted")
    return event


def bisections_of(event: Event, records: Records) -> tuple[Bisection, ...]:
    """Return the bisections of this event on its interpreter line, newest first."""
    lines = records.lines.get(event.key.machine, {})
    stored = records.bisections.get(event.key.machine, ())
    return tuple(one for one in stored if _is_of(one, event, lines))


def commits_text(event: Event) -> str:
    """The ends of an event, as a decision about it keeps them: full commits, or two interpreters."""
    return f"{event.before}..{event.after}" if event.axis == "pythons" else f"{event.parent}..{event.commit}"


def _confirmed(event: Event, confirmation: Confirmation) -> Event:
    """Return the event with the state and cause of its confirmation, which knows the cause better than history does.

    A refutation is ignored if the event has moved to other commits since.
    """
    ends = (event.before, event.after) if event.axis == "pythons" else (event.parent, event.commit)
    moved = (confirmation.before, confirmation.after) != ends
    if confirmation.state == "unclear" or (confirmation.state == "refuted" and moved):
        return event
    if event.state != "fixed":
        event = replace(event, state=confirmation.state, why=confirmation.reason)
    known = confirmation.cause in get_args(Cause) and confirmation.moved in get_args(Moved)
    if confirmation.state == "confirmed" and known and confirmation.cause != "unclear":
        attribution = replace(
            event.attribution,
            cause=cast("Cause", confirmation.cause),
            moved=cast("Moved", confirmation.moved),
            probability=confirmation.probability,
        )
        return replace(event, attribution=attribution)
    return event


def _is_of(bisection: Bisection, event: Event, lines: Mapping[str, str]) -> bool:
    if bisection.event == event.identity:
        return True
    same = (bisection.case, bisection.version, bisection.axis) == (event.key.case, event.key.version, event.axis)
    if not same or bisection.metric not in {METRICS[one.metric].bisect for one in event.metrics}:
        return False
    if event.axis == "pythons":
        return (bisection.good, bisection.bad) == (event.before, event.after)
    culprit = bisection.result.culprit if bisection.result is not None else None
    on_its_line = lines.get(bisection.interpreter) == event.key.line or bisection.interpreter == event.after
    return on_its_line and bool({bisection.bad, culprit} & {event.commit, *event.suspects})


def _accepts(one: Accepted, event: Event, places: Mapping[str, int]) -> bool:
    """Match a decision by ID, else by case and commits: a results tree without known events gives other IDs."""
    if one.id == event.identity:
        return True
    if (one.case, one.line, one.machine) != (str(event.key.case), event.key.line, event.key.machine):
        return False
    first, _, last = one.commits.partition("..")
    if event.axis == "pythons":
        return (first, last) == (event.before, event.after)
    return last in event.suspects or (first in places and last in places and _holds(first, last, event, places))


def _holds(first: str, last: str, event: Event, places: Mapping[str, int]) -> bool:
    return places[first] < places[event.commit] <= places[last]
