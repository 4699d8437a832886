"""A small asv project elsewhere on the disk, measured for real: good benchmarks and every kind of bad one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.journal import TRIALS
from asv_jit.system import paths
from asv_jit.system.processes import Finished, run

pytestmark = pytest.mark.interpreters

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "toy"
version = "1"
[tool.hatch.build.targets.wheel]
packages = ["toy"]
"""

BENCHMARKS = """
import ctypes, os, sys, time
import toy

class Good:
    params = [[200], ["a", "b"]]
    param_names = ["n", "letter"]
    def setup_cache(self):
        with open("beside.txt", "w") as stream:
            stream.write("kept")
        return {"base": 3}
    def time_sum(self, cache, n, letter):
        return toy.total(n) + cache["base"] + len(open("beside.txt").read())

def time_differs():
    toy.total(500)
    return bool(sys._jit.is_enabled())

def time_raises():
    raise ValueError("no such luck")

def time_crashes_with_the_jit():
    if sys._jit.is_enabled():
        ctypes.string_at(0)
    return toy.total(500)

def time_leaves_quietly():
    os._exit(0)

def time_never_ends():
    while True:
        pass
time_never_ends.timeout = 1

def time_skipped():
    pass
def _no(*args):
    raise NotImplementedError("not here")
time_skipped.setup = _no

def track_answer():
    return 42
track_answer.unit = "answers"

def track_commit():
    return int(os.environ["ASV_COMMIT"][:7], 16) * 2 + sys._jit.is_enabled()

def track_rubbish():
    return "rubbish"
"""


@dataclass(frozen=True)
class Toy:
    """A project, and how to run asv-jit in it."""

    folder: Path
    env: dict[str, str]

    def asv_jit(self, *arguments: str) -> Finished:
        return run([sys.executable, "-m", "asv_jit", *arguments], env=self.env, cwd=self.folder, keep_bytes=1 << 24)

    @property
    def results(self) -> Path:
        return self.folder / "results"


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Toy", "-c", "user.email=toy@example.invalid"]
    done = run(["git", *identity, *arguments], env=dict(os.environ), cwd=folder)
    assert done.ok, done.complaint()


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory, jit_interpreters: dict[str, Interpreter]) -> Toy:
    folder = tmp_path_factory.mktemp("toy") / "project"
    (folder / "toy").mkdir(parents=True)
    (folder / "bench").mkdir()
    (folder / "toy" / "__init__.py").write_text(
        "def total(n):\n    s = 0\n    for i in range(n):\n        s += i * i\n    return s\n"
    )
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "bench" / "__init__.py").write_text("")
    (folder / "bench" / "toys.py").write_text(BENCHMARKS)
    conf = {
        "version": 1,
        "project": "toy",
        "repo": ".",
        "branches": ["main"],
        "environment_type": "jit",
        "plugins": [".asv_jit.asv_environment"],
        "pythons": [str(jit_interpreters["3.15"].executable)],
        "matrix": {"env_nobuild": {"PYTHON_JIT": ["0", "1"]}},
        "benchmark_dir": "bench",
        "jit": {"pairs": {"min": 5, "max": 5}, "trial_seconds": 0.05},
    }
    (folder / "asv.conf.json").write_text("// a comment\n" + json.dumps(conf, indent=2))
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "Toys <script>alert(1)</script>")
    home = tmp_path_factory.mktemp("home")
    cache = tmp_path_factory.mktemp("cache")  # with locks of its own: another run on this machine is no concern of ours
    return Toy(folder, {**os.environ, "HOME": str(home), paths.CACHE_VARIABLE: str(cache)})


@pytest.fixture(scope="module")
def measured(toy: Toy) -> tuple[Finished, dict[str, Any]]:
    done = toy.asv_jit("run", "HEAD", "--json")
    assert done.exit in (0, 4), done.complaint()
    return done, json.loads(done.stdout)


