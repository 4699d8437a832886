"""`asv-jit init`: prepares a suite for both JIT modes, or starts one, and writes its GitHub workflows.

Everything is planned first and written afterwards, so that `--dry-run` shows exactly what would happen. A second run
finds nothing to do.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from pathlib import Path

from msgspec import Struct

from asv_jit.asv_adapter.config_edit import checked, with_jit
from asv_jit.asv_adapter.mirror import insist_on_git
from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository
from asv_jit.store.files import write_atomically
from asv_jit.workflows.setup.workflow_files import WorkflowOptions, is_ours, measures_itself, template, workflow_files

_IGNORED = ("/.asv/", "/html/", "/results/", "__pycache__/")
_OLDEST_WITH_JIT = 14


class Change(Struct, frozen=True):
    """A file to write; `before` is None if it is new."""

    path: Path
    before: str | None
    after: str

    def diff(self, root: Path) -> str:
        """Return a unified diff, with paths relative to `root`."""
        name = self.path.relative_to(root).as_posix() if self.path.is_relative_to(root) else str(self.path)
        before = [] if self.before is None else self.before.splitlines(keepends=True)
        lines = difflib.unified_diff(
            before, self.after.splitlines(keepends=True), name if before else "/dev/null", name
        )
        if not self.after:
            return f"--- /dev/null\n+++ {name}\n(an empty file)\n"
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


class Proposal(Struct, frozen=True):
    """What init would do: files to write, workflows that the user edited and keeps, what to do next.

    `edited` holds the change that init would make if they were not edited.
    """

    root: Path
    changes: tuple[Change, ...]
    edited: tuple[Change, ...]
    notes: tuple[str, ...]
    next_steps: tuple[str, ...]


def propose(config: Path, options: WorkflowOptions | None) -> Proposal:
    """Return what init would write for the asv.conf.json at `config`, which may not exist yet; write nothing.

    Parameters: `options` of the workflows; None for no workflows.

    Raises UsageError where the configuration is broken or there is no git repository.
    """
    config = config.absolute()
    root = _repository_root(config.parent)
    if config.exists():
        known = load_project(config)  # raises for what is broken already
        insist_on_git(known)
        before = config.read_bytes().decode("utf-8")
        edit = with_jit(before, known.name)
        changes = [Change(config, before, edit.text)] if edit.text != before else []
        notes, project = edit.notes, checked(edit.text, config)
    else:
        changes = _starter(config, root)
        notes, project = (), checked(changes[0].after, config)
    edited: list[Change] = []
    if options is not None:
        if not measures_itself(project, root):
            notes = (*notes, f"no workflow for pull requests: the suite measures {project.repo}, not this repository")
        for path, text in workflow_files(project, root, options).items():
            _add_workflow(root / path, text, changes, edited)
    return Proposal(
        root,
        tuple(changes),
        tuple(edited),
        (*notes, *_remarks(project)),
        _next_steps(project, workflows=options is not None),
    )


def apply(proposal: Proposal) -> None:
    """Write the planned files, each whole or not at all. Raises StorageError."""
    for change in proposal.changes:
        write_atomically(change.path, change.after)


def _repository_root(folder: Path) -> Path:
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
        if (candidate / ".hg").exists():
            raise UsageError(f"expected a git repository, found a Mercurial one at {candidate}; asv-jit needs git")
    raise UsageError(
        f"{folder} is not in a git repository, and asv-jit measures commits: run `git init`, commit, and try again"
    )


def _starter(config: Path, root: Path) -> list[Change]:
    """Return a configuration and a benchmark that runs, for a project without any."""
    folder = config.parent
    within = [one for one in (folder, *folder.parents) if one.is_relative_to(root)]
    package = next((one for one in within if _can_be_installed(one)), None)
    name = _project_name(package or folder)
    below = "" if package in (None, root) else package.relative_to(root).as_posix()
    text = (
        template("asv.conf.json.txt")
        .replace("@PROJECT@", json.dumps(name))
        .replace("@REPO@", json.dumps(Path(os.path.relpath(root, folder)).as_posix()))
        .replace("@SUBFOLDER@", f'    "repo_subdir": {json.dumps(below)},\n' if below else "")
        .replace("@MAIN@", json.dumps(Repository(root).lasting_branch()))
        .replace("@COMMANDS@", _NOTHING_TO_INSTALL if package is None else "")
        .replace("@TITLE@", json.dumps(f"{name} and CPython's JIT"))
    )
    changes = [Change(config, None, text)]
    suite = folder / "benchmarks"
    if not (suite / "__init__.py").exists():
        changes.append(Change(suite / "__init__.py", None, ""))
    if not any(suite.glob("**/*.py")):
        changes.append(Change(suite / "example.py", None, template("example.py.txt")))
    ignore = folder / ".gitignore"
    known = ignore.read_text(encoding="utf-8") if ignore.is_file() else ""
    missing = [line for line in _IGNORED if line.strip("/") not in {old.strip("/ ") for old in known.splitlines()}]
    if missing:
        start = known if not known or known.endswith("\n") else f"{known}\n"
        changes.append(Change(ignore, known or None, start + "".join(f"{line}\n" for line in missing)))
    return changes


_NOTHING_TO_INSTALL = """\
    // There is nothing to install here yet; with a pyproject.toml, remove these three lines.
    "build_command": [],
    "install_command": [],
    "uninstall_command": [],
"""


def _project_name(folder: Path) -> str:
    try:
        data = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        return str(data["project"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder.name


def _can_be_installed(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg"))


def _add_workflow(path: Path, text: str, changes: list[Change], edited: list[Change]) -> None:
    if not path.exists():
        changes.append(Change(path, None, text))
        return
    before = path.read_text(encoding="utf-8")
    if before != text:
        (changes if is_ours(before) else edited).append(Change(path, before, text))


def _remarks(project: Project) -> tuple[str, ...]:
    """Return what prevents measuring and only the user can change."""
    remarks = []
    minors = [int(match[1]) for python in project.pythons if (match := re.match(r"3\.(\d+)", python))]
    if minors and max(minors) < _OLDEST_WITH_JIT:
        remarks.append(
            f'"pythons" names {", ".join(project.pythons)} and no release with a JIT; add "3.15" (3.14 has one too)'
        )
    return tuple(remarks)


def _next_steps(project: Project, *, workflows: bool) -> tuple[str, ...]:
    steps = [
        "git add -A && git commit       only what is committed is measured",
        "asv-jit pythons install        gets the interpreters that asv.conf.json names",
        "asv-jit doctor                 says what would spoil measurements on this machine",
        "asv-jit run HEAD --quick       a first look at every case, kept apart from full results",
        f"asv-jit run HEAD && asv-jit publish    the real figures, and the site in {project.html_dir.name}/",
    ]
    if workflows:
        steps.append("push the workflows to the default branch, and set Settings > Pages > Source to GitHub Actions")
    return tuple(steps)
