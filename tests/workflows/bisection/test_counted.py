"""Counted points of a bisection: which trials are run, and what is said of a culprit, with counts that are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from asv_jit.analysis.culprit.searcher import Unbuildable
from asv_jit.analysis.metrics import BisectMetric
from asv_jit.errors import UsageError
from asv_jit.installations import UnbuildableError
from asv_jit.model import ARMS, HASH_SEEDS, Benchmark, Case, CountedTrial, Mode
from asv_jit.workflows.bisection.counted import CountMeasurer, counted_pair
from asv_jit.workflows.measuring.counting import Wanted
from tests.store.test_counts import trial

CASE = Case(Benchmark(name="b.time_x", version="1", kind="time", unit="s", timeout_s=60.0), (), None)
POINTS = ("good", "middle", "bad")
STEADY = dict.fromkeys(HASH_SEEDS, 100_000)
ONE_PERCENT = dict.fromkeys(HASH_SEEDS, 101_000)


@dataclass
class Counts:
    """What a run of each point, mode and seed takes; a list has one figure for each run."""

    figures: Mapping[tuple[str, Mode], Mapping[int, int | Sequence[int]]]
    done: dict[str, list[CountedTrial]] = field(default_factory=dict)

    def missing(
        self,
        installation: Any,
        case: Case,
        *,
        modes: Sequence[Mode] = ARMS,
        seeds: Sequence[int] = HASH_SEEDS,
        repeat: bool = False,
    ) -> list[Wanted]:
        wanted = []
        for mode in (one for one in modes if one == "off" or installation.interpreter.has_jit):
            for seed in seeds:
                had = sum((one.mode, one.hash_seed) == (mode, seed) for one in self.known(installation, case))
                runs = 2 if repeat and seed == seeds[0] else 1
                wanted += [Wanted(installation, case, mode, seed)] * (runs - had)
        return wanted

    def count(self, wanted: Sequence[Wanted]) -> None:
        for one in wanted:
            point = one.installation.commit
            known = self.done.setdefault(point, [])
            figures = self.figures.get((point, one.mode))
            made = replace(trial(f"{len(known)}"), commit=point, mode=one.mode, hash_seed=one.hash_seed)
            if figures is None:
                known.append(
                    replace(made, outcome="failed", stderr="KeyError: 'x'", steady_instructions=None, split=None)
                )
                continue
            figure = figures[one.hash_seed]
            runs = [figure, figure] if isinstance(figure, int) else figure
            had = sum((old.mode, old.hash_seed) == (one.mode, one.hash_seed) for old in known)
            known.append(replace(made, steady_instructions=runs[had]))

    def known(self, installation: Any, case: Case) -> list[CountedTrial]:
        return self.done.get(installation.commit, [])

    def seeds(self, point: str) -> list[tuple[Mode, int]]:
        return [(one.mode, one.hash_seed) for one in self.done.get(point, [])]


def place(point: str, *, has_jit: bool = True) -> Any:
    if point == "broken":
        raise UnbuildableError("no package")
    return SimpleNamespace(commit=point, interpreter=SimpleNamespace(identity="3.15.2+0a1b2c3d", has_jit=has_jit))


def measurer(counts: Any, metric: BisectMetric = "instructions", points: Sequence[str] = POINTS) -> CountMeasurer:
    return CountMeasurer(counts, CASE, metric, points, place, 0.002)


def test_a_point_takes_one_trial_and_the_ends_two_more_seeds_where_they_differ() -> None:
    counts = Counts({("good", "on"): STEADY, ("middle", "on"): STEADY, ("bad", "on"): ONE_PERCENT})
    measure = measurer(counts)
    assert measure(0) == (1.0, "")
    assert counts.seeds("good") == [("on", 1), ("on", 1)]
    assert measure(2)[0] == pytest.approx(1.01)
    assert counts.seeds("bad") == [("on", seed) for seed in (1, 1, 2, 3)]
    assert measure(1) == (1.0, "")
    assert counts.seeds("middle") == [("on", 1)]
    assert len(counts.seeds("good")) == 4


def test_ends_that_one_hash_seed_alone_tells_apart_are_the_same() -> None:
    counts = Counts({("good", "off"): STEADY, ("bad", "off"): {1: 101_000, 2: 100_000, 3: 100_100}})
    measure = measurer(counts, "instructions_off")
    assert measure(2) == (1.0, "")


@pytest.mark.parametrize(
    ("figures", "point", "reason"),
    [
        ({("good", "on"): {1: [100, 200]}}, 0, "not repeatable: two runs with hash seed 1 differ by 100.00%"),
        ({("good", "on"): STEADY}, 1, "KeyError: 'x'"),
        ({}, 0, "KeyError: 'x'"),
        ({("good", "on"): STEADY}, 2, "no package"),
    ],
)
def test_what_cannot_be_counted_is_named_with_the_reason(figures: Any, point: int, reason: str) -> None:
    with pytest.raises(Unbuildable, match=reason):
        measurer(Counts(figures), points=("good", "middle", "broken"))(point)


def test_only_timed_cases_and_interpreters_with_a_jit_are_counted_in_mode_on() -> None:
    tracked = Case(replace(CASE.benchmark, kind="track"), (), None)
    counts: Any = Counts({})
    with pytest.raises(UsageError, match="only `time_` benchmarks"):
        CountMeasurer(counts, tracked, "instructions", POINTS, place, 0.002)
    without = CountMeasurer(counts, CASE, "instructions", POINTS, lambda point: place(point, has_jit=False), 0.002)
    with pytest.raises(Unbuildable, match="has no JIT"):
        without(0)


def pair(figures: Any, metric: BisectMetric = "instructions") -> Any:
    counts: Any = Counts(figures)
    return counted_pair(counts, CASE, metric, (place("good"), place("bad")), "commits", 0.002)


def test_a_culprit_is_confirmed_by_all_seeds_and_little_of_the_other_mode_is_real_beside_it() -> None:
    little = dict.fromkeys(HASH_SEEDS, 100_150)
    found = pair({("good", "off"): STEADY, ("bad", "off"): little, ("good", "on"): STEADY, ("bad", "on"): ONE_PERCENT})
    assert (found.state, found.reason) == ("confirmed", "all 3 hash seeds agree")
    assert found.attribution.cause == "code"
    off, on = found.effects
    assert (off.metric, off.verdict, on.metric, on.verdict) == ("instructions_off", "same", "instructions_on", "more")
    assert (on.before, on.after, round(on.ratio, 9)) == (100_000.0, 101_000.0, 1.01)
    only_on = {("good", "off"): STEADY, ("bad", "off"): STEADY, ("good", "on"): STEADY, ("bad", "on"): ONE_PERCENT}
    assert pair(only_on).attribution.cause == "jit"


def test_seeds_that_disagree_refute_a_culprit_and_runs_that_differ_leave_it_open() -> None:
    both = {("good", "off"): STEADY, ("bad", "off"): STEADY, ("good", "on"): STEADY}
    assert pair({**both, ("bad", "on"): {1: 101_000, 2: 99_000, 3: 100_000}}).state == "refuted"
    missing = pair(both)
    assert missing.state == "unclear"
    assert "KeyError: 'x'" in missing.reason
