"""A CI job's tokens reach no child of ours: not a trial, not a build, not the suite's import, not git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import paths
from asv_jit.system.processes import run

pytestmark = pytest.mark.interpreters

SECRETS = {
    name: f"planted-{number}"
    for number, name in enumerate(
        [
            "GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ENV",
            "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "TWINE_PASSWORD", "UV_PUBLISH_TOKEN", "NPM_TOKEN",
            "SSH_AUTH_SOCK", "GIT_ASKPASS", "DATABASE_URL", "MY_OWN_SECRET", "PYTHONSTARTUP", "LD_PRELOAD_NOT",
        ]
    )
}  # fmt: skip

# Writes down what it sees, named by the step.
SPY = """
import json, os, pathlib, sys, uuid
def look(step):
    pathlib.Path({seen!r}, f"{{step}}-{{uuid.uuid4()}}.json").write_text(json.dumps(dict(os.environ)))
"""
BENCHMARK = """
look("import")
class Looked:
    version = "1"
    def setup_cache(self):
        look("setup_cache")
        return 1
    def setup(self, cache):
        look("setup")
    def time_it(self, cache):
        pass
"""
GIT = """#!{python}
import os
{spy}
look("git")
os.execv({git!r}, [{git!r}, *sys.argv[1:]])
"""


@pytest.fixture
def project(tmp_path: Path, jit_interpreters: dict[str, Interpreter]) -> Path:
    seen = tmp_path / "seen"
    seen.mkdir()
    spy = SPY.format(seen=str(seen))
    folder = tmp_path / "project"
    (folder / "benchmarks").mkdir(parents=True)
    (folder / "benchmarks" / "__init__.py").write_text("")
    (folder / "benchmarks" / "spying.py").write_text(spy + BENCHMARK)
    (folder / "spy.py").write_text(spy + "look(sys.argv[1])\n")
    configuration = {
        "version": 1,
        "project": "spied",
        "repo": ".",
        "branches": ["main"],
        "environment_type": "jit",
        "plugins": [".asv_jit.asv_environment"],
        "pythons": [str(jit_interpreters["3.15"].executable)],
        "matrix": {"env_nobuild": {"PYTHON_JIT": ["0", "1"]}, "env": {"WANTED": ["yes"]}},
        "build_command": ["python {conf_dir}/spy.py build"],
        "install_command": ["python {conf_dir}/spy.py install"],
        "uninstall_command": [],
        "jit": {"pairs": {"min": 2, "max": 2}, "trial_seconds": 0.05},
    }
    (folder / "asv.conf.json").write_text(json.dumps(configuration))
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(GIT.format(python=sys.executable, spy=spy, git=shutil.which("git")))
    (tools / "git").chmod(0o755)
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments], cwd=folder, check=True
        )
    return folder


def test_no_child_of_any_kind_sees_a_planted_secret(project: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        **SECRETS,
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'tools'}{os.pathsep}{os.environ['PATH']}",
        "CFLAGS": "-O2",
        paths.CACHE_VARIABLE: str(tmp_path / "cache"),
    }
    done = run([sys.executable, "-m", "asv_jit", "run", "HEAD"], env=environment, cwd=project)
    assert done.ok, done.complaint()
    steps: dict[str, list[dict[str, str]]] = {}
    for path in (tmp_path / "seen").iterdir():
        steps.setdefault(path.name.partition("-")[0], []).append(json.loads(path.read_text()))
    assert set(steps) == {"import", "setup_cache", "setup", "build", "install", "git"}
    allowed = {"SSH_AUTH_SOCK", "GIT_ASKPASS"}  # git alone, where it talks to a remote, as the user would
    for step, environments in steps.items():
        for seen in environments:
            leaked = {name for name, value in seen.items() if value.startswith("planted-")}
            assert leaked <= (allowed if step == "git" else set()), step
    assert {seen.get("CFLAGS") for seen in steps["build"]} == {"-O2"}
    for step in ("build", "import", "setup", "setup_cache"):
        assert {seen.get("WANTED") for seen in steps[step]} == {"yes"}
    assert {seen["PYTHON_JIT"] for seen in steps["setup"]} == {"0", "1"}
