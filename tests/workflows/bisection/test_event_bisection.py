"""From a regression in the stored history to its culprit by the printed command, beside a newer interpreter line."""

from __future__ import annotations

import platform
import shlex
from pathlib import Path

import pytest
from msgspec.structs import replace

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Trial
from asv_jit.store.journal import TRIALS
from asv_jit.store.machines import keep_interpreter
from tests.analysis.worlds import World, place_of, step
from tests.workflows.histories import FAST, SLOW, make_history

_COMMITS, _CULPRIT = 20, 11


@pytest.mark.slow
@pytest.mark.interpreters
def test_a_regression_of_an_older_line_is_searched_on_that_line(
    tmp_path: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    older, newer = jit_interpreters["3.14"], jit_interpreters["3.15"]
    slow = SLOW.replace("range(8)", "range(40)")
    sources = [FAST] * _CULPRIT + [slow] * (_COMMITS - _CULPRIT)
    history = make_history(tmp_path / "project", sources, [older.executable, newer.executable], trial_seconds=0.03)
    machine = history.folder / "results" / platform.uname()[1]
    world = World(
        {"toys.time_work": step(_CULPRIT, 4.0)}, commits=_COMMITS, interpreters={older.identity: 0}, anchored=False
    )
    journals: dict[str, list[Trial]] = {}
    for trial in world.trials(1):
        commit = history.commits[place_of(trial.commit)]
        journals.setdefault(commit, []).append(replace(trial, commit=commit))
    for commit, trials in journals.items():
        path = TRIALS.path(machine, commit, older.identity)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TRIALS.encode(trials))
    keep_interpreter(machine, older)

    code, report = history.json("regressions")
    (event,) = (one for one in report["events"] if one["open"])
    assert code == 1
    code, found = history.json(*shlex.split(event["bisect"])[1:])
    assert code == 0, found["result"]
    assert found["result"]["culprit"] == history.commits[_CULPRIT]
    assert (found["event"], found["interpreter"]) == (event["identity"], older.identity)
    assert found["metric"] == event["metrics"][0]["metric"]
    assert history.json("regressions", "--all")[1]["events"][0]["bisection"] == found["identity"]
