"""The parser, on a recorded file: a steady iteration of Dijkstra on CPython 3.15.2 with the JIT on."""

from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit.analysis.counts.split import Cost, split_of
from asv_jit.model import Split
from asv_jit.trials.counter import parse_costs

TEXT = (Path(__file__).parent / "recorded" / "dijkstra-on.callgrind").read_text()
PYTHON = "/opt/python/usr/bin/python3.15"


def test_functions_have_the_costs_that_callgrind_annotate_prints_and_add_up_to_the_total() -> None:
    costs = parse_costs(TEXT)
    assert sum(cost.instructions for cost in costs) == 22_681_444
    for cost in (
        Cost("???", "0x00000000050b8000", 5_630_064),
        Cost("???", "0x00000000050b9000", 1_796_758),
        Cost(PYTHON, "_PyEval_EvalFrameDefault", 348_355),
        Cost(PYTHON, "PyObject_RichCompare", 1_762_516),
        Cost("/opt/python/usr/lib/x86_64-linux-gnu/libc.so.6", "0x0000000000167740", 101_260),
    ):
        assert cost in costs


def test_the_split_of_the_recording() -> None:
    assert split_of(parse_costs(TEXT)) == Split(loop=348_355, jit=7_426_822, interpreter=14_794_784, libc=111_483)


def test_what_a_function_calls_is_not_its_own() -> None:
    text = "summary: 12\n\nob=(1) /p/python3.15\nfn=(1) f\n0 5\ncfn=(2) g\ncalls=2 0\n0 7\n\nfn=(2)\n0 4\n+1 3\n"
    assert parse_costs(text) == [Cost("/p/python3.15", "f", 5), Cost("/p/python3.15", "g", 7)]


@pytest.mark.parametrize("text", ["", "summary: 13\n\nfn=(1) f\n0 5\n"])
def test_a_torn_file_is_no_profile(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_costs(text)
