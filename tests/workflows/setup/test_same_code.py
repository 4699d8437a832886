from __future__ import annotations

import sys
from pathlib import Path

import pytest

from asv_jit.errors import NoInterpreterError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe
from asv_jit.model import Disturbance
from asv_jit.settings import PairLimits, Settings
from asv_jit.system import paths
from asv_jit.trials import record
from asv_jit.workflows.measuring.reporter import Silent
from asv_jit.workflows.setup.same_code import CASES, SameCode, aa_runs, same_code

QUICK = Settings(trial_seconds=0.03, max_iterations=30, pairs=PairLimits(min=5, max=5))


@pytest.fixture(scope="module")
def this_python() -> Interpreter:
    return probe(Path(sys.executable))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))  # the lock of a real measurement is not ours


@pytest.mark.long
def test_a_campaign_goes_on_where_it_was_interrupted(this_python: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    first = aa_runs(1, this_python, QUICK, Silent(), cpu=None)
    assert (first.rates.runs, first.kept) == (1, 0)
    assert first.rates.pairs == 5 * len(CASES)

    real, left = SameCode.pair, [7]

    def interrupted(bench: SameCode, case: object) -> tuple[float, float]:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(bench, case)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(SameCode, "pair", interrupted)
    with pytest.raises(KeyboardInterrupt):
        aa_runs(1, this_python, QUICK, Silent(), cpu=None)
    monkeypatch.undo()
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(first.kept_in.parents[1]))
    with first.kept_in.open("ab") as stream:
        stream.write(b'{"run": "torn')

    second = aa_runs(1, this_python, QUICK, Silent(), cpu=None)
    assert (second.rates.runs, second.kept) == (2, 1), "the run that was cut short is no whole run"


def test_runs_with_other_settings_are_other_runs(this_python: Interpreter) -> None:
    aa_runs(1, this_python, QUICK, Silent(), cpu=None)
    longer = Settings(trial_seconds=0.04, max_iterations=30, pairs=QUICK.pairs)
    assert aa_runs(1, this_python, longer, Silent(), cpu=None).kept == 0


def test_a_disturbed_pair_is_measured_again_once(this_python: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "judge", lambda watched, **works: Disturbance(reasons=("somebody else",)))
    with same_code(this_python, QUICK, Silent(), cpu=None, seed=1) as bench:
        bench.pair()
        assert (bench.repeated, bench.disturbed) == (1, 1)
        monkeypatch.setattr(record, "judge", lambda watched, **works: Disturbance())
        bench.pair()
        assert (bench.repeated, bench.disturbed) == (1, 1)


def test_a_trial_that_fails_midway_is_no_time(this_python: Interpreter) -> None:
    with same_code(this_python, QUICK, Silent(), cpu=None, seed=1) as bench:
        (bench.place.benchmark_dir / "same_code.py").write_text("raise ImportError('gone')\n")
        with pytest.raises(NoInterpreterError, match=r"(?s)failed: .*gone"):
            bench.pair()
