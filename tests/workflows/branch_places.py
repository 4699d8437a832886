"""A project with a remote, both real git repositories, and results to put on its branches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.model import Trial
from asv_jit.store.journal import TRIALS
from asv_jit.system.processes import base_environment, run
from tests.store.trials import COMMIT, INTERPRETER, made

MACHINE = "box"


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody whom it knows."""
    known = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    done = run(["git", *known, *arguments], env=base_environment({"GIT_CONFIG_GLOBAL": "/dev/null"}), cwd=folder)
    assert done.ok, done.complaint()
    return done.stdout


@dataclass(frozen=True)
class Place:
    """A clone of the project; `results` is its tree of results."""

    project: Project
    remote: Path

    @property
    def results(self) -> Path:
        return self.project.results_dir

    @property
    def machine(self) -> Path:
        return self.results / MACHINE

    def measure(self, *trials: Trial) -> None:
        """Append trials to the journal, and say what machine this is."""
        (self.machine / "trials").mkdir(parents=True, exist_ok=True)
        (self.machine / "machine.json").write_text(json.dumps({"machine": MACHINE, "version": 1}))
        for trial in trials:
            TRIALS.append(self.machine, trial)

    def on_branch(self, branch: str) -> dict[str, str]:
        """The files of a branch of the remote."""
        names = git(self.remote, "ls-tree", "-r", "--name-only", branch).split("\n")
        return {name: git(self.remote, "show", f"{branch}:{name}") for name in names if name}

    def trials_on_branch(self, branch: str) -> list[str]:
        """The ids of the trials that the branch's journal holds, in its order."""
        lines = self.on_branch(branch)[f"{MACHINE}/trials/{COMMIT}-{INTERPRETER}.jsonl"].splitlines()
        return [json.loads(line)["trial"] for line in lines[1:]]


def clone(remote: Path, folder: Path) -> Place:
    """Another machine's clone."""
    git(remote.parent, "clone", "--quiet", str(remote), str(folder))
    return Place(load_project(folder / "asv.conf.json"), remote)


def new_remote(folder: Path) -> Path:
    """A bare repository with a project in it."""
    remote = folder / "remote.git"
    git(folder, "init", "--quiet", "--bare", str(remote))
    start = folder / "start"
    git(folder, "clone", "--quiet", str(remote), str(start))
    configuration = {"version": 1, "project": "toy", "repo": ".", "branches": ["main"]}
    (start / "asv.conf.json").write_text(json.dumps(configuration))
    (start / ".gitignore").write_text("results\n*.json\n")
    git(start, "add", "--force", ".")
    git(start, "commit", "--quiet", "-m", "first")
    git(start, "push", "--quiet", "origin", "HEAD:main")
    return remote


def trial(block: str, seconds: float = 1.0, arm: str = "off") -> Trial:
    """A trial of the commit and interpreter that `Place.measure` writes to."""
    return made(block, arm, seconds, commit=COMMIT, interpreter=INTERPRETER)
