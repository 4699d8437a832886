"""Nights measured for real on a small project, and everything that can go wrong in one."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import Trial
from asv_jit.system import locks, paths
from asv_jit.system.processes import run
from tests.workflows.nights.worlds import NightToy, git, make_toy

pytestmark = [
    pytest.mark.interpreters,
    pytest.mark.skipif(sys.platform != "linux", reason="nights are for Linux; the guardian looks at /proc"),
]
CELLS = 3  # per commit


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, jit_interpreters: dict[str, Interpreter]) -> NightToy:
    return make_toy(tmp_path_factory.mktemp("night"), jit_interpreters["3.15"])


@pytest.fixture(scope="module")
def first(toy: NightToy) -> dict[str, Any]:
    """The first night."""
    return _report(toy)


def _report(toy: NightToy, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    done = toy.nightly("--json", *arguments)
    assert done.exit == exit_code, done.complaint(40)
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["exit_code"] == exit_code
    return report


def test_a_first_night_measures_the_tip_and_its_anchor(toy: NightToy, first: dict[str, Any]) -> None:
    steps = [(step["kind"], step["commit"]) for step in first["plans"][0]["steps"]]
    tip = git(toy.remote, "rev-parse", "HEAD")
    assert steps == [("anchor", tip), ("newest", tip)]
    assert first["finished"]
    assert not first["problems"]
    assert _whole_blocks(toy.trials(), "run") == {(tip, case): 2 for case in _cases(toy)}
    assert _whole_blocks(toy.trials(), "anchor") == {(tip, case): 2 for case in _cases(toy)}


def test_the_next_night_measures_what_was_pushed_and_the_same_anchor(toy: NightToy, first: dict[str, Any]) -> None:
    anchor = git(toy.remote, "rev-parse", "HEAD")
    pushed = toy.push()
    summary = toy.folder / "summary.md"
    env = {**toy.env, "GITHUB_STEP_SUMMARY": str(summary)}
    done = run([*toy.command, "--publish", "site", "--report", "report.md"], env=env, cwd=toy.folder)
    assert done.ok, done.complaint(40)
    assert "toy on" in done.stdout
    assert (toy.folder / "site" / "index.html").is_file()
    assert summary.read_text() == (toy.folder / "report.md").read_text()
    assert "measured 6 cells" in summary.read_text()
    blocks = _whole_blocks(toy.trials(), "run")
    assert {commit for commit, _ in blocks} == {anchor, pushed}
    assert set(_whole_blocks(toy.trials(), "anchor").values()) == {4}  # two more of the same
    plan = _report(toy, "--dry-run")["plans"][0]
    assert [step["kind"] for step in plan["steps"]] == ["anchor"]
    assert 0 < plan["steps"][0]["seconds"]["middle"] < 60


def test_a_budget_that_is_too_small_measures_nothing_and_says_what_it_left(
    toy: NightToy, first: dict[str, Any]
) -> None:
    pushed = toy.push()
    before = toy.trials()
    report = _report(toy, "--budget", "1s")
    assert len(toy.trials()) == len(before)
    (left,) = [left for left in report["plans"][0]["left"] if left["kind"] == "newest"]
    assert left["cells"] == CELLS
    assert _report(toy)["cells_measured"] >= CELLS  # and the next night has the time
    assert {commit for commit, _ in _whole_blocks(toy.trials(), "run")} >= {pushed}


def test_who_holds_the_lock_is_said(toy: NightToy, first: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(toy.cache))
    with locks.held(locks.measuring_lock(), doing="test"):
        done = toy.nightly()
    assert done.exit == 5
    assert f"process {os.getpid()} " in done.stderr


def test_without_a_network_the_night_goes_on_with_what_is_there(toy: NightToy, first: dict[str, Any]) -> None:
    hidden = toy.remote.with_name("hidden")
    toy.remote.rename(hidden)
    try:
        report = _report(toy, exit_code=4)
    finally:
        hidden.rename(toy.remote)
    assert "could not be fetched" in report["problems"][0]
    assert report["trials"] > 0  # the anchor, as ever


@pytest.mark.parametrize("option", ["--results", "--publish"])
def test_a_branch_that_nothing_can_be_pushed_to_is_refused_before_the_night(
    option: str, toy: NightToy, first: dict[str, Any]
) -> None:
    before = toy.trials()
    done = toy.nightly(option, "branch:no:branch")
    assert done.exit == 2
    assert "no:branch" in done.stderr
    assert toy.trials() == before


def test_after_a_force_push_the_new_history_is_measured(toy: NightToy, first: dict[str, Any]) -> None:
    before = toy.trials()
    git(toy.remote, "commit", "-q", "--amend", "--allow-empty", "-m", "Rewritten")
    rewritten = git(toy.remote, "rev-parse", "HEAD")
    _report(toy)
    assert (rewritten, "toys.time_small") in _whole_blocks(toy.trials(), "run")
    assert {trial.trial for trial in before} <= {trial.trial for trial in toy.trials()}


def test_a_branch_that_vanished_is_named(toy: NightToy, first: dict[str, Any]) -> None:
    path = toy.folder / "asv.conf.json"
    before = path.read_text()
    path.write_text(before.replace('"main"', '"main",\n "gone"'))
    try:
        report = _report(toy, exit_code=4)
    finally:
        path.write_text(before)
    assert any("branch gone no longer exists" in problem for problem in report["problems"])
    assert report["trials"] > 0


def test_a_commit_that_cannot_be_installed_is_tried_again_another_night_only(
    toy: NightToy, first: dict[str, Any]
) -> None:
    install = toy.remote / "install.py"
    good = install.read_text()
    install.write_text("raise SystemExit('broken on purpose')")
    broken = toy.push(message="Broken")
    try:
        report = _report(toy, exit_code=4)
        assert {entry["commit"] for entry in report["failed"]} == {broken}
        assert any("broken on purpose" in trial.stderr for trial in toy.trials() if trial.commit == broken)
        assert not _report(toy)["failed"]  # the pause after a failure is a day
    finally:
        install.write_text(good)
        toy.push(message="Mended")


def test_a_full_disk_is_one_clear_message(toy: NightToy, first: dict[str, Any]) -> None:
    _report(toy)  # so that nothing has to be installed, and a journal is what does not fit
    before = {path: path.read_bytes() for path in toy.folder.glob("results/*/trials/*.jsonl")}
    limit = max(len(content) for content in before.values())
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
        "from asv_jit.cli import main; main(['nightly'])"
    )
    done = run([sys.executable, "-c", limited], env=toy.env, cwd=toy.folder)
    assert done.exit == 4, done.complaint(40)
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    for path, content in before.items():
        assert path.read_bytes().startswith(content)
    _report(toy)


def test_sigterm_is_an_interrupt(toy: NightToy, first: dict[str, Any]) -> None:
    with subprocess.Popen(
        toy.command, env=toy.env, cwd=toy.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as p:
        assert p.stdout is not None
        next(line for line in p.stdout if b"measuring:" in line)
        p.terminate()
        _, complaint = p.communicate(timeout=60)
    assert p.returncode == 130
    assert b"the next run continues from there" in complaint
    _assert_nothing_left(toy)


@pytest.mark.parametrize(
    "kills", [pytest.param(5, id="5 kills"), pytest.param(50, id="50 kills", marks=pytest.mark.slow)]
)
def test_a_night_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    kills: int, tmp_path: Path, jit_interpreters: dict[str, Interpreter]
) -> None:
    toy = make_toy(tmp_path, jit_interpreters["3.15"])
    root = git(toy.remote, "rev-parse", "HEAD")
    commits = [root, toy.push()]
    undisturbed = _report(toy, "--since", root)
    expected = _whole_blocks(toy.trials(), "run")
    assert expected == {(commit, case): 2 for commit in commits for case in _cases(toy)}
    shutil.rmtree(toy.folder / "results")
    shutil.rmtree(toy.cache / "installations")  # so that some are killed while they build
    rng = random.Random(kills)
    for _ in range(kills):
        _killed(toy, rng.uniform(0.0, undisturbed["spent_s"]), root)
        _assert_nothing_left(toy)
    _report(toy, "--since", root)
    trials = toy.trials()
    assert _whole_blocks(trials, "run") == expected
    assert max(Counter(trial.trial for trial in trials).values()) == 1
    assert {(t.mode, t.outcome) for t in trials} == {("off", "ok"), ("on", "ok")}
    torn = _blocks(trials)
    assert sum(not _is_whole(arms) for arms in torn.values()) <= kills  # each kill costs one block at most
    efforts = {(t.benchmark, t.inner_loops, t.iterations) for t in trials if t.arm != "sample"}
    assert len(efforts) == CELLS  # one series is measured with one effort
    assert not list(toy.folder.glob("results/**/.asv-jit-part-*"))
    assert all((path / "complete").is_file() for path in (toy.cache / "installations").iterdir())


def _killed(toy: NightToy, after_s: float, since: str) -> None:
    """Kill a night at one moment; what the journals held whole then, they hold ever after."""
    command = [*toy.command, "--since", since]
    with subprocess.Popen(command, env=toy.env, cwd=toy.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        try:
            _, complaint = p.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
        else:
            assert p.returncode == 0, complaint.decode()
    kept = {path: path.read_bytes().rpartition(b"\n")[0] for path in toy.folder.glob("results/*/trials/*.jsonl")}
    toy.wait_for_guardians()
    for path, whole in kept.items():
        assert path.read_bytes().startswith(whole)


def _assert_nothing_left(toy: NightToy) -> None:
    toy.wait_for_guardians()
    assert not toy.leftovers()


def _cases(toy: NightToy) -> set[str]:
    return {trial.benchmark for trial in toy.trials()}


def _blocks(trials: list[Trial]) -> dict[tuple[str, str, str, str], dict[int, set[str]]]:
    """The arms of each attempt of each block, by purpose, commit, case and block; samples are blocks of their own."""
    found: dict[tuple[str, str, str, str], dict[int, set[str]]] = {}
    for trial in trials:
        if trial.arm != "sample":
            key = trial.purpose, trial.commit, trial.benchmark, trial.block
            found.setdefault(key, {}).setdefault(trial.attempt, set()).add(trial.arm)
    return found


def _is_whole(attempts: dict[int, set[str]]) -> bool:
    return {"off", "on"} in attempts.values()


def _whole_blocks(trials: list[Trial], purpose: str) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for (why, commit, benchmark, _), attempts in _blocks(trials).items():
        if why == purpose and _is_whole(attempts):
            counts[commit, benchmark] += 1
    return dict(counts)
