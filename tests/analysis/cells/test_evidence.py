"""What is hot, what was compiled, and what changed between two sides."""

from __future__ import annotations

from asv_jit.analysis.cells.evidence import changes, hot_functions
from asv_jit.model import Evidence, Trace


def _trace(function: str, **names: int) -> Trace:
    total = sum(names.values())
    return Trace(function=function, executors=1, code_bytes=4096, micro_ops=total, names=dict(names))


def test_hot_functions_without_a_trace_are_named_as_such() -> None:
    evidence = Evidence(
        functions=(_trace("a.py:loop", _ADD=3),),
        harness=(
            Trace(function="inside.py:iteration", executors=1, code_bytes=1, micro_ops=1, mentions=("a.py:inlined",)),
        ),
    )
    samples = (("a.py:loop", 60), ("a.py:slow", 30), ("a.py:inlined", 9), ("a.py:rare", 1))
    hot = hot_functions(samples, evidence)
    assert [(one.function, one.compiled) for one in hot] == [
        ("a.py:loop", True),
        ("a.py:slow", False),
        ("a.py:inlined", True),
    ]
    assert hot[0].share == 0.6


def test_few_samples_or_unreadable_evidence_say_nothing() -> None:
    assert hot_functions((("a.py:f", 49),), Evidence()) == ()
    assert hot_functions((("a.py:f", 500),), None) == ()
    assert hot_functions((("a.py:f", 500),), Evidence(error="changed its shape")) == ()


def test_changes_name_functions_that_gained_or_lost_traces_first() -> None:
    before = Evidence(functions=(_trace("a.py:both", _ADD=2, _GUARD=1), _trace("a.py:lost", _ADD=1)))
    after = Evidence(functions=(_trace("a.py:both", _ADD=2, _GUARD=4), _trace("a.py:gained", _MUL=1)))
    found = changes(before, after)
    assert [one.function for one in found] == ["a.py:gained", "a.py:lost", "a.py:both"]
    assert found[2].micro_ops == (("_GUARD", 3),)
    assert found[0].before is None
    assert found[1].after is None
    assert changes(before, before) == ()
    assert changes(None, after) == ()
