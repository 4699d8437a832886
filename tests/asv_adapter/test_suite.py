"""Which cases --bench and --group mean."""

from __future__ import annotations

import pytest
from asv.benchmarks import Benchmarks

from asv_jit.asv_adapter.suite import BENCHMARKS_VERSION, select
from asv_jit.errors import UsageError
from asv_jit.model import Benchmark, Case

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
