"""Bisections of small real histories: a change of half and more, short trials, every way that it can end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from asv_jit.interpreters.identity import Interpreter
from tests.workflows.histories import BROKEN, CRASHING, FAST, SLOW, History, commit, make_history

pytestmark = pytest.mark.interpreters

# A change of the same size, ten times: what a busy machine cannot hide.
VERY_SLOW = SLOW.replace("range(8)", "range(40)")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, jit_interpreters: dict[str, Interpreter]) -> History:
    sources = [FAST, FAST, BROKEN, FAST, VERY_SLOW, CRASHING, VERY_SLOW, VERY_SLOW]
    folder = tmp_path_factory.mktemp("history") / "project"
    return make_history(folder, sources, [jit_interpreters["3.15"].executable], trial_seconds=0.03)


def test_a_killed_bisection_goes_on_and_finds_the_culprit(history: History) -> None:
    ends = f"{history.commits[0]}..{history.commits[-1]}"
    before = _kill_after_three_steps(history, "bisect", "time_work", ends, "--metric", "off")
    code, found = history.json("bisect", "--resume")
    result = found["result"]
    assert code == 0, result
    assert result["culprit"] == history.commits[4]
    assert result["parent"] == history.commits[3]
    assert (result["author"], result["subject"]) == ("Toy Maker", "Commit 4")
    assert result["confirmation"] == "confirmed"
    assert result["blocks"] >= 15
    assert {effect["metric"] for effect in result["effects"]} >= {"off", "on", "speedup", "peak_memory_on"}
    assert "toy/__init__.py" in result["diff_stat"]
    assert len(found["stages"][0]["steps"]) > before
    skipped = {entry["point"]: entry["reason"] for entry in result["skipped"]}
    assert set(skipped) <= {history.commits[2], history.commits[5]}
    assert all(reason for reason in skipped.values())
    assert len(list(history.folder.glob("results/*/bisections/*.json"))) == 1


def test_the_blocks_of_a_search_are_in_the_journals_and_in_no_cell(history: History) -> None:
    lines = [
        json.loads(line)
        for path in history.folder.glob("results/*/trials/*.jsonl")
        for line in path.read_text().splitlines()[1:]
    ]
    assert {line["purpose"] for line in lines} == {"bisect", "confirm"}
    assert {line["arm"] for line in lines if line["purpose"] == "bisect"} == {"a-off", "b-off"}
    assert history.asv_jit("publish").ok
    (stored,) = history.folder.glob("results/*/bisections/*.json")
    page = (history.folder / "html" / "bisections.html").read_text(encoding="utf-8")
    assert f'id="{stored.stem}"' in page
    assert history.commits[4][:8] in page
    assert not list(history.folder.glob("html/case/*"))  # what a search measures is no cell


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["time_wrok", "HEAD~3..HEAD"], "did you mean 'toys.time_work'?"),
        (["time_work", "HEAD..HEAD~3"], "the good end first"),
        (["time_work", "HEAD..HEAD"], "nothing between them"),
        (["time_work", "side..HEAD"], "from where they parted"),
        (["time_work", "nosuch..HEAD"], "names no commit"),
        (["time_work", "HEAD~3..HEAD", "--resume"], "no unfinished bisection"),
        (["time_work"], "GOOD..BAD"),
        ([], "asv-jit bisect ID"),
        (["time_work", "HEAD~3..HEAD", "--count", "--metric", "speedup"], "--metric on or off"),
    ],
)
def test_rubbish_is_refused_with_what_to_do(history: History, arguments: list[str], words: str) -> None:
    if "side..HEAD" in arguments:
        beside = history.git("commit-tree", "-p", "HEAD~3", "-m", "Beside", "HEAD^{tree}").stdout.strip()
        history.git("branch", "side", beside)
    done = history.asv_jit("bisect", *arguments)
    assert done.exit == 2
    assert words in done.stderr


def test_ends_that_cannot_be_built_end_the_search(history: History) -> None:
    broken = history.commits[2]
    code, found = history.json("bisect", "time_work", f"{broken}~1..{broken}", "--metric", "off")
    assert code == 8
    assert [entry["point"] for entry in found["result"]["skipped"]] == [broken]
    why = f"the bad end, {broken[:14]}, cannot be measured: commit {broken[:8]} cannot be installed"
    assert found["result"]["reason"].startswith(why)


def test_a_killed_search_by_counts_goes_on_and_is_exact(history: History) -> None:
    ends = f"{history.commits[0]}..{history.commits[-1]}"
    _kill_after_three_steps(history, "bisect", "time_work", ends, "--metric", "off", "--count")
    code, found = history.json("bisect", "--resume")
    result = found["result"]
    assert code == 0, result
    assert (result["culprit"], result["parent"]) == (history.commits[4], history.commits[3])
    assert (found["metric"], result["confirmation"], result["cause"]) == ("instructions_off", "confirmed", "code")
    assert result["builds"] <= 6
    assert {effect["metric"] for effect in result["effects"]} == {"instructions_off", "instructions_on"}
    assert all(effect["verdict"] == "more" and effect["moved"] for effect in result["effects"])
    assert history.asv_jit("publish").ok
    page = (history.folder / "html" / "bisections.html").read_text(encoding="utf-8")
    assert "<dt>instructions per call, JIT off</dt>" in page


@pytest.mark.slow
def test_a_merge_is_to_blame_only_for_what_it_did_itself(history: History) -> None:
    git = history.git
    git("checkout", "-q", "-b", "topic", history.commits[1])
    commit(history, FAST, "Topic 1")
    culprit = commit(history, VERY_SLOW, "Topic 2")
    git("checkout", "-q", "-b", "trunk", history.commits[1])
    (history.folder / "notes.md").write_text("x")
    git("add", "-A")
    git("commit", "-q", "-m", "Trunk")
    git("merge", "-q", "-m", "Merge topic", "-X", "theirs", "topic")
    ends = f"{history.commits[1]}..trunk"
    merge = git("rev-parse", "trunk").stdout.strip()
    git("checkout", "-q", "main")
    assert history.json("bisect", "time_work", ends, "--metric", "off")[1]["result"]["culprit"] == merge
    code, found = history.json("bisect", "time_work", ends, "--metric", "off", "--all-commits")
    assert code == 0
    assert found["result"]["culprit"] == culprit
    assert len(found["stages"]) == 2


def _kill_after_three_steps(history: History, *arguments: str) -> int:
    """The stored steps of all bisections, three of them of this command."""
    before = _steps(history)
    command = [sys.executable, "-m", "asv_jit", *arguments]
    child = subprocess.Popen(command, env=history.env, cwd=history.folder, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while _steps(history) < before + 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)  # until some measurements are stored
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert _steps(history) >= before + 3
    return _steps(history)


def _steps(history: History) -> int:
    found = list(history.folder.glob("results/*/bisections/*.json"))
    return sum(len(stage["steps"]) for path in found for stage in json.loads(path.read_text())["stages"])
