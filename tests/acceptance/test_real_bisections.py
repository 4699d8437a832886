"""Real bisections of 64 commits: right commit, right attribution, and nothing found where nothing changed.

Minutes on a quiet machine, so not part of `make test`: `make acceptance-machine` and `pytest -m slow` run them.
Each history has, besides what is looked for, a commit that cannot be installed and one that crashes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asv_jit.interpreters.identity import Interpreter
from tests.acceptance.counting.commits import LONGER as UNCHANGED
from tests.acceptance.counting.commits import ONE_PERCENT
from tests.acceptance.counting.trials import held_cores
from tests.workflows.histories import BROKEN, CRASHING, FAST, SLOW_WITH_THE_JIT, History, make_history

pytestmark = [pytest.mark.slow, pytest.mark.interpreters]

COMMITS = 64
CULPRIT = 41
UNBUILDABLE, CRASHES = 31, 47  # beside the places where a search looks first
# A twentieth more of the same work: 5% slower in both modes.
LONGER = FAST.replace("range(8)", "range(20)")
FIVE_PERCENT = FAST.replace("range(8)", "range(21)")
# Half of the work runs in code that is made anew for each call, which the JIT never gets to compile: a quarter more
# time with the JIT. The loops are long, so that making the code costs less than half a percent without it.
COMPILED, NOT_COMPILED = (
    text.replace("500", "2000").replace("8", "4").replace("ANEW", "2") for text in (FAST, SLOW_WITH_THE_JIT)
)


def history_of(folder: Path, python: Path, before: str, after: str) -> History:
    sources = [after if place >= CULPRIT else before for place in range(COMMITS)]
    sources[UNBUILDABLE], sources[CRASHES] = BROKEN, CRASHING
    return make_history(folder, sources, [python], trial_seconds=0.3)


def bisected(history: History, metric: str, *options: str) -> tuple[int | None, Any]:
    ends = f"{history.commits[0]}..{history.commits[-1]}"
    code, found = history.json("bisect", "time_work", ends, "--metric", metric, *options)
    result = found["result"]
    spent = f"{result['measurements']} measurements of {result['builds']} commits"
    print(f"{metric}: {result['outcome']} with {spent}, {result['cause']} ({result['cause_probability']:.0%})")
    return code, result


@pytest.mark.parametrize(
    ("before", "after", "metric", "cause"),
    [(LONGER, FIVE_PERCENT, "off", "code"), (COMPILED, NOT_COMPILED, "on", "jit")],
    ids=["5% in both modes", "only with the JIT"],
)
def test_the_commit_is_found_and_what_moved_is_told(
    tmp_path: Path, jit_interpreters: dict[str, Interpreter], before: str, after: str, metric: str, cause: str
) -> None:
    history = history_of(tmp_path / "project", jit_interpreters["3.15"].executable, before, after)
    code, result = bisected(history, metric)
    assert code == 0, result
    assert result["culprit"] == history.commits[CULPRIT]
    assert result["parent"] == history.commits[CULPRIT - 1]
    assert result["confirmation"] == "confirmed"
    assert result["cause"] == cause
    unmeasured = {history.commits[UNBUILDABLE], history.commits[CRASHES]}
    assert {skipped["point"] for skipped in result["skipped"]} <= unmeasured


@pytest.mark.parametrize("metric", ["off", "on"])
def test_one_percent_of_instructions_is_found_with_both_cores_busy(
    tmp_path: Path, jit_interpreters: dict[str, Interpreter], metric: str
) -> None:
    history = history_of(tmp_path / "project", jit_interpreters["3.15"].executable, UNCHANGED, ONE_PERCENT)
    with held_cores():
        code, result = bisected(history, metric, "--count")
    assert code == 0, result
    assert (result["parent"], result["culprit"]) == (history.commits[CULPRIT - 1], history.commits[CULPRIT])
    assert result["builds"] - len(result["skipped"]) <= 8
    assert (result["confirmation"], result["cause"]) == ("confirmed", "code")
    assert [round(effect["ratio"], 2) for effect in result["effects"]] == [1.01, 1.01]


def test_where_nothing_changed_nothing_is_found(tmp_path: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    history = history_of(tmp_path / "project", jit_interpreters["3.15"].executable, FAST, FAST)
    code, result = bisected(history, "on")
    assert (code, result["outcome"]) == (6, "not_reproducible")
    assert result["culprit"] is None


def test_the_release_that_changed_the_speedup_is_found(
    tmp_path: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    """On 3.15 the JIT gains much more than on 3.14 with a loop like this one (with both, no release lies between)."""
    old, new = jit_interpreters["3.14"], jit_interpreters["3.15"]
    history = make_history(tmp_path / "project", [FAST], [old.executable, new.executable], trial_seconds=0.3)
    ends = f"{old.executable}..{new.executable}"
    arguments = ("bisect", "time_work", ends, "--axis", "pythons", "--metric", "speedup", "--installed-only")
    code, found = history.json(*arguments)
    result = found["result"]
    print(f"pythons: {result['outcome']}, {result['cause']}, {result['effects']}")
    assert code == 0, result
    assert (result["parent"], result["culprit"]) == (old.identity, new.identity)
    assert result["confirmation"] == "confirmed"
    assert result["cause"] == "release"
    code, found = history.json(*arguments[:-2], "on", "--installed-only", "--count")
    assert code == 0, found["result"]
    assert (found["result"]["culprit"], found["result"]["cause"]) == (new.identity, "release")
