"""The one verdict of `compare --count`, whatever became of each count."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from asv_jit.analysis.counts.comparison import compare_counts
from asv_jit.analysis.counts.summary import mode_count
from asv_jit.model import Evidence, Trace
from asv_jit.terminal.compare import count_json, count_markdown, count_verdict
from asv_jit.workflows.compare_counts import CountedSides, CountOutcome, ModeChange
from tests.store.test_counts import trial

SIDE: Any = SimpleNamespace(commit=SimpleNamespace(hash="c" * 40), interpreter=SimpleNamespace(identity="3.15"))


def _outcome(after: dict[int, tuple[float, ...]], *, broken: tuple[str, ...] = ()) -> CountOutcome:
    found = compare_counts({1: (1000.0,)}, after, threshold=0.002)
    before = mode_count([trial()], "on")
    assert before is not None
    change = ModeChange("b.time_x", "off", before, before, found)
    missing = tuple((case, "off: crashed") for case in broken)
    worse = (change,) if found.verdict == "more" else ()
    return CountOutcome((CountedSides(SIDE, SIDE, (change,), missing, broken),), (), worse, 0.005, ())


def test_more_instructions_than_the_limit_are_worse() -> None:
    assert count_verdict(_outcome({1: (1010.0,)})) == "worse: 1 count of 1 grew by 0.5% or more"


def test_a_case_that_fails_only_after_the_change_is_worse() -> None:
    said = count_verdict(_outcome({1: (1000.0,)}, broken=("b.time_y",)))
    assert said == "worse: no count of 1 grew by 0.5% or more, 1 case failed only after the change"


def test_traces_that_came_or_went_are_named() -> None:
    before, after = (
        mode_count([replace(trial(), evidence=Evidence(functions=tuple(traces)))], "on")
        for traces in (
            [_trace("app.py:join", 1), _trace("app.py:same", 2)],
            [_trace("app.py:walk", 2), _trace("app.py:same", 2)],
        )
    )
    assert before is not None
    assert after is not None
    found = compare_counts({1: (1000.0,)}, {1: (900.0,)}, threshold=0.002)
    change = ModeChange("b.time_x", "on", before, after, found)
    outcome = CountOutcome((CountedSides(SIDE, SIDE, (change,), (), (), ()),), (), (), 0.005, ())
    assert "- `b.time_x`, on, traces: +2 (app.py:walk) −1 (app.py:join)" in count_markdown(outcome)
    (told,) = count_json(outcome)["comparisons"][0]["changes"]
    assert told["traces"] == {"came": {"app.py:walk": 2}, "went": {"app.py:join": 1}}


def _trace(function: str, executors: int) -> Trace:
    return Trace(function=function, executors=executors, code_bytes=4096, micro_ops=50)


def test_what_is_not_repeatable_is_not_worse_and_says_why() -> None:
    outcome = _outcome({1: (1000.0, 1500.0)})
    assert (
        count_verdict(outcome)
        == "not worse: no count of 1 grew by 0.5% or more, 1 undecided, as they are not repeatable"
    )
    assert "not repeatable: two runs with hash seed 1 differ by 50.00%" in count_markdown(outcome)


def test_what_was_not_compared_is_part_of_the_verdict() -> None:
    outcome = _outcome({1: (1000.0,)})
    outcome = replace(
        outcome, unbuilt=(("c on 3.14", "no compiler"),), sides=(replace(outcome.sides[0], unaffected=("a", "b")),)
    )
    assert (
        count_verdict(outcome)
        == "not worse: no count of 1 grew by 0.5% or more, 1 side not built, 2 cases not affected"
    )
