"""What fits into a budget and what is left: a fake session whose blocks take as long as they say, on a fake clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from asv_jit.analysis.cells.cell import Cell, Progress
from asv_jit.analysis.remaining import PairRule
from asv_jit.model import PROTOCOL, Benchmark, Case, Trial
from asv_jit.workflows.measuring.engine import Budget, Engine, Rule
from asv_jit.workflows.measuring.reporter import Silent
from tests.store.trials import COMMIT, INTERPRETER, made

BLOCK_S = 10.0
BLOCKS = 3


@dataclass
class _Session:
    """Counts its blocks, and moves the clock."""

    now_s: float = 0.0
    purpose: str = "run"
    protocol: str = PROTOCOL
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    project: Any = field(
        default_factory=lambda: SimpleNamespace(
            settings=SimpleNamespace(trial_seconds=BLOCK_S / 2 - 0.5, pairs=SimpleNamespace(min=BLOCKS, max=BLOCKS))
        )
    )
    blocks: int = 0
    trials: int = 0

    def learn_efforts(self, cases: object, identity: str) -> None:
        """Nothing is calibrated."""

    def known_trials(self, interpreter: str, commits: object) -> list[Trial]:
        return []

    def measure(self, installation: object, case: Case, arms: object, *, micro_ops: bool) -> list[Trial]:
        self.blocks += 1
        self.trials += 2
        self.now_s += BLOCK_S
        changes = {"benchmark": case.benchmark.name, "benchmark_version": "1", "params": (), "duration_s": BLOCK_S / 2}
        return [made(f"b{self.blocks}", arm, **changes) for arm in ("off", "on")]

    def sample(self, installation: object, case: Case) -> Trial:
        self.now_s += BLOCK_S / 2
        self.trials += 1
        changes = {"benchmark": case.benchmark.name, "benchmark_version": "1", "params": (), "mode": "off"}
        return made(f"s{self.now_s}", "sample", **changes)


def _enough(cell: Cell | None) -> Progress:
    return "done" if cell is not None and len(cell.blocks) >= BLOCKS else "measure"


def _engine(budget_s: float, cases: int, interim: Any = None) -> Engine:
    session = _Session()
    installation = SimpleNamespace(
        interpreter=SimpleNamespace(identity=INTERPRETER, has_jit=True),
        commit=COMMIT,
        environment="env",
        requirements="",
    )
    budget = Budget(budget_s, clock=lambda: session.now_s)
    parts: Any = (session, None, Silent())
    engine = Engine(*parts, budget=budget, interim=interim)
    names = [f"time_{number}" for number in range(cases)]
    suite = [Case(Benchmark(name=name, version="1", kind="time", unit="s", timeout_s=60.0), (), None) for name in names]
    built: Any = [installation]
    engine.measure(built, suite, Rule(_enough, PairRule(0.01, BLOCKS, BLOCKS, 0.02), adaptive=True))
    return engine


def test_what_is_measured_has_all_its_blocks_and_the_rest_is_left() -> None:
    all_of_it = _engine(1000.0, cases=2).tally
    assert (all_of_it.measured, all_of_it.left, all_of_it.trials) == (2, 0, 2 * (2 * BLOCKS + 1))
    cut_short = _engine((BLOCKS + 1) * BLOCK_S, cases=2).tally
    assert (cut_short.measured, cut_short.left) == (0, 2)
    assert cut_short.trials == 2 * (BLOCKS + 1)
    nothing = _engine(BLOCK_S / 2, cases=2).tally
    assert (nothing.measured, nothing.left, nothing.trials) == (0, 2, 0)


def test_results_so_far_are_offered_after_each_round_once_a_minute_is_over() -> None:
    offered: list[bool] = []

    def interim(suites: object, goes_on: bool) -> None:
        offered.append(goes_on)

    _engine(1000.0, cases=1, interim=interim)  # three rounds of 10 s
    assert not offered
    _engine(1000.0, cases=7, interim=interim)
    assert offered == [True] * (BLOCKS - 1)
