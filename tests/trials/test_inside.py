"""The files that run in the interpreter under test: counting, digests, memory, evidence."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.interpreters import discover
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Mode, Trial
from asv_jit.trials import child
from asv_jit.trials.block import Arm, Effort, NoEffort, Stand, calibrate, run_without_effort
from asv_jit.trials.child import calibrating, counting, evidence, timing
from asv_jit.trials.child.digests import digest_of
from asv_jit.trials.launch import Answer, Place, TrialTask, launch, workspace
from tests.trials.starting import CONTEXT, measure, tiny_case, tiny_place, trial_of

CHILD = Path(child.__path__[0])
SOURCES = [CHILD.parent / "inside.py", *sorted(CHILD.glob("*.py"))]
MODES: tuple[Mode, ...] = ("off", "on")


def _answer(name: str, tmp_path: Path, **effort: int) -> Answer:
    launched = measure(tiny_place(tmp_path / "log"), tiny_case(name), **effort)  # type: ignore[arg-type]  # ints only
    assert launched.answer is not None, launched.complaint
    return launched.answer


# --- counting --------------------------------------------------------------------------------------------------


def test_exactly_as_many_calls_are_made_as_were_asked_for(tmp_path: Path) -> None:
    answer = _answer("time_in_init", tmp_path, inner_loops=4, iterations=5)
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == ["call"] * 20
    assert (answer.inner_loops, answer.iterations, len(answer.durations_ns)) == (4, 5, 5)
    assert answer.first_call_ns is not None
    assert 0 < answer.first_call_ns <= answer.durations_ns[0]


def test_calibration_gives_long_iterations_but_one_call_with_a_setup(tmp_path: Path) -> None:
    place = tiny_place(tmp_path / "log")
    effort = calibrate(place, tiny_case("answers.time_one"), ("off",), trial_s=0.1, max_iterations=50, cache=None)
    assert isinstance(effort, Effort)
    assert effort.inner_loops > 1
    assert 30 <= effort.iterations <= 50
    deep = tiny_case("sub.deep.Deep.time_deep")
    effort = calibrate(place, deep, ("off",), trial_s=0.1, max_iterations=50, cache=None)
    assert isinstance(effort, Effort)
    assert effort.inner_loops == 1
    calls = (tmp_path / "log").read_text(encoding="utf-8").split()
    assert calls == ["setup", "call"] * (len(calls) // 2)


def test_calibration_looks_at_a_whole_trial_in_each_mode_and_where_one_fails_keeps_its_length(tmp_path: Path) -> None:
    place, case = tiny_place(tmp_path / "log"), tiny_case("sub.deep.Deep.time_deep")
    effort = calibrate(place, case, ("off",), trial_s=1.0, max_iterations=60, cache=None)
    looked = (tmp_path / "log").read_text(encoding="utf-8").count("call")
    assert isinstance(effort, Effort)
    assert 30 <= effort.iterations <= 60
    # This interpreter has no JIT, so that what is to run in mode `on` fails.
    effort = calibrate(place, case, ("off", "on"), trial_s=1.0, max_iterations=60, cache=None)
    assert isinstance(effort, Effort)
    assert effort.iterations == 60
    assert looked > 60


@pytest.mark.parametrize("name", ["time_raises", "time_raises_late"])
def test_a_case_that_fails_while_it_is_calibrated_fails_in_every_arm_and_has_no_time(name: str, tmp_path: Path) -> None:
    place, case = tiny_place(tmp_path / "log"), tiny_case(f"answers.{name}")
    found = calibrate(place, case, ("off",), trial_s=0.1, max_iterations=50, cache=None)
    assert isinstance(found, NoEffort)
    kept: list[Trial] = []
    stands = [Stand(Arm(side, "off"), place, CONTEXT, None) for side in ("a-off", "b-off")]
    trials = run_without_effort(stands, found, kept.append)
    assert trials == kept
    assert [(trial.arm, trial.outcome, trial.figure) for trial in trials] == [
        ("a-off", "failed", None),
        ("b-off", "failed", None),
    ]
    assert all("ValueError: meant" in trial.stderr for trial in trials)


def test_a_sampled_trial_says_where_the_time_goes(tmp_path: Path) -> None:
    case = tiny_case("answers.Loop.time_hot")
    task = TrialTask(case=case, operation="sample", hash_seed=1, inner_loops=5, iterations=10)
    with workspace() as space:
        launched = launch(tiny_place(tmp_path / "log"), task, "off", space)
    assert launched.answer is not None, launched.complaint
    name = "Loop.time_hot" if sys.version_info >= (3, 11) else "time_hot"
    assert launched.answer.samples[0][0] == f"answers.py:{name}"
    assert launched.answer.durations_ns == ()


def test_a_short_trial_is_sampled_for_longer_than_it_is_timed(tmp_path: Path) -> None:
    task = TrialTask(case=tiny_case("time_in_init"), operation="sample", hash_seed=1, inner_loops=2, iterations=3)
    with workspace() as space:
        launched = launch(tiny_place(tmp_path / "log"), task, "off", space)
    assert launched.answer is not None, launched.complaint
    calls = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert len(calls) > 2 * 3
    assert len(calls) % 2 == 0


# --- digests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["time_nested", "time_nan", "time_surrogate", "time_huge", "time_one"])
def test_plain_results_have_a_digest_that_repeats(name: str, tmp_path: Path) -> None:
    first = _answer(f"answers.{name}", tmp_path)
    assert first.digest is not None
    assert re.fullmatch("[0-9a-f]{32}", first.digest)
    assert _answer(f"answers.{name}", tmp_path).digest == first.digest


@pytest.mark.parametrize("name", ["time_set", "time_object", "time_subclass", "time_cycle"])
def test_anything_else_is_no_check(name: str, tmp_path: Path) -> None:
    assert _answer(f"answers.{name}", tmp_path).digest is None


def test_only_the_first_call_counts_for_the_digest(tmp_path: Path) -> None:
    changing = _answer("answers.time_state", tmp_path, inner_loops=3, iterations=4)
    assert changing.digest == _answer("answers.time_one", tmp_path).digest == digest_of(1)


def test_what_a_benchmark_prints_does_not_matter(tmp_path: Path) -> None:
    noisy = _answer("answers.time_noise", tmp_path, iterations=2)
    assert noisy.entered_ns > 1
    assert noisy.digest == digest_of(1)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_PLAIN, _PLAIN)
def test_digests_agree_exactly_where_the_results_do(one: object, other: object) -> None:
    # repr() tells apart all that plain values can differ in, the sign of zero and the order of a dict included.
    assert (digest_of(one) == digest_of(other)) == (repr(one) == repr(other))


# --- memory ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's; elsewhere ru_maxrss is all there is")
def test_the_peak_is_the_process_own_and_not_its_parents(tmp_path: Path) -> None:
    ballast = bytearray(os.urandom(1)) * 300_000_000
    answer = _answer("answers.time_one", tmp_path)
    assert answer.peak_rss_bytes is not None
    assert 1_000_000 < answer.peak_rss_bytes < 100_000_000 < len(ballast)


# --- every interpreter -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_each_file_is_python_3_9_and_imports_little_at_its_start(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names}
    allowed = {"gc", "importlib", "importlib.machinery", "itertools", "json", "os", "re", "sys", "time"}
    assert imported <= allowed
    others = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and not node.level}
    assert all(str(module).startswith("asv_jit_child.") for module in others)


def test_a_suite_may_have_modules_of_the_same_names_as_our_files(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    suite.mkdir()
    names = sorted({source.stem for source in SOURCES} - {"__init__"} | {"child"})
    for name in names:
        (suite / f"{name}.py").write_text(f"WHO = 'the suite, {name}'\n", encoding="utf-8")
    lines = ["import sys", "sys.path.insert(0, __file__.rsplit('/', 1)[0])", f"import {', '.join(names)}"]
    lines += ["from . import timing as own", "def time_names():"]
    lines += [f"    return own.WHO, {', '.join(f'{name}.WHO' for name in names)}"]
    (suite / "__init__.py").touch()
    (suite / "one.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (suite / "evidence.py").write_text("WHO = 'the suite, evidence'\ndef time_here(): return WHO\n", encoding="utf-8")
    place = Place(python=Path(sys.executable), benchmark_dir=suite, variables={}, cpu=None)
    for benchmark, answer in (
        ("one.time_names", ("the suite, timing", *(f"the suite, {name}" for name in names))),
        ("evidence.time_here", "the suite, evidence"),
    ):
        launched = measure(place, tiny_case(benchmark))
        assert launched.answer is not None, launched.complaint
        assert launched.answer.digest == digest_of(answer)


@pytest.mark.interpreters
def test_it_runs_on_every_cpython_at_hand(jit_interpreters: dict[str, Interpreter], tmp_path: Path) -> None:
    pythons = {found.executable for found in discover.discover()}
    pythons |= {found.executable for found in jit_interpreters.values()}
    for python in pythons:
        case = tiny_case("answers.time_nested")
        launched = measure(tiny_place(tmp_path / "log", python), case, inner_loops=2, iterations=3)
        assert launched.answer is not None, (python, launched.complaint)
        assert launched.answer.jit_enabled is False
        assert launched.answer.digest == digest_of({"a": [1, 2.5, None, True, (b"x", "y")], "b": {}})
        assert len(launched.answer.durations_ns) == 3


@pytest.mark.interpreters
@pytest.mark.parametrize("minor", ["3.14", "3.15"])
def test_a_pair_differs_in_the_jit_and_gives_the_same_answers(
    minor: str, jit_interpreters: dict[str, Interpreter], tmp_path: Path
) -> None:
    place = tiny_place(tmp_path / "log", jit_interpreters[minor].executable)
    for name in ("answers.Loop.time_hot", "answers.time_state", "answers.time_noise", "answers.time_huge"):
        off, on = (measure(place, tiny_case(name), mode, inner_loops=2, iterations=4).answer for mode in MODES)
        assert off is not None
        assert on is not None
        assert (off.jit_available, off.jit_enabled) == (True, False)
        assert (on.jit_available, on.jit_enabled) == (True, True)
        assert off.python == on.python
        assert off.digest == on.digest is not None
        assert len(off.durations_ns) == len(on.durations_ns) == 4
        assert off.evidence is None


@pytest.mark.interpreters
@pytest.mark.parametrize("minor", ["3.14", "3.15"])
def test_a_hot_loop_leaves_evidence_without_addresses_or_paths(
    minor: str, jit_interpreters: dict[str, Interpreter], tmp_path: Path
) -> None:
    place = tiny_place(tmp_path / "log", jit_interpreters[minor].executable)
    for name in ("answers.Loop.time_hot", "answers.time_calls", "answers.time_hot_among_many"):
        launched = measure(place, tiny_case(name), "on", iterations=20, micro_ops=True)
        assert launched.answer is not None, launched.complaint
        evidence = launched.answer.evidence
        assert evidence is not None
        assert evidence.error is None
        hot = {trace.function: trace for trace in evidence.functions}["answers.py:" + name.split(".", 1)[1]]
        assert hot.executors >= 1
        assert hot.code_bytes >= 4096
        assert hot.micro_ops == sum(hot.names.values()) > 0
        assert all(re.fullmatch("_[A-Z0-9_]+", operation) for operation in hot.names), hot.names
        if name == "answers.time_calls":
            assert "answers.py:helper" in hot.mentions
        text = json.dumps([[trace.function, *trace.mentions] for trace in (*evidence.functions, *evidence.harness)])
        assert "/" not in text
        assert "0x" not in text
        assert "gather_evidence" not in text


@pytest.mark.interpreters
def test_names_of_micro_operations_are_left_out_unless_asked_for(
    jit_interpreters: dict[str, Interpreter], tmp_path: Path
) -> None:
    place = tiny_place(tmp_path / "log", jit_interpreters["3.15"].executable)
    case = tiny_case("answers.Loop.time_hot")
    launched = measure(place, case, "on", iterations=20)
    evidence = trial_of(launched, case, "on").evidence
    assert evidence is not None
    assert evidence.functions
    assert all(trace.names == {} and trace.micro_ops > 0 for trace in evidence.functions)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="3.13 and later have _opcode.get_executor")
def test_there_is_no_evidence_where_it_cannot_be_asked_for() -> None:
    assert evidence.gather_evidence(micro_ops=True) is None


def test_the_speed_of_the_core_is_looked_at_every_few_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns = [0]

    class Short:
        kind, setups, arguments, sources = "time", (), (), ()

        def func(self) -> None:
            now_ns[0] += 2_000_000

        def run_setup(self) -> None:
            pass

        run_teardown = run_setup

    monkeypatch.setattr(timing, "clock", lambda: now_ns[0])
    answer = timing.measure(Short(), {"inner_loops": 1, "iterations": 16})
    assert [index for index, _ in answer["fixed_work"]] == [5, 10, 15]
    assert answer["durations_ns"] == [2_000_000] * 16


def test_a_call_of_half_the_time_out_is_calibrated_by_one_call_and_measured_by_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ns = [0]
    calls = []

    class Slow:
        kind, setups, arguments, sources = "time", (), (), ()

        def func(self) -> None:
            calls.append(now_ns[0])
            now_ns[0] += 9_000_000_000

        def run_setup(self) -> None:
            pass

        run_teardown = run_setup

    monkeypatch.setattr(timing, "clock", lambda: now_ns[0])
    request = {"budget_ns": 500_000_000, "patience_ns": 15_000_000_000, "iteration_ns": 1_000_000}
    answer = calibrating.calibrate(Slow(), {**request, "min_iterations": 30, "max_iterations": 2000})
    assert answer == {"inner_loops": 1, "iterations": 2, "first_calls": False}
    assert len(calls) == 1  # a second one would leave no time for the answer


N_BODY = [30_761_133, 21_600_861, 21_105_371, 21_105_493, 21_105_224, 21_105_493, 20_956_129, 19_615_099, 19_375_236]
"""Counts with the JIT on, 3.15.2: after four on one level a trace was compiled. From the tenth on, 19,360,275."""


def test_counts_are_not_settled_where_a_trace_is_still_to_be_compiled() -> None:
    counts = [*N_BODY, *[19_360_275] * 50]
    ends = {jit: next(n for n in range(len(counts)) if counting.settled(counts[:n], jit)) for jit in (False, True)}
    assert counts[ends[False] - 1] == 21_105_493
    assert ends[True] == 16


def test_counts_that_change_are_not_settled_and_long_or_small_ones_need_other_numbers_of_iterations() -> None:
    assert not counting.settled([1_000_000 * (100 - n) for n in range(60)], jit=True)
    assert counting.settled([300_000_000] * 4, jit=True)
    assert not counting.settled([1_000] * 99, jit=True)
    assert counting.settled([1_000] * 100, jit=True)
    assert counting.settled([1_000] * 30, jit=False)
