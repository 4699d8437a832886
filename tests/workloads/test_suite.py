"""The suite in `benchmarks/` is one that asv accepts, and keeps to the rules that its history depends on."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asv_runner.benchmarks._base import Benchmark
from asv_runner.discovery import disc_benchmarks

from tests.workloads.checks import CHECKS, OUTPUTS

ROOT = Path(__file__).parents[2]
TRACKED = {"cpu.Mandelbrot.time_mandelbrot", "cpu.Dijkstra.time_dijkstra", "cpu.Levenshtein.time_levenshtein"}


@pytest.fixture(scope="module")
def suite() -> list[Benchmark]:
    assert importlib.util.find_spec("benchmarks") is not None, sys.path
    return list(disc_benchmarks(str(ROOT / "benchmarks")))


def _cases(suite: list[Benchmark]) -> Iterator[tuple[Benchmark, tuple[object, ...]]]:
    """Each benchmark with each combination of its parameters, which is set on it by then."""
    for benchmark in suite:
        for index, params in enumerate(itertools.product(*benchmark._params)):
            if params:
                benchmark.set_param_idx(index)
            yield benchmark, params


def test_asv_finds_the_benchmarks_of_every_group(suite: list[Benchmark]) -> None:
    names = {benchmark.name for benchmark in suite}
    assert len(names) == len(suite)
    assert {name.split(".")[0] for name in names} == {"cpu", "service", "io_bound", "extension", "startup", "memory"}
    assert names >= TRACKED
    assert sum(benchmark.type == "time" for benchmark in suite) >= 24


def test_the_calls_fit_the_parameters(suite: list[Benchmark]) -> None:
    assert [benchmark.name for benchmark in suite if not benchmark.check(str(ROOT))] == []


def test_every_version_is_set_by_hand(suite: list[Benchmark]) -> None:
    assert {benchmark.name: benchmark.version for benchmark in suite if len(benchmark.version) > 3} == {}


def test_what_is_timed_is_warmed_up(suite: list[Benchmark]) -> None:
    timed = [benchmark for benchmark in suite if benchmark.type == "time"]
    assert [benchmark.name for benchmark in timed if benchmark.warmup_time <= 0] == []


def test_parameters_stay_few(suite: list[Benchmark]) -> None:
    cases = [benchmark.name for benchmark, _params in _cases(suite)]
    assert max(cases.count(name) for name in TRACKED) <= 2
    assert max(cases.count(name) for name in cases) <= 3


def test_what_is_timed_returns_a_pinned_checksum(suite: list[Benchmark]) -> None:
    pinned = [check.checksum for check in CHECKS]
    for benchmark, params in _cases(suite):
        if benchmark.type == "time" and "timeraw_" not in benchmark.name:
            benchmark.do_setup()
            checksum = benchmark.func(*params)
            listed = list(checksum) if isinstance(checksum, tuple) else checksum
            if benchmark.name != "memory.ManyFunctions.time_calls":  # its check is larger: fresh functions get hot
                assert listed in pinned, (benchmark.name, params)


def test_processes_are_those_whose_output_is_pinned(suite: list[Benchmark]) -> None:
    raw = {
        benchmark.name.removeprefix("startup.Process.timeraw_"): benchmark
        for benchmark in suite
        if "raw_" in benchmark.name
    }
    assert raw.keys() == OUTPUTS.keys()
    for benchmark in raw.values():
        statement, preparation = benchmark.func()
        compile(preparation + "\n" + statement, benchmark.name, "exec")


def test_every_workload_says_what_it_stresses_and_what_it_claims() -> None:
    for name in sorted({check.workload.partition(":")[0] for check in CHECKS}):
        module = importlib.import_module(f"jit_workloads.{name}")
        public = (getattr(module, function) for function in module.__all__)
        words = " ".join(inspect.getdoc(one) or "" for one in (module, *public))
        assert "Stresses:" in words, name
        assert "Claim:" in words, name
