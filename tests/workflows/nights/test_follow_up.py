"""What a night bisects: each confirmed regression once a line, and first what an earlier night left unfinished."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from asv_jit.store.findings.bisections import Bisection, Result
from asv_jit.workflows.bisection.question import Question
from asv_jit.workflows.measuring.engine import Budget
from asv_jit.workflows.measuring.reporter import Silent
from asv_jit.workflows.nights import follow_up
from tests.workflows.events.test_states import EVENT, NEW, OLD, STORED, A, D, records

OF_OLD_LINE = replace(EVENT, key=replace(EVENT.key, line="3.14 from debian"), before=OLD, after=OLD)
FINISHED = msgspec.structs.replace(STORED, result=Result(outcome="found", culprit=D, subject="Slow down"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """What is bisected, in order; nothing is measured."""
    calls: list[Question] = []

    def bisect(_project: Any, question: Question, _watcher: Any) -> Bisection:
        calls.append(question)
        return FINISHED

    monkeypatch.setattr(follow_up, "bisect", bisect)
    return calls


def night(monkeypatch: pytest.MonkeyPatch, *stored: Bisection) -> list[str]:
    monkeypatch.setattr(follow_up, "read_records", lambda _project: records(*stored))
    project: Any = SimpleNamespace()
    return follow_up.bisect_events(project, [EVENT, OF_OLD_LINE], Budget(3600.0), Silent())


def test_two_lines_that_regress_between_the_same_commits_are_both_bisected(
    monkeypatch: pytest.MonkeyPatch, asked: list[Question]
) -> None:
    said = night(monkeypatch)
    assert [(one.python, one.line, one.good, one.bad, one.machine, one.event, one.resume) for one in asked] == [
        (NEW, "3.15 from debian", A, D, "vm", EVENT.identity, False),
        (OLD, "3.14 from debian", A, D, "vm", EVENT.identity, False),
    ]
    assert all("dddddddd Slow down" in one for one in said)


def test_what_is_finished_is_not_done_again_and_what_is_not_goes_on_as_it_was_asked(
    monkeypatch: pytest.MonkeyPatch, asked: list[Question]
) -> None:
    unfinished = msgspec.structs.replace(STORED, interpreter=OLD, all_commits=True, good="f" * 40)
    night(monkeypatch, FINISHED, unfinished)
    (one,) = asked
    assert (one.python, one.good, one.bad, one.all_commits, one.resume) == (OLD, "f" * 40, D, True, True)
