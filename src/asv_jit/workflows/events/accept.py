"""`asv-jit accept`: records accepted regressions in a file that is reviewed like code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.store.findings.accepted import FILE_NAME, Accepted, add_accepted
from asv_jit.text.event_words import change_words, metric_words
from asv_jit.workflows.events.choice import event_named
from asv_jit.workflows.events.regressions import find_events
from asv_jit.workflows.events.states import commits_text
from asv_jit.workflows.reading.history import read_history


def accept(project: Project, names: Sequence[str], why: str) -> tuple[Path, tuple[Event, ...]]:
    """Accept regressions by their IDs or unique prefixes; return the file and the events added to it.

    Writes all or nothing. Raises UsageError for an unknown ID, an improvement or an empty reason; DamagedFileError if
    the file cannot be read, StorageError if it cannot be written.
    """
    if not why.strip():
        raise UsageError("--why: expected a reason for reviewers and later readers, found nothing")
    history = read_history(project)
    events = find_events(project, history)
    wanted = list({event.identity: event for event in (event_named(events, name) for name in names)}.values())
    for event in wanted:
        if not event.worse:
            raise UsageError(f"{event.identity} is an improvement ({event.key.case}); there is nothing to accept")
    fresh = tuple(event for event in wanted if event.state != "accepted")
    for event in fresh:
        add_accepted(project.folder, _entry(event, why.strip(), history))
    return project.folder / FILE_NAME, fresh


def _entry(event: Event, why: str, history: History) -> Accepted:
    unit = history.units.get(event.key, "seconds")
    metric = metric_words(event.headline.metric)
    return Accepted(
        id=event.identity,
        why=why,
        on=datetime.now(UTC).date(),
        case=str(event.key.case),
        line=event.key.line,
        machine=event.key.machine,
        commits=commits_text(event),
        change=f"{metric}: {change_words(event.headline, unit)}" if metric else change_words(event.headline, unit),
    )
