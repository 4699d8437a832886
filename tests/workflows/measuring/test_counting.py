"""Which counted trials are still wanted, and what is kept: a fake session, and a fake of the process."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from asv_jit.analysis.counts.split import Cost
from asv_jit.analysis.counts.summary import case_counts
from asv_jit.model import Benchmark, Case, CountedTrial, Mode
from asv_jit.store.journal import COUNTS
from asv_jit.trials import counted
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.reporter import Silent
from tests.store.test_counts import COMMIT, INTERPRETER, trial

CASE = Case(Benchmark(name="b.time_x", version="1", kind="time", unit="s", timeout_s=60.0), (), None)
INSTALLATION: Any = SimpleNamespace(
    interpreter=SimpleNamespace(identity=INTERPRETER, has_jit=True), commit=COMMIT, identity="i", requirements=""
)
COUNTER: Any = SimpleNamespace(identity="callgrind 3.19.0")


@dataclass
class _Session:
    folder: Path
    identity: str = "s"
    blocks: int = 0
    complaint: str | None = None
    context: Any = field(default_factory=lambda: None)

    def counting_of(self, installation: object, case: Case) -> tuple[Any, None, str | None]:
        self.blocks += 1
        context = SimpleNamespace(
            block=f"s.{self.blocks:05d}", attempt=1, session="s", purpose="run", commit=COMMIT,
            interpreter=INTERPRETER, installation="i", machine="m", requirements="",
        )  # fmt: skip
        return context, None, self.complaint

    def place(self, installation: object) -> None:
        return None


@dataclass
class _Processes:
    """Counts without processes: a call takes 1,000 instructions, one more with the JIT."""

    asked: list[int] = field(default_factory=list)
    outcome: str = "ok"

    def count(
        self, counter: object, place: object, case: Case, mode: Mode, context: Any, *, hash_seed: int, **kinds: Any
    ) -> counted.Counted:
        self.asked.append(kinds["inner_loops"])
        instructions = 64_000 if mode == "off" else 64_064
        made: CountedTrial = replace(
            trial(f"{context.block}-{mode}"), mode=mode, hash_seed=hash_seed, inner_loops=64,
            steady_instructions=instructions, warmup_instructions=7, outcome=self.outcome,
        )  # fmt: skip
        return counted.Counted(made, (Cost("/p/python3.15", "f", instructions),))


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> _Processes:
    fake = _Processes()
    monkeypatch.setattr(counted, "count", fake.count)
    return fake


def counting(folder: Path, **changes: Any) -> Counting:
    session: Any = _Session(folder, **changes)
    return Counting(session, COUNTER, Silent())


def test_each_mode_gets_three_seeds_the_first_of_them_twice_once_and_for_all(
    tmp_path: Path, processes: _Processes
) -> None:
    first = counting(tmp_path)
    wanted = first.missing(INSTALLATION, CASE, repeat=True)
    assert [(one.mode, one.hash_seed) for one in wanted] == [
        (mode, seed) for mode in ("off", "on") for seed in (1, 1, 2, 3)
    ]
    done = first.count(wanted)
    assert len(done) == 8
    assert processes.asked == [0] + [64] * 7  # the first finds the calls of an iteration for all others
    assert counting(tmp_path).missing(INSTALLATION, CASE, repeat=True) == []
    later: Any = SimpleNamespace(**{**vars(INSTALLATION), "commit": "d" * 40})
    assert len(counting(tmp_path).missing(later, CASE, repeat=True)) == 6
    assert len(counting(tmp_path).missing(INSTALLATION, CASE, forget="everything")) == 6
    other: Any = SimpleNamespace(**{**vars(INSTALLATION), "requirements": "six==1.16"})
    assert len(counting(tmp_path).missing(other, CASE)) == 6


def test_every_trial_and_its_profile_is_kept_and_summarised(tmp_path: Path, processes: _Processes) -> None:
    known = counting(tmp_path)
    known.count(known.missing(INSTALLATION, CASE))
    kept = COUNTS.read(COUNTS.path(tmp_path, COMMIT, INTERPRETER))
    assert (len(kept.records), kept.problems) == (6, ())
    assert gzip.decompress((tmp_path / "counts" / "raw" / "s.jsonl.gz").read_bytes()).count(b"\n") == 6
    (case,) = case_counts(kept.records)
    assert case.off is not None
    assert case.on is not None
    assert (case.off.per_call, case.on.per_call, case.break_even_calls) == (1000.0, 1001.0, None)
    assert (case.problem, case.failed) == ("", False)


def test_a_failure_is_an_answer_until_it_is_asked_for_again(tmp_path: Path, processes: _Processes) -> None:
    processes.outcome = "crashed"
    known = counting(tmp_path)
    known.count(known.missing(INSTALLATION, CASE, seeds=(1,)))
    assert known.missing(INSTALLATION, CASE) == []
    assert len(known.missing(INSTALLATION, CASE, forget="failures")) == 6
    (case,) = case_counts(known.known(INSTALLATION, CASE))
    assert case.failed
    assert case.problem.startswith("off: crashed")


def test_where_setup_cache_fails_no_process_starts_and_the_line_says_so(tmp_path: Path, processes: _Processes) -> None:
    known = counting(tmp_path, complaint="setup_cache failed: no disk")
    (done, *_) = known.count(known.missing(INSTALLATION, CASE))
    assert processes.asked == []
    assert (done.outcome, done.stderr) == ("failed", "setup_cache failed: no disk")


def test_only_timed_cases_are_counted(tmp_path: Path) -> None:
    tracked = Case(replace(CASE.benchmark, kind="track"), (), None)
    assert counting(tmp_path).missing(INSTALLATION, tracked) == []
