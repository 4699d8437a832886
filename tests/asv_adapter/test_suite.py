"""Which cases --bench and --group mean."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from asv.benchmarks import Benchmarks

from asv_jit.asv_adapter.project import load_project
from asv_jit.asv_adapter.suite import BENCHMARKS_VERSION, Suite, discover, load, refuse_unknown, select
from asv_jit.errors import UsageError
from asv_jit.model import Benchmark, Case
from asv_jit.settings import LONGEST_S
from asv_jit.system.processes import base_environment

CASES = tuple(
    Case(Benchmark(name=name, version="1", kind="time", unit="seconds", timeout_s=60.0), params, None)
    for name, params in (("cpu.Sort.time_it", ("10",)), ("cpu.Loop.time_it", ()), ("service.Sort.time_it", ()))
)


def _names(patterns: list[str], groups: list[str]) -> list[str]:
    return [str(case.key) for case in select(CASES, patterns, groups)]


def test_the_format_of_the_suite_is_the_one_that_asv_writes() -> None:
    assert Benchmarks.api_version == BENCHMARKS_VERSION


def test_both_must_fit() -> None:
    assert len(_names([], [])) == 3
    assert _names([], ["cpu"]) == ["cpu.Sort.time_it(10)", "cpu.Loop.time_it"]
    assert _names(["Sort"], []) == ["cpu.Sort.time_it(10)", "service.Sort.time_it"]
    assert _names(["Sort"], ["service"]) == ["service.Sort.time_it"]
    assert _names([r"^cpu\.Loop", r"\(10\)"], ["cpu", "service"]) == ["cpu.Sort.time_it(10)", "cpu.Loop.time_it"]


@pytest.mark.parametrize(
    ("patterns", "groups", "message"),
    [
        ([], ["cp"], "--group: expected one of cpu, service, found 'cp'"),
        (["("], [], "--bench: expected a regular expression"),
        (["Loop"], ["service"], "no case in service matches Loop; the suite has 3 cases in cpu, service"),
    ],
)
def test_what_fits_nothing_is_wrong_usage(patterns: list[str], groups: list[str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        select(CASES, patterns, groups)
    assert message in str(raised.value)


def test_a_wrong_selection_is_refused_before_anything_is_installed_unless_a_benchmark_was_edited_since(
    tmp_path: Path,
) -> None:
    (tmp_path / "asv.conf.json").write_text('{"version": 1, "project": "p", "repo": ".", "benchmark_dir": "b"}')
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "cpu.py").write_text("")
    project = load_project(tmp_path / "asv.conf.json")
    with pytest.raises(UsageError, match=r"no __init__\.py"):
        refuse_unknown(project, [])
    (tmp_path / "b" / "__init__.py").touch()
    with pytest.raises(UsageError, match="regular expression"):
        refuse_unknown(project, ["("])
    refuse_unknown(project, ["anything"], ["any"])  # nobody knows yet
    Suite({"cpu.time_x": {"name": "cpu.time_x", "version": "1", "type": "time", "params": []}}, 60.0).save(project)
    os.utime(tmp_path / "b" / "cpu.py", (1, 1))
    refuse_unknown(project, ["time_x"], ["cpu"])
    with pytest.raises(UsageError, match=r"no case matches time_y.*benchmarks\.json"):
        refuse_unknown(project, ["time_y"])
    with pytest.raises(UsageError, match="--group"):
        refuse_unknown(project, [], ["gpu"])
    os.utime(tmp_path / "b" / "cpu.py", (1e10, 1e10))
    refuse_unknown(project, ["time_y"], ["gpu"])


@pytest.mark.parametrize(
    ("written", "timeout_s"), [(12, 12.0), (1e7, 1e7), (float("inf"), LONGEST_S), (10**400, LONGEST_S), (None, 60.0)]
)
def test_a_time_out_is_one_that_can_be_waited_for(written: float | None, timeout_s: float) -> None:
    suite = Suite({"a.time_x": {"name": "a.time_x", "version": "1", "timeout": written}}, 60.0)
    assert [benchmark.timeout_s for benchmark in suite.benchmarks] == [timeout_s]


@pytest.mark.parametrize(
    ("written", "found"), [("'1h'", "'1h'"), ("-1", "-1"), ("float('nan')", "nan"), ("True", "True")]
)
def test_a_time_out_that_is_none_ends_the_discovery_with_its_name(written: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "asv.conf.json").write_text(json.dumps({"version": 1, "project": "x", "repo": "."}))
    suite = tmp_path / "benchmarks"
    suite.mkdir()
    (suite / "__init__.py").touch()
    (suite / "a.py").write_text(f"def time_x(): pass\ntime_x.timeout = {written}\n")
    project = load_project(tmp_path / "asv.conf.json")
    with pytest.raises(UsageError, match=f"`timeout` of a.time_x: expected seconds above 0, found {found}"):
        discover(project, Path(sys.executable), base_environment())
    # As long as none before: Python takes a file of the same size and second for the one that it compiled.
    (suite / "a.py").write_text("def time_x(): pass\n\n\ntime_x.timeout = float('inf')\n")
    discover(project, Path(sys.executable), base_environment()).save(project)
    remembered = load(project)
    assert remembered is not None
    assert remembered.benchmarks[0].timeout_s == LONGEST_S


def test_of_benchmarks_that_share_a_name_the_first_is_measured_and_the_user_is_told(tmp_path: Path) -> None:
    (tmp_path / "asv.conf.json").write_text(json.dumps({"version": 1, "project": "x", "repo": "."}))
    suite = tmp_path / "benchmarks"
    suite.mkdir()
    (suite / "__init__.py").touch()
    (suite / "a.py").write_text("time_x = lambda: 1\ntime_y = lambda: 2\ndef time_z(): pass\ntime_same = time_z\n")
    found = discover(load_project(tmp_path / "asv.conf.json"), Path(sys.executable), base_environment())
    assert [benchmark.name for benchmark in found.benchmarks] == ["a.<lambda>", "a.time_z"]
    assert found.benchmarks[0].code == "time_x = lambda: 1"
    assert found.warnings == (
        "several benchmarks are called a.<lambda>: only the first is measured, rename the others",
    )
