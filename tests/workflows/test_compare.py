"""Comparisons and checks of small real histories, as a pull request and `git bisect run` would ask for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from asv_jit.cli import main
from asv_jit.interpreters.identity import Interpreter
from tests.workflows.histories import BROKEN, CRASHING, FAST, SLOW, History, commit, make_history

pytestmark = pytest.mark.interpreters

# Several times as slow: what a busy machine cannot hide.
VERY_SLOW = SLOW.replace("range(8)", "range(40)")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, jit_interpreters: dict[str, Interpreter]) -> History:
    folder = tmp_path_factory.mktemp("compared") / "project"
    sources = [FAST, BROKEN, VERY_SLOW, CRASHING]
    return make_history(folder, sources, [jit_interpreters["3.15"].executable], trial_seconds=0.03, most=5)


def test_both_modes_the_gain_memory_and_warm_up_are_compared(history: History) -> None:
    code, found = history.json("compare", history.commits[0], history.commits[2])
    (one,) = found["comparisons"]
    (case,) = one["cases"]
    assert (one["before"]["commit"], one["after"]["commit"]) == (history.commits[0], history.commits[2])
    effects = {effect["metric"]: effect for effect in case["effects"]}
    assert {"off", "on", "speedup", "peak_memory_off", "peak_memory_on", "warmup_on"} == effects.keys()
    assert min(effects[mode]["ratio"] for mode in ("off", "on")) > 1.5  # on a busy machine the verdict may be unclear
    assert code == (1 if found["worse"] else 0)
    assert any("working tree" in note for note in found["notes"])
    (journal,) = history.folder.glob(f"results/*/trials/{history.commits[0]}-*.jsonl")
    blocks: dict[str, set[str]] = {}
    for line in journal.read_text().splitlines()[1:]:
        entry = json.loads(line)
        assert entry["purpose"] == "compare"
        blocks.setdefault(entry["block"], set()).add(entry["arm"])
    assert all(arms == {"a-off", "a-on"} for arms in blocks.values())


def test_counts_find_a_change_and_name_what_moved(history: History) -> None:
    code, found = history.json("compare", "--count", history.commits[0], history.commits[2])
    (one,) = found["comparisons"]
    assert code == 1
    assert {change["mode"]: change["verdict"] for change in one["changes"]} == {"off": "slower", "on": "slower"}
    assert all(change["change"] > 1.0 and change["moved"] for change in one["changes"])
    assert found["verdict"] == "worse"
    # Known from the journal by now: the limit alone decides, and the comment begins with the verdict.
    words = ("compare", "--count", history.commits[0], history.commits[2], "--markdown", "--fail-on")
    for limit, code, verdict in (
        ("0.5%", 1, "worse: 2 counts of 2 grew"),
        ("900%", 0, "not worse: no count of 2 grew"),
    ):
        done = history.asv_jit(*words, limit)
        assert done.exit == code
        assert done.stdout.startswith(f"### asv-jit: {verdict} by {limit} or more")


def test_a_comment_for_a_pull_request_begins_with_what_matters(history: History) -> None:
    done = history.asv_jit("compare", f"{history.commits[0]}..main", "--markdown", "--fail-on", "5%")
    lines = done.stdout.splitlines()
    assert done.exit == 1  # it crashes now: worse by any measure
    assert lines[0] == "### asv-jit: 1 case became worse by 5.0% or more"
    assert any(line.startswith("- **`toys.time_work`**") and "no longer gives figures" in line for line in lines)
    assert any("SIGSEGV" in line and "after the change" in line for line in lines)
    assert "<details>" in lines
    assert lines.count("<details>") == lines.count("</details>")
    assert any(line.startswith("| `toys.time_work` |") for line in lines)
    assert "installing" not in done.stdout


def test_what_cannot_be_built_is_named(history: History) -> None:
    done = history.asv_jit("compare", history.commits[1])
    assert done.exit == 2
    assert history.commits[1][:8] in done.stderr
    assert "nothing can be compared" in done.stderr


def test_one_commit_is_no_comparison(history: History) -> None:
    assert "give two commits" in history.asv_jit("compare", "HEAD").stderr


def test_git_bisect_run_convicts_the_right_commit(tmp_path: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    sources = [FAST, FAST, BROKEN, VERY_SLOW, VERY_SLOW]
    history = make_history(tmp_path / "project", sources, [jit_interpreters["3.15"].executable], trial_seconds=0.03)
    good = history.commits[0]
    check = [sys.executable, "-m", "asv_jit", "check", "time_work", "--baseline", good, "--metric", "off"]
    history.git("bisect", "start", "main", good)
    done = history.git("bisect", "run", *check, "--worse-by", "100%")
    said = done.stdout + done.stderr
    # The neighbour that cannot be built hides which of the two it is, and git says so.
    assert "only 'skip'ped commits left" in said, said
    assert all(digest in said for digest in history.commits[2:4])
    history.git("bisect", "reset")
    commit(history, VERY_SLOW, "One more")
    counted = ("check", "time_work", "--metric", "off", "--count", "--baseline")
    code, found = history.json(*counted, good)
    assert (code, found["answer"], found["metric"]) == (1, "bad", "instructions_off")
    assert found["after"] > 2 * found["before"]
    code, found = history.json(*counted, "main")
    assert (code, found["answer"], found["worse_by"]) == (0, "good", 0.0)
    assert "the baseline cannot be built" in history.asv_jit(*counted, history.commits[2]).stderr
    history.git("bisect", "start", "main", good)
    stopped = history.git("bisect", "run", *check[:-3], "nosuch")
    assert "exit code 131" in stopped.stdout + stopped.stderr  # a mistake of ours blames no commit


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "x", "--bogus"], ["check", "x", "--baseline", "y", "--config", "/nonexistent/asv.conf.json"],
     ["check", "x", "--baseline", "y", "--worse-by", "much"]],
)  # fmt: skip
def test_no_failure_of_check_looks_like_a_bad_commit(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 131


def test_defects_and_interrupts_of_check_stop_git_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, code in ((ZeroDivisionError(), 199), (KeyboardInterrupt(), 130), (BrokenPipeError(), 129)):

        def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr("asv_jit.commands.decide.check.open_project", fail)
        monkeypatch.setattr("asv_jit.cli.os.dup2", lambda *_: None)
        with pytest.raises(SystemExit) as ended:
            main(["check", "x", "--baseline", "y"])
        assert ended.value.code == code


UNUSED = FAST + "\ndef unused():\n    return 1\n"


@pytest.mark.parametrize(
    "sources",
    [
        pytest.param([UNUSED, UNUSED.replace("return 1", "return 2")], id="code that it does not call"),
        pytest.param([FAST, FAST.replace("():\n", "():\n    'A docstring.'\n")], id="as many instructions"),
    ],
)
def test_a_case_that_does_the_same_is_not_counted(
    sources: list[str], tmp_path: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    history = make_history(tmp_path / "project", sources, [jit_interpreters["3.15"].executable])
    code, found = history.json("compare", "--count", *history.commits)
    (one,) = found["comparisons"]
    assert code == 0
    assert one["unaffected"] == ["toys.time_work"]
    assert not one["changes"]
    assert not list(history.folder.glob("results/*/counts/*.jsonl"))
