"""asv_runner is the oracle: the same suite, the same calls with the same arguments in the same order."""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from asv_jit.system.processes import run
from asv_jit.trials.block import make_cache
from asv_jit.trials.launch import Launched
from tests.trials.starting import measure, tiny_case, tiny_place, trial_of

ORACLE = Path(__file__).parent / "oracle.py"
CASES: list[tuple[str, int | None]] = [
    ("time_in_init", None),
    ("sub.time_in_sub_init", None),
    ("sub.deep.Deep.time_deep", None),
    ("order.time_function", None),
    ("order.Class.time_method", None),
    ("order.Class.time_with_own", None),
    ("order.Unittest.time_method", 1),
    ("plain.TeardownOnly.time_it", None),
    ("plain.Base.time_inherited", None),
    ("plain.Derived.time_inherited", None),
    ("plain.time_raises", None),
    ("plain.SetupRaises.time_it", None),
    ("cached.Cached.time_it", 0),
    ("cached.Cached.time_it", 1),
    ("cached.Cached.track_it", 1),
    ("cached.SkipsDespiteCache.time_it", 0),
    ("cached.SkipsDespiteCache.time_it", 1),
    ("cached.Falsy.time_it", None),
    ("cached.Nothing.time_it", None),
    ("parameters.Single.time_it", 2),
    ("parameters.Tuple.time_it", 1),
    *[("parameters.Product.time_it", index) for index in range(4)],
    ("parameters.time_function", 1),
    ("parameters.Skips.time_it", 1),
    ("parameters.Skips.time_it", 2),
    ("parameters.Decorated.time_it", 0),
    ("parameters.Decorated.time_it", 1),
    ("parameters.SkipsNothing.time_it", 0),
    ("skips.InSetup.time_it", None),
    ("skips.InBenchmark.time_it", None),
    ("skips.PlainNotImplemented.time_it", None),
    ("any.where.time_renamed", None),
    ("time_short", None),
    ("names.wrapper", None),
    ("names.Wrapped.time_wrapped", None),
    ("names.Wrapped.time_lambda", None),
    ("names.Methods.time_static", None),
    ("names.Methods.time_class", None),
    ("names.<lambda>", None),
    ("kinds.track_number", None),
    ("kinds.track_nan", None),
    ("kinds.mem_list", None),
]


@pytest.fixture(scope="module")
def asv_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int | None], tuple[Any, str]]:
    """asv's answer and log for each case, from one process."""
    folder = tmp_path_factory.mktemp("oracle")
    done = run([sys.executable, ORACLE, json.dumps(CASES), folder], env=dict(os.environ), timeout_s=60)
    assert done.ok, done.complaint()
    answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return {
        case: (answer, _text(folder / str(position) / "log"))
        for position, (case, answer) in enumerate(zip(CASES, answers, strict=True))
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _outcome(answer: Any) -> str:
    if answer is None:
        return "failed"
    return "skipped" if isinstance(answer, float) and math.isnan(answer) else "ok"


def _three_iterations(name: str, index: int | None, folder: Path) -> tuple[Launched, str]:
    place, case = tiny_place(folder / "log"), tiny_case(name, index)
    cache = None
    if name.startswith("cached."):
        cache = folder / "cache"
        assert make_cache(place, case, cache) is None
    return measure(place, case, iterations=3, cache=cache), _text(folder / "log")


@pytest.mark.parametrize(("name", "index"), CASES)
def test_a_trial_calls_what_asv_calls(
    name: str, index: int | None, asv_answers: dict[tuple[str, int | None], tuple[Any, str]], tmp_path: Path
) -> None:
    expected, expected_log = asv_answers[name, index]
    launched, log = _three_iterations(name, index, tmp_path)
    trial = trial_of(launched, tiny_case(name, index))
    assert (trial.outcome, log) == (_outcome(expected), expected_log), launched.finished.stderr
    if trial.outcome == "ok" and trial.value is not None:
        assert trial.value == expected


def test_the_oracle_sees_skips_failures_and_calls(
    asv_answers: dict[tuple[str, int | None], tuple[Any, str]],
) -> None:
    outcomes = [_outcome(answer) for answer, _ in asv_answers.values()]
    assert outcomes.count("skipped") == 6
    assert outcomes.count("failed") == 3
    assert sum("call" in log for _, log in asv_answers.values()) > 20


def test_each_process_of_a_timeraw_benchmark_gives_one_time(tmp_path: Path) -> None:
    for name in ("kinds.timeraw_text", "kinds.timeraw_pair"):
        launched = measure(tiny_place(tmp_path / "log"), tiny_case(name), iterations=3)
        assert launched.answer is not None, launched.complaint
        trial = trial_of(launched, tiny_case(name))
        assert len(launched.answer.durations_ns) == 1
        assert trial.steady_kind is None
        assert trial.steady_s == pytest.approx(launched.answer.durations_ns[0] / 1e9)
    assert _text(tmp_path / "log") == "call\n"


@pytest.mark.parametrize(
    ("name", "words"), [("kinds.timeraw_broken", "ZeroDivisionError"), ("kinds.track_text", "must return a number")]
)
def test_a_benchmark_without_a_figure_fails_and_says_why(name: str, words: str, tmp_path: Path) -> None:
    trial = trial_of(measure(tiny_place(tmp_path / "log"), tiny_case(name)), tiny_case(name))
    assert (trial.outcome, trial.exit) == ("failed", 1)
    assert words in trial.stderr


def test_peak_memory_benchmarks_measure_the_process(tmp_path: Path) -> None:
    answer = measure(tiny_place(tmp_path / "log"), tiny_case("kinds.peakmem_list")).answer
    assert answer is not None
    assert answer.value is not None
    assert answer.value > 32_000_000


def test_an_unknown_benchmark_and_an_unknown_parameter_fail(tmp_path: Path) -> None:
    for name, index in (("plain.time_nowhere", None), ("no_such_file.time_x", None), ("parameters.Single.time_it", 3)):
        case = tiny_case(name, index)
        assert trial_of(measure(tiny_place(tmp_path / "log"), case), case).outcome == "failed"


def test_a_failing_setup_cache_is_a_complaint(tmp_path: Path) -> None:
    complaint = make_cache(tiny_place(tmp_path / "log"), tiny_case("order.time_function"), tmp_path / "cache")
    assert complaint is not None
    assert "setup_cache failed" in complaint
    assert not (tmp_path / "cache").exists()
