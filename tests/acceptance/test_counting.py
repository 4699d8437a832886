"""The figures of counted instructions at a small size."""

from __future__ import annotations

import shutil

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import CaseKey
from tests.acceptance.counting import planted, same, sums

NAME = (CaseKey("cpu.time_x"), "3.15.2+e451c8ba", "on")
COUNTS: same.Counts = {NAME: {1: [1000.0], 2: [1001.0], 3: [1002.0]}}


def test_counts_that_differ_are_named_with_how_far_apart_they_are() -> None:
    twice: same.Counts = {NAME: {1: [900.0, 1000.0, 1000.0], 2: [1001.0, 1001.0]}}
    assert all(row.passed for row in same.repeated(twice))
    apart: same.Counts = {NAME: {1: [1000.0, 1000.0], 2: [1000.0, 1001.0]}}
    alike, rest = same.repeated(apart)
    assert not alike.passed
    assert not rest.passed
    assert "cpu.time_x on 0.100%" in rest.interval
    assert same.repeated(COUNTS)[0].result == "0 of 0"


def test_a_false_change_is_named() -> None:
    assert same.false_changes([COUNTS, COUNTS, COUNTS]).result == "0 of 3, 0 not repeatable"
    moved: same.Counts = {NAME: {seed: [value * 1.003 for value in runs] for seed, runs in COUNTS[NAME].items()}}
    row = same.false_changes([COUNTS, moved])
    assert not row.passed
    assert "cpu.time_x on +0.30%" in row.interval


@pytest.mark.interpreters
def test_a_planted_half_percent_is_found(jit_interpreters: dict[str, Interpreter]) -> None:
    assert "3.15" in jit_interpreters
    assert [row for row in planted.evidence(1) if not row.passed] == []


@pytest.mark.interpreters
@pytest.mark.skipif(shutil.which("callgrind_annotate") is None, reason="a script of Debian's package of valgrind")
def test_parts_add_up_to_what_callgrind_annotate_says(jit_interpreters: dict[str, Interpreter]) -> None:
    assert "3.15" in jit_interpreters
    assert [row for row in sums.evidence(("time_n_queens",)) if not row.passed] == []
