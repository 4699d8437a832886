"""A matrix with two versions of a requirement: each set is measured by itself and told apart everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asv_jit.asv_adapter.project import load_project
from asv_jit.errors import UsageError
from asv_jit.installations import Requirements, requirement_sets
from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.journal import TRIALS
from tests.interpreters.fakes import interpreter
from tests.workflows.histories import FAST, make_history

OTHER = interpreter("3.14.2", "aaaaaaaa")
NEWEST = interpreter("3.15.2", "bbbbbbbb")


def _project(folder: Path, **more: object) -> Path:
    config = {"version": 1, "project": "x", "repo": ".", "pythons": ["3.14", "3.15"], "environment_type": "jit", **more}
    path = folder / "asv.conf.json"
    path.write_text(json.dumps(config))
    return path


def test_sets_are_asvs_own_combinations(tmp_path: Path) -> None:
    matrix = {"req": {"six": ["1.15", "1.16"], "numpy": []}, "env_nobuild": {"PYTHON_JIT": ["0", "1"], "A": ["1"]}}
    rules = [{"python": "3.14", "req": {"six": "1.15"}}]
    project = load_project(_project(tmp_path, matrix=matrix, exclude=rules))
    assert [one.text for one in requirement_sets(project, NEWEST)] == ["numpy six==1.15 A=1", "numpy six==1.16 A=1"]
    assert [one.text for one in requirement_sets(project, OTHER)] == ["numpy six==1.16 A=1"]
    added = [{"python": "3.15", "req": {"six": "1.17"}}]
    project = load_project(_project(tmp_path, matrix={"req": {"six": ["1.16"]}}, include=added))
    assert [one.text for one in requirement_sets(project, NEWEST)] == ["six==1.16", "six==1.17"]
    assert [one.text for one in requirement_sets(project, OTHER)] == ["six==1.16"]


def test_rules_that_leave_nothing_are_told(tmp_path: Path) -> None:
    project = load_project(_project(tmp_path, exclude=[{"python": "3.15"}]))
    with pytest.raises(UsageError, match=r"Python 3\.15, but its rules exclude them all"):
        requirement_sets(project, NEWEST)


def test_a_set_is_found_again_by_its_name() -> None:
    given = Requirements((("numpy", ">=1.2"), ("six", "1.16"), ("toml", "")), (), (("A", "1"),))
    assert given.text == "numpy>=1.2 six==1.16 toml A=1"
    assert Requirements.of_text(given.text) == given


@pytest.mark.interpreters
def test_each_set_is_measured_and_told_apart(tmp_path: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    history = make_history(tmp_path / "toy", [FAST], [jit_interpreters["3.15"].executable])
    config = json.loads((history.folder / "asv.conf.json").read_text())
    config["matrix"] = {"req": {"six": ["1.15.0", "1.16.0"]}}
    (history.folder / "asv.conf.json").write_text(json.dumps(config))
    done = history.asv_jit("run", "HEAD", "--bench", "time_work")
    assert done.ok, done.complaint()
    (machine,) = (path for path in (history.folder / "results").iterdir() if path.is_dir())
    trials = [trial for _, content in TRIALS.read_all(machine) for trial in content.records]
    assert {trial.requirements for trial in trials} == {"six==1.15.0", "six==1.16.0"}
    assert len({trial.installation for trial in trials}) == 2
    rows = {path.name for path in machine.glob("*PYTHON_JIT1.json")}
    assert {name.rpartition("six")[2] for name in rows} == {"1.15.0-PYTHON_JIT1.json", "1.16.0-PYTHON_JIT1.json"}
    again = json.loads(history.asv_jit("run", "HEAD", "--bench", "time_work", "--json").stdout)
    assert (again["outcome"]["cells_measured"], again["outcome"]["cells_present"]) == (0, 2)
    assert history.asv_jit("publish").ok
    home = (history.folder / "html" / "index.html").read_text()
    assert "with six==1.15.0" in home
    assert "with six==1.16.0" in home
