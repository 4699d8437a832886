"""Counted trials for real: valgrind, real interpreters."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from asv_jit.analysis.counts.comparison import REPEATABLE
from asv_jit.errors import StorageError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import CountedTrial, Mode
from asv_jit.system.processes import base_environment, run
from asv_jit.trials.counted import FIND_LOOPS, count, first_calls
from asv_jit.trials.counter import parse_costs
from asv_jit.trials.launch import TrialTask, counted_environment_of, launch, workspace
from tests.trials.starting import CONTEXT, TINY, tiny_case, tiny_place

pytestmark = pytest.mark.interpreters


@pytest.fixture
def python(jit_interpreters: dict[str, Interpreter]) -> Path:
    return jit_interpreters["3.15"].executable


def counted(
    python: Path,
    log: Path,
    name: str,
    mode: Mode = "off",
    loops: int = FIND_LOOPS,
    hash_seed: int = 1,
    suite: Path = TINY,
) -> CountedTrial:
    counter = find_or_install().callgrind()
    place = replace(tiny_place(log / "log", python), benchmark_dir=suite)
    return count(counter, place, tiny_case(name), mode, CONTEXT, hash_seed=hash_seed, inner_loops=loops).trial


@pytest.mark.parametrize("mode", ["off", "on"])
@pytest.mark.parametrize("name", ["counting.time_loop", "counting.time_small"])
def test_a_trial_that_finds_its_loops_counts_as_one_that_is_told_them(
    python: Path, tmp_path: Path, mode: Mode, name: str
) -> None:
    finding = counted(python, tmp_path, name, mode)
    told = counted(python, tmp_path, name, mode, loops=finding.inner_loops)
    assert finding.outcome == "ok", finding.stderr
    assert (finding.inner_loops > 1) == (name == "counting.time_small")
    # A curve may alternate between two levels some hundred instructions apart, and begin with either.
    assert told.steady_instructions == pytest.approx(finding.steady_instructions, rel=REPEATABLE)


def test_a_count_says_where_the_work_goes_and_what_warm_up_took(python: Path, tmp_path: Path) -> None:
    first = counted(python, tmp_path, "counting.time_loop", "on")
    assert first.outcome == "ok", first.stderr
    assert first.jit_enabled
    assert first.warmup_instructions
    assert first.evidence is not None
    assert first.split is not None
    assert first.split.total == first.steady_instructions
    assert first.split.jit > first.split.loop


def test_without_the_jit_the_work_is_the_loops(python: Path, tmp_path: Path) -> None:
    trial = counted(python, tmp_path, "counting.time_small")
    assert trial.split is not None
    assert trial.split.jit == 0
    assert trial.split.loop > trial.split.total / 3
    assert trial.inner_loops > 1
    assert trial.digest is not None


def test_each_hash_seed_has_a_layout_of_memory_of_its_own(python: Path, tmp_path: Path) -> None:
    places = [counted(python, tmp_path, "counting.time_place", loops=1, hash_seed=seed).digest for seed in (1, 2, 3)]
    assert None not in places
    assert len(set(places)) == 3


def test_the_folder_of_the_suite_moves_nothing_and_a_suite_finds_what_lies_beside_it(
    python: Path, tmp_path: Path
) -> None:
    found = []
    for folder in (tmp_path / "one", tmp_path / ("a-name-that-is-longer" * 3)):
        suite = folder / "benchmarks"
        shutil.copytree(TINY, suite, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "beside").write_text("found", encoding="utf-8")
        for _ in range(2):  # the first may write bytecode, with its path
            place = counted(python, tmp_path, "counting.time_place", loops=1, suite=suite)
            found.append((place.digest, place.steady_instructions))
        assert counted(python, tmp_path, "counting.time_beside", loops=1, suite=suite).outcome == "ok"
    assert found[0][0] is not None
    assert len(set(found)) == 1


def test_the_first_calls_are_counted_one_by_one_and_those_that_fail_not_at_all(python: Path, tmp_path: Path) -> None:
    counter, place = find_or_install().callgrind(), tiny_place(tmp_path / "log", python)
    calls = first_calls(counter, place, tiny_case("counting.time_loop"), "off")
    steady = counted(python, tmp_path, "counting.time_loop", loops=1).per_call
    assert calls[-1] == pytest.approx(steady, rel=0.01)
    assert len(calls) > 1
    assert first_calls(counter, place, tiny_case("counting.time_marks"), "off") == ()


def test_setup_is_not_counted(python: Path, tmp_path: Path) -> None:
    trial = counted(python, tmp_path, "counting.WithSetup.time_first")
    assert trial.inner_loops == 1
    assert trial.per_call is not None
    assert trial.per_call < 50_000


def test_a_coroutine_is_counted_to_its_end(python: Path, tmp_path: Path) -> None:
    trial = counted(python, tmp_path, "counting.time_awaited", loops=1)
    assert trial.outcome == "ok", trial.stderr
    assert trial.per_call is not None
    assert trial.per_call > 20_000


def test_a_benchmark_that_marks_iterations_itself_is_skipped_and_told_why(python: Path, tmp_path: Path) -> None:
    trial = counted(python, tmp_path, "counting.time_marks", loops=1)
    assert trial.outcome == "skipped"
    assert "sched_get_priority_max" in trial.stderr


def test_a_failing_benchmark_is_a_failed_trial(python: Path, tmp_path: Path) -> None:
    trial = counted(python, tmp_path, "plain.time_raises")
    assert trial.outcome == "failed"
    assert "ValueError: meant" in trial.stderr


@pytest.mark.skipif(shutil.which("callgrind_annotate") is None, reason="a script of Debian's package of valgrind")
def test_costs_are_those_that_callgrind_annotate_prints(python: Path, tmp_path: Path) -> None:
    task = TrialTask(case=tiny_case("counting.time_loop"), operation="count", hash_seed=1, inner_loops=1)
    with workspace() as space:
        launch(tiny_place(tmp_path / "log", python), task, "on", space, counter=find_or_install().callgrind())
        path = space.counts.with_name("counts.8")
        told = run(["callgrind_annotate", "--threshold=100", path], env=base_environment(), timeout_s=60).stdout
        costs = parse_costs(path.read_text())
    (total,) = re.findall(r"^ *([\d,]+).*PROGRAM TOTALS", told, re.MULTILINE)
    assert sum(cost.instructions for cost in costs) == int(total.replace(",", ""))
    theirs = re.findall(r"^ *([\d,]+) \( ?[\d.]+%\)  \S+:(\S+) \[(.+)\]$", told, re.MULTILINE)
    # It counts the frames below the first counted one as if all were their own; their sum is not its total.
    ours = {(cost.function, cost.object): cost.instructions for cost in costs}
    shown = {(name, file): int(value.replace(",", "")) for value, name, file in theirs if value != total}
    assert len(shown) >= 5
    assert shown.items() <= ours.items()


def test_the_environment_has_one_size_whatever_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter, place = find_or_install().callgrind(), tiny_place(tmp_path / "log")
    sizes = set()
    for home in ("/h", "/home/" + "x" * 400):
        monkeypatch.setenv("HOME", home)
        env = counted_environment_of(place, "on", 1, counter)
        sizes.add(sum(len(name) + len(value) + 2 for name, value in env.items()))
    assert len(sizes) == 1


def test_a_full_disk_is_no_failure_of_the_case(python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = SimpleNamespace(total=1 << 30, used=1 << 30, free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(StorageError, match=r"cannot write .*asv-jit-.*No space left"):
        counted(python, tmp_path, "counting.time_that_is_not_there")
