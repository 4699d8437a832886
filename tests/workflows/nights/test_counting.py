"""Counting leads a night: which commits, what moved, what is kept when a night is cut short; and one for real."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from asv_jit.analysis.planning import Costs, Plan, Situation, Step, plan
from asv_jit.analysis.remaining import PairRule, Range
from asv_jit.asv_adapter.project import load_project
from asv_jit.errors import NoCounterError
from asv_jit.git.repository import Commit
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Benchmark, Case, CaseKey, CountedTrial, Mode
from asv_jit.store.journal import COUNTS
from asv_jit.trials import counted
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.engine import Budget
from asv_jit.workflows.measuring.reporter import Silent
from asv_jit.workflows.nights import nightly
from asv_jit.workflows.nights.counting import CountingWork, count_new, new_commits
from asv_jit.workflows.nights.night import Counted, Night
from asv_jit.workflows.nights.report import summary_lines
from tests.store.test_counts import trial
from tests.workflows.nights.worlds import PACKAGE, make_toy

COMMITS = [Commit(digit * 40, 0, "A", digit) for digit in "4321"]  # newest first
CASES = [
    Case(Benchmark(name=f"b.time_{name}", version="1", kind="time", unit="s", timeout_s=60.0), (), None)
    for name in ("x", "y")
]
PYTHON: Any = SimpleNamespace(identity="3.15.2+aaaaaaaa", has_jit=True)
RULE = PairRule(0.01, 8, 8, 0.02)
COUNTER: Any = SimpleNamespace(identity="callgrind 3.19.0")


class _World:
    """Commits whose calls take as many instructions as `instructions` says; `time_y` never changes."""

    def __init__(self, folder: Path, instructions: dict[str, int]) -> None:
        self.folder = folder
        self.identity = "s"
        self.installed: list[str] = []
        self.counted: list[tuple[str, str, str, int]] = []
        self.session = self
        self._instructions = instructions
        self._blocks = 0

    def install(self, interpreters: Sequence[object], commit: Commit) -> tuple[list[Any], list[Any]]:
        self.installed.append(commit.subject)
        one = SimpleNamespace(interpreter=PYTHON, commit=commit.hash, identity=commit.hash, requirements="")
        return [one], []

    def counting_of(self, installation: Any, case: Case) -> tuple[Any, None, None]:
        self._blocks += 1
        return SimpleNamespace(block=f"{self._blocks:05d}", commit=installation.commit), None, None

    def place(self, installation: object) -> None:
        return None

    def count(
        self, counter: object, place: object, case: Case, mode: Mode, context: Any, *, hash_seed: int, **kinds: Any
    ) -> counted.Counted:
        self.counted.append((context.commit[0], case.key.benchmark, mode, hash_seed))
        per_call = self._instructions[context.commit[0]] if case is CASES[0] else 500
        made: CountedTrial = replace(
            trial(f"{context.block}-{mode}-{hash_seed}"), mode=mode, hash_seed=hash_seed, inner_loops=10,
            steady_instructions=10 * per_call, warmup_instructions=7, benchmark=case.key.benchmark, params=(),
            commit=context.commit, interpreter=PYTHON.identity, counter=COUNTER.identity, requirements="",
        )  # fmt: skip
        return counted.Counted(made, ())

    def night(self, new: Sequence[Commit], budget: Budget | None = None) -> Counted:
        work = CountingWork([COMMITS], [new], [PYTHON], CASES, 0.002)
        session: Any = self
        return count_new(work, session, Counting(session, COUNTER, Silent()), budget or Budget())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _World:
    fake = _World(tmp_path, {"1": 1000, "2": 1000, "3": 1050, "4": 1050})
    monkeypatch.setattr(counted, "count", fake.count)
    return fake


@pytest.mark.parametrize(("known", "new"), [("1", "4321"), ("13", "43"), ("", "4"), ("4", "4")])
def test_new_commits_reach_down_to_the_newest_known_one(known: str, new: str) -> None:
    found = new_commits(COMMITS, {digit * 40 for digit in known})
    assert "".join(one.subject for one in found) == new


def test_the_new_commits_are_counted_from_old_to_new_and_what_moved_is_named(world: _World) -> None:
    found = world.night(COMMITS[:3])
    (move,) = found.moves
    assert (move.case, move.commit[0], move.before[0], str(move)) == (CASES[0].key, "3", "2", "off +5.00%, on +5.00%")
    assert (found.cases, len(found.commits), found.left) == (2, 3, 0)
    order = [commit for commit, *_ in world.counted]
    assert order.index("2") < order.index("3") < order.index("4")
    # Every case with one seed, twice where it was never counted; the one that moved with all seeds, at both commits.
    seeds = {(commit, name): {seed for c, n, _, seed in world.counted if (c, n) == (commit, name)}
             for commit in "234" for name in ("b.time_x", "b.time_y")}  # fmt: skip
    assert seeds.pop(("2", "b.time_x")) == seeds.pop(("3", "b.time_x")) == {1, 2, 3}
    assert set(map(tuple, seeds.values())) == {(1,)}


def test_a_night_without_news_counts_nothing_again(world: _World) -> None:
    world.night(COMMITS[:3])
    before = len(world.counted)
    again = world.night(COMMITS[:3])
    assert len(world.counted) == before
    assert (again.trials, again.commits) == (0, ())
    assert [move.commit[0] for move in again.moves] == ["3"]  # what was not timed yet is still known


def test_a_night_that_is_killed_while_it_counts_goes_on_and_finds_the_same(
    world: _World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    whole = world.count

    def killed(*arguments: Any, **kinds: Any) -> counted.Counted:
        if len(world.counted) >= 9:
            raise KilledError
        return whole(*arguments, **kinds)

    monkeypatch.setattr(counted, "count", killed)
    with pytest.raises(KilledError):
        world.night(COMMITS[:3])
    monkeypatch.setattr(counted, "count", whole)
    found = world.night(COMMITS[:3])
    assert [move.commit[0] for move in found.moves] == ["3"]
    kept = [one for _, read in COUNTS.read_all(tmp_path) for one in read.records]
    runs = [(one.commit, one.benchmark, one.mode, one.hash_seed) for one in kept if one.hash_seed != 1]
    assert len(runs) == len(set(runs)) == 8  # none twice


def test_a_night_without_time_starts_no_trial_and_says_what_it_left(world: _World) -> None:
    found = world.night(COMMITS[:3], Budget(0.0))
    assert world.counted == []
    assert (found.trials, found.left, found.moves) == (0, 6, ())


def test_what_moved_is_timed_first_on_both_sides(world: _World) -> None:
    moves = world.night(COMMITS[:3]).moves
    keys = tuple(case.key for case in CASES)
    now = Situation(
        branches=(tuple(one.hash for one in COMMITS),), interpreters=(PYTHON.identity,), cases=keys, cells={},
        costs=Costs(RULE), now_s=0.0, anchor=("1" * 40, PYTHON.identity), moves=moves,
    )  # fmt: skip
    made = plan(now)
    assert [(step.kind, step.commit[0]) for step in made.steps] == [
        ("moved", "3"), ("moved", "2"), ("anchor", "1"), ("newest", "4"),
    ]  # fmt: skip
    assert made.steps[0].cases == keys[:1]
    assert made.steps[0].reason == "the count of b.time_x moved (off +5.00%, on +5.00%) since 22222222"


def test_the_anchor_keeps_its_share_of_the_budget(world: _World) -> None:
    (move,) = world.night(COMMITS[:3]).moves
    moves = tuple(replace(move, case=CaseKey(f"b.time_{n}")) for n in range(9))  # more than there is time for
    now = Situation(
        branches=(tuple(one.hash for one in COMMITS),), interpreters=(PYTHON.identity,),
        cases=tuple(move.case for move in moves), cells={}, costs=Costs(RULE, install_s=0.0), now_s=0.0,
        budget_s=80.0, anchor=(COMMITS[0].hash, PYTHON.identity), moves=moves,
    )  # fmt: skip
    assert [step.kind for step in plan(now).steps] == ["moved", "anchor"]


def _night(folder: Path, found: Counted | None) -> Night:
    return Night("p", "m", folder, "2026-01-01T00:00:00+00:00", None, counted=found, finished=True)


def test_the_report_says_what_was_counted_and_what_moved(world: _World, tmp_path: Path) -> None:
    night = _night(tmp_path, world.night(COMMITS[:3]))
    assert summary_lines(night)[:2] == [
        "counted 2 cases at 3 commits in 24 trials; 1 count moved",
        "moved: b.time_x on 3.15.2+aaaaaaaa at 33333333: off +5.00%, on +5.00% since 22222222",
    ]
    moved_step = Step("moved", "3" * 40, (PYTHON.identity,), (CASES[0].key,), "", Range(1.0, 2.0, 3.0), 0.0)
    night.plans.append(Plan(60.0, (moved_step,), (), Range(1.0, 2.0, 3.0)))
    assert summary_lines(night)[1].endswith("since 22222222, so it was timed first")
    assert night.exit_code == 0
    (moved,) = night.as_json()["counts"]["moved"]
    assert moved["changes"] == {"off": pytest.approx(0.05), "on": pytest.approx(0.05)}


@pytest.mark.interpreters
@pytest.mark.parametrize("how", ["beside", "instead"])
def test_without_valgrind_times_are_kept_unless_nothing_else_was_wanted(
    how: str, tmp_path: Path, jit_interpreters: dict[str, Interpreter], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing() -> None:
        raise NoCounterError("no valgrind here")

    toy = make_toy(tmp_path, jit_interpreters["3.15"], count=how)
    for name, value in toy.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(nightly, "find_or_install", nothing)
    monkeypatch.chdir(toy.folder)
    options = nightly.Options(steps=("run",))
    project = load_project(toy.folder / "asv.conf.json")
    if how == "instead":
        with pytest.raises(NoCounterError, match="no valgrind here"):
            nightly.nightly(project, options, Silent())
        return
    night = nightly.nightly(project, options, Silent())
    assert [problem for problem in night.problems if "no valgrind here" in problem] == night.problems
    assert len(night.problems) == 1
    assert night.tally.measured
    assert night.exit_code == 4


@pytest.mark.interpreters
@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="valgrind runs on Linux")
def test_a_night_counts_for_real_and_names_the_case_that_was_slowed(
    tmp_path: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    toy = make_toy(tmp_path, jit_interpreters["3.15"], count="instead")
    (toy.folder / "bench" / "toys.py").write_text("import toy\n\ndef time_large():\n    toy.total(500)\n")
    assert toy.nightly("--json").ok
    slower = toy.push(package=PACKAGE.replace("s += i * i", "s += i * i + 1"))
    done = toy.nightly("--json")
    assert done.exit == 1, done.complaint(40)
    report = json.loads(done.stdout)
    (fresh,) = report["regressions"]["fresh"]
    assert (fresh["case"], fresh["commit"], fresh["metric"]) == ("toys.time_large", slower, "instructions_off")
    (moved,) = report["counts"]["moved"]
    assert (moved["case"], moved["commit"]) == ("toys.time_large", slower)
    assert moved["changes"]["off"] > 0.05
    assert (report["counts"]["cases"], report["trials"], report["plans"]) == (1, 0, [])
    assert not toy.trials()
