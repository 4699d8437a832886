"""What an event asks a bisection: nothing of it is lost on the way from the printed identity to the search."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from asv_jit.analysis.history.events import Change, Event
from asv_jit.analysis.metrics import BisectMetric, Metric
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.interpreters.identity import Interpreter, Jit
from asv_jit.model import build_of
from asv_jit.text.event_words import bisect_command, range_command
from asv_jit.workflows.bisection import question as module
from asv_jit.workflows.bisection.question import interpreter_for, question_about, question_of
from asv_jit.workflows.bisection.search import MODES
from tests.workflows.events.test_states import EVENT, OLD, STORED, A, B, C, D, records

OF_OLD_LINE = replace(
    EVENT, identity="fedcba9876", key=replace(EVENT.key, line="3.14 from debian"), before=OLD, after=OLD
)
RELEASES = replace(EVENT, axis="pythons", before="3.15.0+cccccccc", after="3.15.2+aaaaaaaa")
PROJECT: Any = SimpleNamespace()


def _of_metric(metric: Metric) -> Event:
    return replace(EVENT, metrics=(Change(metric, 1.0, 0.9, 1.1, 1.25, 1.2, 1.3, 1e-9),))


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """The events that are known; this machine is `vm`."""
    known = [EVENT, OF_OLD_LINE]
    monkeypatch.setattr(module, "read_history", lambda _project: None)
    monkeypatch.setattr(module, "find_events", lambda _project, _history: tuple(known))
    monkeypatch.setattr(module, "read_records", lambda _project: records(replace(STORED, good=B)))
    monkeypatch.setattr(module, "this_machine", lambda name: SimpleNamespace(name=name or "vm"))
    return known


def test_an_identity_brings_interpreter_metric_machine_and_range(history: list[Event]) -> None:
    asked = question_about(PROJECT, OF_OLD_LINE.identity[:6], None, resume=False)
    assert asked == question_of(OF_OLD_LINE)
    assert (asked.case, asked.good, asked.bad, asked.metric) == ("bench.time_x", A, D, "on")
    assert (asked.python, asked.line, asked.machine, asked.event) == (OLD, "3.14 from debian", "vm", "fedcba9876")


def test_an_unfinished_search_of_an_event_goes_on_as_it_was_asked(history: list[Event]) -> None:
    asked = question_about(PROJECT, EVENT.identity, None, resume=True)
    assert (asked.good, asked.bad, asked.event, asked.resume) == (B, D, EVENT.identity, True)
    with pytest.raises(UsageError, match="unfinished"):
        question_about(PROJECT, OF_OLD_LINE.identity, None, resume=True)


@pytest.mark.parametrize(
    ("metric", "asked", "modes"),
    [
        ("on", "on", ("on",)),
        ("off", "off", ("off",)),
        ("speedup", "speedup", ("off", "on")),
        ("peak_memory_on", "peak_memory", ("on",)),
        ("peak_memory_off", "peak_memory_off", ("off",)),
        ("warmup_on", "warmup", ("on",)),
        ("instructions_on", "instructions", ("on",)),
        ("instructions_off", "instructions_off", ("off",)),
    ],
)
def test_the_metric_is_searched_in_its_own_mode(metric: Metric, asked: BisectMetric, modes: tuple[str, ...]) -> None:
    assert question_of(_of_metric(metric)).metric == asked
    assert MODES[asked] == modes


def test_a_set_of_requirements_is_searched_with_an_interpreter_of_the_line_alone() -> None:
    beside = replace(EVENT.key, line=build_of("3.15 from debian", "numpy2"))
    asked = question_of(replace(EVENT, key=beside, requirements="numpy2"))
    assert (asked.line, asked.requirements) == ("3.15 from debian", "numpy2")


def test_an_event_between_releases_is_searched_at_its_commit() -> None:
    asked = question_of(RELEASES)
    assert (asked.axis, asked.good, asked.bad) == ("pythons", "3.15.0+cccccccc", "3.15.2+aaaaaaaa")
    assert (asked.commit, asked.python) == (D, None)


def test_where_the_place_is_not_sure_all_suspects_are_searched() -> None:
    assert replace(EVENT, commit=C).ends == (f"{B}^", D)  # the interval reaches beyond the likeliest commit
    assert replace(EVENT, parent=B).ends == (f"{B}^", D)
    assert EVENT.ends == (A, D)


@pytest.mark.parametrize(
    ("name", "machine", "words"),
    [
        ("0123456780", None, "did you mean 0123456789"),
        ("bench.time_x", None, "asv-jit bisect CASE GOOD..BAD"),
        (EVENT.identity, "laptop", "--machine vm"),
        (EVENT.identity, "laptop", range_command(EVENT)),
        ("aa00000000", None, "asv-jit bisect bench.time_x aaaaaaaaaaaa..dddddddddddd --metric on --python 3.11"),
    ],
)
def test_an_event_that_cannot_be_searched_is_refused_with_what_to_do(
    history: list[Event], name: str, machine: str | None, words: str
) -> None:
    asv = replace(EVENT.key, line="virtualenv-py3.11", protocol="asv")
    history.append(replace(EVENT, identity="aa00000000", key=asv, before="3.11", after="3.11"))
    with pytest.raises(UsageError) as refused:
        question_about(PROJECT, name, machine, resume=False)
    assert words in str(refused.value)


def test_only_what_asv_measured_is_printed_as_a_range() -> None:
    assert bisect_command(EVENT) == "asv-jit bisect 0123456789"
    assert bisect_command(RELEASES) == "asv-jit bisect 0123456789"
    assert bisect_command(replace(EVENT, identity="x; rm -rf ~")) == "asv-jit bisect 'x; rm -rf ~'"
    assert range_command(RELEASES).endswith("--metric on --axis pythons --commit dddddddddddd")


def _interpreter(identity: str, line: str, jit: Jit = "off by default") -> Interpreter:
    version, provider = identity.partition("+")[0], line.partition(" from ")[2]
    return Interpreter(version, identity, Path("/"), provider, "1", jit, False, False, f"{version} (main)")


def test_the_line_of_the_event_is_measured_though_its_build_is_gone_and_a_newer_line_exists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = [
        _interpreter("3.14.9+aaaaaaaa", "3.14 from debian"),
        _interpreter("3.14.11+cccccccc", "3.14 from debian"),
        _interpreter("3.14.12+dddddddd", "3.14 from uv"),
        _interpreter("3.15.2+aaaaaaaa", "3.15 from debian"),
    ]
    project: Any = SimpleNamespace(pythons=("3.14", "3.15"))
    monkeypatch.setattr("asv_jit.workflows.measuring.selection.discover", lambda: there)
    asked = question_of(OF_OLD_LINE)
    assert interpreter_for(project, asked.python, "on", line=asked.line).identity == "3.14.11+cccccccc"
    assert interpreter_for(project, "3.14.9+aaaaaaaa", "on", line=asked.line).identity == "3.14.9+aaaaaaaa"
    del there[:3]
    with pytest.raises(NoInterpreterError, match=r"3\.14\.10"):
        interpreter_for(project, asked.python, "on", line=asked.line)
