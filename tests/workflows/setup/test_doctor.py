from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from asv_jit.errors import LockedError, NoInterpreterError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.probe import probe
from asv_jit.settings import PairLimits, Settings
from asv_jit.store.machines import known_noise
from asv_jit.system import locks, paths
from asv_jit.workflows.measuring.reporter import Left, Silent
from asv_jit.workflows.setup import doctor

QUICK = Settings(trial_seconds=0.03, max_iterations=30, pairs=PairLimits(min=5, max=5))


class Heard(Silent):
    """Remembers the progress that it was told."""

    def __init__(self) -> None:
        self.progress: list[tuple[int, int]] = []

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        self.progress.append((done, total))
        assert text
        assert left_s is None or 0.0 <= left_s[0] <= left_s[1]


@pytest.fixture(scope="module")
def this_python() -> Interpreter:
    return probe(Path(sys.executable))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path / "cache"))  # the lock of a real measurement is not ours


def drawn(seed: int, deviation: float, difference: float = 0.0) -> doctor.Pairs:
    """A machine of a known pair noise, whose first arm is slower by `difference`."""

    def endless() -> Iterator[tuple[float, float]]:
        rng = np.random.default_rng(seed)
        while True:
            yield 1e-3 * float(np.exp(rng.normal(difference, deviation))), 1e-3

    pairs = endless()
    return lambda: next(pairs)


def test_the_noise_of_a_known_machine_is_found() -> None:
    found = doctor.noise_of(drawn(1, 0.014), Settings(), Silent(), pairs=400)
    drawn_noise = np.random.default_rng(1).normal(0.0, 0.014, 400)
    assert found.pair_noise.value == pytest.approx(drawn_noise.std(ddof=1))
    assert [one.change for one in found.needed] == [0.05, 0.02, 0.01]
    assert found.estimate.verdict == "same"
    assert not found.false_alarm


def test_arms_that_differ_are_a_false_alarm() -> None:
    found = doctor.noise_of(drawn(1, 0.005, 0.1), Settings(), Silent(), pairs=10)
    assert found.false_alarm
    assert found.estimate.verdict == "faster"


def test_progress_is_told_before_each_pair_and_never_beyond_the_total() -> None:
    heard = Heard()
    doctor.noise_of(drawn(5, 0.01), Settings(), heard, pairs=7)
    assert heard.progress == [(2 * done, 14) for done in range(7)]


def test_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="two pairs"):
        doctor.noise_of(drawn(1, 0.01), Settings(), Silent(), pairs=1)


def test_real_pairs_come_from_real_trials(this_python: Interpreter) -> None:
    found = doctor.measure_noise(this_python, QUICK, Silent(), cpu=None, pairs=3)
    assert found.pair_noise.pairs == found.estimate.pairs == 3
    assert 0.0 < found.pair_noise.value < 3.0
    assert found.disturbed == found.repeated == 0  # without a core to watch, nothing is known to disturb


def test_the_noise_is_kept_beside_the_results(
    this_python: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # asv's machine file is the user's
    found = doctor.noise_of(drawn(1, 0.014), Settings(), Silent(), pairs=20)
    path = doctor.keep(found, this_python, tmp_path / "results", Silent())
    (kept,) = known_noise(path.parent).records
    assert path.parent.parent == tmp_path / "results"
    assert (path.parent / "machine.json").is_file()
    assert (kept.interpreter, kept.pairs) == (this_python.identity, 20)
    assert (kept.value, kept.low, kept.high) == (found.pair_noise.value, found.pair_noise.low, found.pair_noise.high)


def test_nothing_else_may_measure_meanwhile(this_python: Interpreter) -> None:
    with (
        locks.held(locks.measuring_lock(), doing="measure"),
        pytest.raises(LockedError, match="measure the noise"),
    ):
        doctor.measure_noise(this_python, QUICK, Silent(), cpu=None)


def test_an_interpreter_that_cannot_run_says_why(this_python: Interpreter, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(NoInterpreterError, match="out of order"):
        doctor.measure_noise(replace(this_python, executable=broken), QUICK, Silent(), cpu=None)
