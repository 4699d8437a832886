"""A history that was counted by real interpreters and the real valgrind, and what asv-jit tells of it."""

from __future__ import annotations

import pytest

from asv_jit.interpreters.identity import Interpreter
from tests.workflows.histories import FAST, History, make_history

pytestmark = pytest.mark.interpreters

# 1% more calls of the same loop.
PLANTED = FAST.replace("for _ in range(8))", "for _ in range(8)) + total(40)")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory, jit_interpreters: dict[str, Interpreter]) -> History:
    folder = tmp_path_factory.mktemp("counted") / "project"
    history = make_history(folder, [FAST, PLANTED, PLANTED], [jit_interpreters["3.15"].executable])
    done = history.asv_jit("run", "ALL", "--count")
    assert done.ok, done.complaint()
    return history


def test_one_percent_is_one_confirmed_event_at_its_commit(counted: History) -> None:
    code, found = counted.json("regressions")
    (event,) = found["events"]
    assert code == 1
    assert (event["commit"], event["suspects"]) == (counted.commits[1], [counted.commits[1]])
    assert (event["attribution"]["cause"], event["state"]) == ("code", "confirmed")
    assert {one["metric"] for one in event["metrics"]} == {"instructions_off", "instructions_on"}
    assert all(0.008 < one["after"] / one["before"] - 1.0 < 0.012 for one in event["metrics"])


def test_it_can_be_accepted(counted: History) -> None:
    _, found = counted.json("regressions")
    done = counted.asv_jit("accept", found["events"][0]["identity"], "--why", "planted")
    assert done.ok, done.complaint()
    assert counted.json("regressions")[0] == 0