def _cases(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (suite,) = report["suites"]
    return {_name(case): case for case in suite["cases"]}


def _name(case: dict[str, Any]) -> str:
    key = case["key"]["case"]
    return key["benchmark"] + (f"({', '.join(key['params'])})" if key["params"] else "")


def test_good_cases_are_measured_and_bad_ones_recorded_as_what_they_are(
    measured: tuple[Finished, dict[str, Any]],
) -> None:
    done, report = measured
    assert done.exit == 4  # some cells could not be measured
    cases = _cases(report)
    for letter in ("'a'", "'b'"):
        case = cases[f"toys.Good.time_sum(200, {letter})"]
        assert case["pairs"] == 5
        assert case["speedup"]["ratio"] > 0
        assert case["answers"]["answers"] == "agree"
    assert cases["toys.track_answer"]["off"]["value"] == 42
    assert cases["toys.track_answer"]["speedup"] is None
    reasons = {entry["case"]: entry["reason"] for entry in report["outcome"]["failed"]}
    assert "ValueError: no such luck" in reasons["toys.time_raises"]
    assert "crashed by SIGSEGV in mode on" in reasons["toys.time_crashes_with_the_jit"]
    assert "no result" in reasons["toys.time_leaves_quietly"]
    assert reasons["toys.time_never_ends"].startswith("timeout")
    assert cases["toys.time_skipped"]["verdict"] == "skipped"  # as it asked to be: no failure
    assert "must return a number" in reasons["toys.track_rubbish"]
    assert len(reasons) == 5


def test_a_wrong_answer_and_a_crash_with_the_jit_only_are_suspected_bugs(
    measured: tuple[Finished, dict[str, Any]],
) -> None:
    cases = _cases(measured[1])
    assert cases["toys.time_differs"]["answers"]["answers"] == "digest differs"
    assert cases["toys.time_crashes_with_the_jit"]["only_on"]["endings"] == ["SIGSEGV"]
    assert all(case["only_on"] is None for name, case in cases.items() if "crashes" not in name)


def test_the_journal_holds_pairs_of_equal_effort_in_both_modes(
    toy: Toy, measured: tuple[Finished, dict[str, Any]]
) -> None:
    (path,) = toy.results.glob("*/trials/*.jsonl")
    content = TRIALS.read(path)
    assert not content.problems
    assert measured[1]["outcome"]["trials"] == len(content.records)  # also those that something disturbed
    blocks: dict[tuple[str, int], list[Any]] = {}
    pairs = [trial for trial in content.records if trial.arm != "sample"]
    for trial in pairs:
        blocks.setdefault((trial.block, trial.attempt), []).append(trial)
    for arms in blocks.values():
        assert {trial.mode for trial in arms} == {"off", "on"}
        assert len({(t.hash_seed, t.inner_loops, t.iterations, t.cpu) for t in arms}) == 1
    assert all(t.jit_enabled is (t.mode == "on") for t in pairs if t.outcome == "ok")


def test_a_second_run_measures_nothing_again_and_says_so(toy: Toy, measured: tuple[Finished, dict[str, Any]]) -> None:
    (path,) = toy.results.glob("*/trials/*.jsonl")
    before = path.read_bytes()
    done = toy.asv_jit("run", "HEAD")
    assert path.read_bytes() == before
    assert done.exit == 4
    words = re.search(
        r"nothing to measure: (\d+) cells measured before, and (\d+) cells failed: --retry-failed", done.stdout
    )
    assert words is not None
    assert [int(number) for number in words.groups()] == [
        11 - done.stdout.count("not measured: "),
        done.stdout.count("not measured: "),
    ]


def test_asv_itself_shows_and_publishes_the_same_results(toy: Toy, measured: tuple[Finished, dict[str, Any]]) -> None:
    asv = [sys.executable, "-m", "asv"]
    shown = run([*asv, "show", "main"], env=toy.env, cwd=toy.folder, keep_bytes=1 << 20)
    assert shown.ok, shown.complaint()
    assert shown.stdout.count("PYTHON_JIT0]") == shown.stdout.count("PYTHON_JIT1]") > 0
    published = run([*asv, "publish", "--html-dir", "asv-html"], env=toy.env, cwd=toy.folder)
    assert published.ok, published.complaint()
    index = json.loads((toy.folder / "asv-html" / "index.json").read_text(encoding="utf-8"))
    assert index["params"]["env-PYTHON_JIT"] == ["0", "1"]
    (python,) = index["params"]["python"]
    assert "+" in python


def test_the_site_is_published_with_hostile_text_as_text(toy: Toy, measured: tuple[Finished, dict[str, Any]]) -> None:
    done = toy.asv_jit("publish")
    assert done.ok, done.complaint()
    home = (toy.folder / "html" / "index.html").read_text(encoding="utf-8")
    assert "toys.time_differs" in home
    assert "<script>alert(1)" not in home


def test_an_interrupted_run_keeps_its_trials_and_leaves_no_process(
    toy: Toy, measured: tuple[Finished, dict[str, Any]]
) -> None:
    (path,) = toy.results.glob("*/trials/*.jsonl")
    before = path.read_bytes()
    command = [sys.executable, "-m", "asv_jit", "run", "HEAD", "--retry-failed", "--bench", "never_ends"]
    temporary = Path(toy.env[paths.CACHE_VARIABLE], "tmp")
    pipe = subprocess.PIPE
    child = subprocess.Popen(command, env=toy.env, cwd=toy.folder, stdout=pipe, stderr=pipe, text=True)
    deadline = time.monotonic() + 60
    while not list(temporary.glob("*/asv-jit-*/request")) and time.monotonic() < deadline:
        time.sleep(0.02)  # until its first trial has begun
    child.send_signal(signal.SIGINT)
    printed, complaint = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "interrupted" in complaint
    assert printed.count("\ntoys.time_never_ends") == 1  # the table as it stands
    assert path.read_bytes().startswith(before)
    assert not list(temporary.iterdir())


def test_a_full_disk_is_one_clear_message(toy: Toy, measured: tuple[Finished, dict[str, Any]]) -> None:
    (path,) = toy.results.glob("*/trials/*.jsonl")
    before = path.read_bytes()
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before)}, {len(before)})); "
        "from asv_jit.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", limited, "run", "HEAD", "--retry-failed", "--bench", "raises"]
    done = run(command, env=toy.env, cwd=toy.folder)
    assert done.exit == 4, done.complaint()
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == before


def test_plain_asv_tells_each_mode_its_commit_and_never_asks_the_shell(
    toy: Toy, measured: tuple[Finished, dict[str, Any]]
) -> None:
    _git(toy.folder, "commit", "-q", "--allow-empty", "-m", "another")
    asv = [sys.executable, "-m", "asv", "run", "--quick", "--bench", "track_commit", "HEAD~1..HEAD"]
    done = run(asv, env={**toy.env, "PYTHON_JIT": "1"}, cwd=toy.folder)
    assert done.ok, done.complaint()
    head = run(["git", "rev-parse", "HEAD"], env=toy.env, cwd=toy.folder).stdout.strip()
    seen = {}
    for path in toy.results.glob(f"*/{head[:8]}-*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        seen[result["env_vars"]["PYTHON_JIT"]] = result["results"]["toys.track_commit"][0][0]
    assert seen == {mode: int(head[:7], 16) * 2 + int(mode) for mode in ("0", "1")}
