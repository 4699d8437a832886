"""Confirms the candidates that a night found, then bisects what is confirmed, while there is time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asv_jit.analysis.history.events import Event
from asv_jit.asv_adapter.machine import ThisMachine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import AsvJitError, InterruptedRunError, StorageError
from asv_jit.store.findings.confirmations import CONFIRMATIONS, Confirmation
from asv_jit.workflows.bisection.bisect import bisect
from asv_jit.workflows.bisection.question import Question, as_asked, question_of
from asv_jit.workflows.bisection.search import View
from asv_jit.workflows.confirm import FEWEST_BLOCKS, confirm
from asv_jit.workflows.events.states import bisections_of, read_records
from asv_jit.workflows.measuring.engine import Budget
from asv_jit.workflows.measuring.reporter import Left, Reporter
from asv_jit.workflows.measuring.session import Session

_UNCLEAR_FOR = timedelta(days=7)  # before a candidate that stayed unclear is measured again
_BESIDE_ITERATIONS_S = 0.5


def confirm_candidates(
    project: Project,
    machine: ThisMachine,
    candidates: Sequence[Event],
    budget: Budget,
    reporter: Reporter,
    *,
    trial_s: float | None = None,
) -> list[Confirmation]:
    """Settle candidates with fresh blocks, in the order given, while there is time. The caller holds the locks.

    `trial_s`: seconds of a trial this night, overhead included. Raises StorageError.
    """
    earlier = {record.event: record for record in CONFIRMATIONS.read(project.results_dir / machine.name).records}
    due = [event for event in candidates if _is_due(earlier.get(event.identity))]
    # The fewest blocks that can settle one: two sides in two modes.
    likely_s = FEWEST_BLOCKS * 4 * max(trial_s or 0.0, project.settings.trial_seconds + _BESIDE_ITERATIONS_S)
    settled: list[Confirmation] = []
    if not due or budget.left_s < likely_s:
        return settled
    with Session(project, machine, reporter, purpose="confirm") as session:
        for event in due:
            if budget.left_s < likely_s:
                break
            settled.append(confirm(project, event, session, reporter))
    return settled


def bisect_events(project: Project, events: Sequence[Event], budget: Budget, reporter: Reporter) -> list[str]:
    """Bisect confirmed regressions of unknown culprit while there is time; return a sentence for each.

    When the time is up, the bisection is stored and the next night resumes it. The caller holds no lock. Raises
    StorageError.
    """
    said: list[str] = []
    records = read_records(project)
    for event in events:
        is_open = event.is_open and event.state == "confirmed" and event.axis == "commits"
        if not is_open or len(event.suspects) < 2 or budget.left_s <= 0:
            continue
        stored = bisections_of(event, records)
        if any(one.result is not None for one in stored):
            continue
        question = question_of(event)
        question = as_asked(question, stored[0]) if stored else question
        said.append(_bisected(project, question, event, _Watcher(reporter, budget)))
    return said


class _OutOfTimeError(Exception):
    """The budget is used up. The bisection is stored already."""


class _Watcher:
    """Forwards all progress, and stops the bisection after the measurement that uses up the budget."""

    def __init__(self, reporter: Reporter, budget: Budget) -> None:
        self._reporter = reporter
        self._budget = budget

    def stage(self, text: str) -> None:
        self._reporter.stage(text)

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        self._reporter.advance(text, done, total, left_s)

    def warn(self, text: str) -> None:
        self._reporter.warn(text)

    def view(self, view: View) -> None:
        if self._budget.left_s <= 0:
            raise _OutOfTimeError


def _bisected(project: Project, question: Question, event: Event, watcher: _Watcher) -> str:
    what = f"bisection of {event.identity} ({event.key.case})"
    try:
        result = bisect(project, question, watcher).result
    except _OutOfTimeError:
        return f"{what}: out of time; it continues the next night"
    except (InterruptedRunError, StorageError):
        raise
    except AsvJitError as error:
        return f"{what}: {error}"
    if result is None or result.culprit is None:
        return f"{what}: {result.outcome.replace('_', ' ') if result else 'unfinished'}"
    return f"{what}: {result.culprit[:8]} {result.subject} (probability {result.probability:.2f})"


def _is_due(earlier: Confirmation | None) -> bool:
    if earlier is None or earlier.state != "unclear":
        return True
    try:
        return datetime.now(UTC) - datetime.fromisoformat(earlier.at) > _UNCLEAR_FOR
    except (ValueError, TypeError):
        return True
