"""Plans: never past the budget, nothing twice, the same again, and in the order that was promised."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from asv_jit.analysis.planning import (
    ANCHOR_SHARE,
    KINDS,
    BridgeNeed,
    CellState,
    Costs,
    Plan,
    Situation,
    Suspect,
    plan,
)  # fmt: skip
from asv_jit.analysis.remaining import PairRule
from asv_jit.model import CaseKey

COMMITS = tuple(f"c{number:02d}" for number in range(20))  # newest first
CASES = tuple(CaseKey(f"bench.time_{letter}") for letter in "abc")
DAY_S = 86400.0
NOW_S = 100 * DAY_S
FIXED = PairRule(0.01, 8, 8, 0.02)
"""Eight pairs, whatever their spread, and one block to calibrate."""

cells = st.dictionaries(
    st.tuples(st.sampled_from(COMMITS), st.sampled_from(["new", "old"]), st.sampled_from(CASES)),
    st.builds(
        CellState,
        state=st.sampled_from(["done", "partial", "failed"]),
        failures=st.integers(0, 8),
        failed_at_s=st.floats(0, NOW_S),
    ),
    max_size=30,
)
costs = st.builds(
    Costs,
    rule=st.sampled_from([FIXED, PairRule(0.01, 5, 45, 0.02)]),
    ratios=st.dictionaries(
        st.tuples(st.sampled_from(["new", "old"]), st.sampled_from(CASES)),
        st.floats(0.0, 0.1).map(lambda noise: (noise * np.random.default_rng(1).standard_normal(12),)),
        max_size=6,
    ),
    block_s=st.dictionaries(
        st.tuples(st.sampled_from(["new", "old"]), st.sampled_from(CASES)), st.floats(0.1, 50.0), max_size=6
    ),
    default_block_s=st.floats(0.1, 10.0),
    install_s=st.floats(0.0, 100.0),
    installed=st.frozensets(st.tuples(st.sampled_from(COMMITS), st.sampled_from(["new", "old"])), max_size=5),
)
situations = st.builds(
    Situation,
    branches=st.sampled_from([(COMMITS,), (COMMITS, (*COMMITS[:3], *COMMITS[10:])), (), ((),)]),
    interpreters=st.sampled_from([("new", "old"), ("new",)]),
    cases=st.just(CASES),
    cells=cells,
    costs=costs,
    now_s=st.just(NOW_S),
    budget_s=st.one_of(st.floats(0.0, 5000.0), st.just(math.inf)),
    anchor=st.sampled_from([None, ("c19", "old")]),
    suspects=st.sampled_from([(), (Suspect("ev", "new", CASES[0], COMMITS[4:9]),)]),
    bridges=st.sampled_from([(), (BridgeNeed("old", "new", "c00", CASES[:2]),)]),
)


@given(situations)
def test_a_plan_stays_within_its_budget_and_names_no_cell_twice(now: Situation) -> None:
    made = plan(now)
    assert made.seconds.middle <= now.budget_s
    assert made == plan(now)
    planned = [
        (step.commit, step.interpreters[-1], case)
        for step in made.steps
        for case in step.cases
        if step.kind not in ("anchor", "bridge")
    ]
    assert len(planned) == len(set(planned))
    order = [KINDS.index(step.kind) for step in made.steps]
    assert order == sorted(order)
    for step in made.steps:
        assert step.seconds.high >= step.seconds.middle >= step.seconds.low >= step.install_s >= 0


@given(situations)
def test_what_is_done_is_measured_again_as_the_anchor_only(now: Situation) -> None:
    for step in plan(now).steps:
        for case in step.cases:
            cell = now.cells.get((step.commit, step.interpreters[-1], case))
            if step.kind == "retry":
                assert cell is not None
                assert cell.state == "failed"
                assert now.now_s - cell.failed_at_s >= 0.8 * DAY_S * 2 ** max(0, cell.failures - 1)
            elif step.kind not in ("anchor", "bridge"):
                assert cell is None or cell.state == "partial"


@given(situations)
def test_the_anchor_comes_first_and_takes_no_more_than_its_share(now: Situation) -> None:
    made = plan(now)
    anchors = [step for step in made.steps if step.kind == "anchor"]
    if now.anchor is None:
        assert not anchors
    elif now.budget_s == math.inf:
        assert [(step.commit, step.interpreters, step.cases) for step in made.steps[:1]] == [
            (now.anchor[0], (now.anchor[1],), CASES)
        ]
    for step in anchors:
        assert step == made.steps[0]
        assert step.seconds.middle <= ANCHOR_SHARE * now.budget_s


@given(situations)
def test_the_newest_come_newest_first_and_reach_down_to_what_is_known(now: Situation) -> None:
    unlimited = replace(now, budget_s=math.inf, branches=(COMMITS,))
    newest = [COMMITS.index(step.commit) for step in plan(unlimited).steps if step.kind == "newest"]
    assert newest == sorted(newest)
    known = [COMMITS.index(commit) for commit, _, _ in now.cells]
    assert all(place <= min(known, default=0) for place in newest)


@given(situations)
def test_without_a_limit_nothing_is_left(now: Situation) -> None:
    assert plan(replace(now, budget_s=math.inf)).left == ()


def _situation(**changed: object) -> Situation:
    done = {(commit, "new", case): CellState("done") for commit in ("c02", "c06", "c19") for case in CASES}
    now = Situation((COMMITS,), ("new",), CASES, done, Costs(FIXED, installed=frozenset()), NOW_S)
    return replace(now, **changed)  # type: ignore[arg-type]  # the fields of a test's own choice


def _order(made: Plan, kind: str) -> list[str]:
    return [step.commit for step in made.steps if step.kind == kind]


def test_gaps_are_halved_widest_first() -> None:
    made = plan(_situation())
    assert _order(made, "newest") == ["c00", "c01"]
    # c06..c19 is the widest (12), its halves (5 and 6) come before c02..c06 (3).
    assert _order(made, "gap")[:4] == ["c12", "c15", "c09", "c04"]
    assert len(_order(made, "gap")) == 15  # each once, down to the last


def test_a_first_night_measures_the_tips_only() -> None:
    made = plan(_situation(cells={}))
    assert [(step.kind, step.commit) for step in made.steps] == [("newest", "c00")]


def test_a_small_budget_takes_what_fits_and_counts_the_rest() -> None:
    cost_s = 30.0 + 2 * 9 * 2.0  # an installation and two of the three cells
    made = plan(_situation(budget_s=cost_s))
    assert [(step.commit, step.cases) for step in made.steps] == [("c00", CASES[:2])]
    assert made.seconds.middle == cost_s
    assert {left.kind: left.cells for left in made.left} == {"newest": 1 + 3, "gap": 15 * 3}


def test_a_candidate_is_narrowed_down_where_it_was_seen() -> None:
    suspect = Suspect("0123456789", "new", CASES[1], ("c05", "c04", "c03"))
    (step,) = [step for step in plan(_situation(suspects=(suspect,))).steps if step.kind == "suspect"]
    assert (step.commit, step.cases) == ("c04", (CASES[1],))
    assert "0123456789" in step.reason


def test_failures_wait_longer_each_time() -> None:
    def due(failures: int, days_ago: float) -> bool:
        failed = CellState("failed", failures, NOW_S - days_ago * DAY_S)
        made = plan(_situation(cells={("c00", "new", case): failed for case in CASES}))
        return any(step.kind == "retry" for step in made.steps)

    assert not due(1, 0.5)
    assert due(1, 1)
    assert not due(2, 1)
    assert due(2, 2)
    assert due(5, 16)
    assert not due(7, 90)  # it is what it is, until somebody asks with `--retry-failed`


def test_bridges_take_both_releases_and_their_time() -> None:
    need = BridgeNeed("old", "new", "c00", CASES[:1])
    (step,) = [step for step in plan(_situation(bridges=(need,))).steps if step.kind == "bridge"]
    assert step.interpreters == ("old", "new")
    assert step.seconds.middle == 15 * 2 * 2.0 + 30.0  # `new` is installed at the tip by then


def test_a_noisy_case_is_given_the_time_that_it_will_take() -> None:
    rng = np.random.default_rng(1)
    quiet, noisy = (
        plan(_situation(cells={}, cases=CASES[:1], costs=Costs(
            PairRule(0.01, 5, 45, 0.02), ratios={("new", CASES[0]): (noise * rng.standard_normal(20),)},
            default_block_s=1.0, install_s=0.0,
        ))).seconds
        for noise in (0.001, 0.03)
    )  # fmt: skip
    assert quiet.middle == 1 + 5
    assert quiet.high < noisy.low < noisy.high <= 1 + 45


def test_a_cell_that_was_begun_takes_what_is_left_of_it() -> None:
    rng = np.random.default_rng(1)
    costs = Costs(PairRule(0.01, 5, 45, 0.02), installed=frozenset({("c00", "new")}))

    def seconds(blocks: int) -> float:
        begun = CellState("partial", blocks=blocks, ratios=tuple(0.03 * rng.standard_normal(blocks)))
        cells = {("c00", "new", CASES[0]): begun}
        return plan(_situation(cells=cells, costs=costs, cases=CASES[:1])).seconds.middle

    assert seconds(5) > seconds(20) > seconds(40) > 0
