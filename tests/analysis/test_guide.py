"""The Guide's answers follow from the figures, for each kind of claim; and our suite answers every rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from asv_runner.discovery import disc_benchmarks
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.analysis import guide
from asv_jit.analysis.cells.cell import cells_of
from asv_jit.analysis.cells.summary import Limits, SuiteSummary, summarise, summarise_suite
from asv_jit.analysis.stats.suite_mean import group_of
from asv_jit.model import ARMS, CaseKey, Trial
from asv_jit.site.content.site_content import Release
from tests.site.contents import OLDER, WITH_JIT, WITHOUT_JIT, pairs, trial

LIMITS = Limits()
RULES = {rule.key: rule for rule in guide.RULES}
CLEAR, WILD = 0.002, 0.4


def _suite(release: Release, trials: Sequence[Trial]) -> SuiteSummary:
    cells = cells_of(trials)
    return summarise_suite(
        "c", release.identity, [summarise(cell, LIMITS) for cell in cells.values()], [*cells.values()]
    )


def _suite_of(release: Release, group: str, ratios: Sequence[float], noise: float = CLEAR) -> SuiteSummary:
    cases = [CaseKey(f"{group}.Program{place}.time_run") for place in range(len(ratios))]
    return _suite(
        release,
        [one for case, ratio in zip(cases, ratios, strict=True) for one in pairs(case, release, ratio, noise=noise)],
    )


def _answer(rule: str, suite: SuiteSummary) -> guide.OnRelease:
    (found,) = guide.answer(RULES[rule], [suite], LIMITS).releases
    return found


@pytest.mark.parametrize(
    ("ratios", "gains", "no_gain"),
    [
        ((1.5, 1.3, 1.2), "holds", "does not hold"),
        ((1.0, 1.001, 0.999), "does not hold", "holds"),
        ((0.8, 0.9, 0.95), "does not hold", "holds"),
        ((1.5, 1.3, 1.2, 1.4, 1.0), "holds", "does not hold"),
        ((2.0, 1.5, 0.7, 0.9), "depends", "depends"),
        ((1.5, 0.5, 1.0, 1.0), "does not hold", "holds"),
    ],
)
def test_answers_follow_from_the_cases(ratios: Sequence[float], gains: str, no_gain: str) -> None:
    assert _answer("cpu", _suite_of(WITH_JIT, "cpu", ratios)).answer == gains
    assert _answer("io", _suite_of(WITH_JIT, "io_bound", ratios)).answer == no_gain


def test_noise_gives_no_answer() -> None:
    found = _answer("cpu", _suite_of(WITH_JIT, "cpu", (1.02, 0.99, 1.01), noise=WILD))
    assert found.answer == "unclear"
    assert found.count("open") == 3


@given(st.lists(st.sampled_from([0.7, 0.9, 1.0, 1.1, 1.6]), min_size=1, max_size=6))
def test_opposite_claims_get_opposite_answers(ratios: list[float]) -> None:
    opposite = {"holds": "does not hold", "does not hold": "holds"}
    gains = _answer("cpu", _suite_of(WITH_JIT, "cpu", ratios)).answer
    no_gain = _answer("io", _suite_of(WITH_JIT, "io_bound", ratios)).answer
    assert no_gain == opposite.get(gains, gains)


def test_what_is_not_there_is_not_measured() -> None:
    other = _suite_of(WITH_JIT, "algorithms", (1.5,))
    found = guide.answer(RULES["cpu"], [other], LIMITS)
    assert not found.measured
    assert found.contradicted == ()
    assert guide.untested_groups([other]) == ("algorithms",)
    without = _suite_of(WITHOUT_JIT, "cpu", (1.0,))
    assert guide.answer(RULES["cpu"], [without], LIMITS).releases == ()


def test_a_rule_about_one_release_is_contradicted_by_that_release_only() -> None:
    case = CaseKey("cpu.Dijkstra.time_dijkstra", ("2000",))
    suites = [_suite(release, pairs(case, release, 1.2, noise=CLEAR)) for release in (OLDER, WITH_JIT)]
    found = guide.answer(RULES["dijkstra"], suites, LIMITS)
    assert [(one.about, one.answer) for one in found.releases] == [(True, "does not hold"), (False, "does not hold")]
    assert found.contradicted == (OLDER.identity,)


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [((1.1, 1.0), (1.5, 1.3), "holds"), ((1.1, 1.0), (1.1, 1.0), "does not hold"), ((1.0, 1.5), (1.5, 1.0), "depends")],
)
def test_releases_are_compared_case_by_case(older: Sequence[float], newer: Sequence[float], expected: str) -> None:
    suites = [_suite_of(OLDER, "cpu", older), _suite_of(WITH_JIT, "cpu", newer)]
    (found,) = guide.answer(RULES["3.15"], suites, LIMITS).releases
    assert (found.interpreter, found.other, found.answer) == (WITH_JIT.identity, OLDER.identity, expected)
    assert [one.ratio for one in found.tested] == pytest.approx(
        [b / a for a, b in zip(older, newer, strict=True)], rel=0.01
    )


def test_a_release_alone_is_compared_with_nothing() -> None:
    (found,) = guide.answer(RULES["3.15"], [_suite_of(WITH_JIT, "cpu", (1.5,))], LIMITS).releases
    assert found.answer == "not measured"


def test_memory_costs_where_the_peak_grows() -> None:
    small, large = CaseKey("memory.Small.time_a"), CaseKey("memory.Large.time_a")
    trials = pairs(small, WITH_JIT, 1.0)  # 30 MB, and some 440 kB more with the JIT on: 1.5%, within the equivalence
    trials += [
        trial(large, WITH_JIT, mode, block=block, seconds=0.01, rss=30_000_000 + 5_000_000 * (mode == "on") + block)
        for block in range(9)
        for mode in ARMS
    ]
    found = _answer("memory", _suite(WITH_JIT, trials))
    assert {one.key.benchmark: (one.verdict, one.side) for one in found.tested} == {
        "memory.Small.time_a": ("same", "contradicts"),
        "memory.Large.time_a": ("slower", "supports"),
    }
    assert found.answer == "depends"


def test_latencies_stand_beside_the_services() -> None:
    trials = pairs(CaseKey("service.Web.time_requests"), WITH_JIT, 1.3)
    for percentile, ratio in (("50", 1.2), ("99", 0.8)):
        case = CaseKey("service.WebLatency.track_first_requests", (percentile,))
        trials += [
            trial(case, WITH_JIT, mode, block=block, seconds=None, value=0.001 / (ratio if mode == "on" else 1.0))
            for block in range(5)
            for mode in ARMS
        ]
    found = _answer("service", _suite(WITH_JIT, trials))
    assert [one.key.benchmark for one in found.tested] == ["service.Web.time_requests"]
    assert [(params, round(whole.ratio, 6)) for params, whole in found.also] == [("50", 1.2), ("99", 0.8)]


def test_our_suite_answers_every_rule() -> None:
    """Each group of ours is about a claim, and each claim about a group has benchmarks."""
    names = {benchmark.name for benchmark in disc_benchmarks(str(Path(__file__).parents[2] / "benchmarks"))}
    suites = [_suite(WITH_JIT, [one for name in sorted(names) for one in pairs(CaseKey(name), WITH_JIT, 1.0, count=2)])]
    assert guide.untested_groups(suites) == ()
    assert {rule.key for rule in guide.RULES if not guide.answer(rule, suites, LIMITS).measured} == {"3.15"}
    assert {group_of(name) for name in names} == {"cpu", "service", "io_bound", "extension", "startup", "memory"}
