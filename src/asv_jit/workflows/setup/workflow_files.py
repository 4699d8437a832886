"""The workflows for GitHub Actions that `init` writes: templates, filled in, with a line that tells ours from edited.

The first line holds a digest of the rest. As long as it fits, nobody has edited the file, and a newer asv-jit may
replace it.
"""

from __future__ import annotations

import hashlib
import os
import re
from importlib import resources
from pathlib import Path

from msgspec import Struct

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.settings import parse_duration_s

_FOLDER = Path(".github", "workflows")
_FIRST_LINE = "# Written by `asv-jit init` ({}). Edit it freely: init never writes over a file that was edited.\n"
_FIRST_LINE_PATTERN = re.compile(re.escape(_FIRST_LINE).replace(r"\{\}", "([0-9a-f]{16})"))
_INSTALLING_MINUTES = 45
# These have no special meaning in YAML, the shell or GitHub's expressions.
_PLAIN = {
    "requirement": re.compile(r"[\w./\[\],<>=!~+-]+"),
    "runner": re.compile(r"[\w.-]+|\[[\w., -]+\]"),
    "branch": re.compile(r"[\w./-]+"),
    "cron": re.compile(r"[\d*/, -]+"),
}


class WorkflowOptions(Struct, frozen=True):
    """Options of the workflows: what pip installs, the runner, start and budget of the job, the branch."""

    requirement: str = "asv-jit"
    runner: str = "ubuntu-24.04"
    cron: str = "17 2 * * *"
    budget: str = "3h"
    branch: str = "asv-results"


def workflow_files(project: Project, root: Path, options: WorkflowOptions) -> dict[Path, str]:
    """Return content by path below the repository's `root`. Raises UsageError for options that are not plain words."""
    for name, pattern in _PLAIN.items():
        if not pattern.fullmatch(getattr(options, name)):
            raise UsageError(f"--{name}: expected plain words, found {getattr(options, name)!r}")
    minutes = round(parse_duration_s(options.budget, "--budget") / 60) + _INSTALLING_MINUTES
    values = {
        "BRANCH": options.branch,
        "BUDGET": options.budget,
        "CRON": options.cron,
        "FOLDER": _inside(project.folder, root, "asv.conf.json"),
        "HTML": _inside(project.html_dir, root, "html_dir"),
        "MINUTES": str(minutes),
        "REQUIREMENT": f'"{options.requirement}"' if re.search(r"[<>\[]", options.requirement) else options.requirement,
        "RESULTS": _inside(project.results_dir, root, "results_dir"),
        "RUNNER": options.runner,
    }
    names = ["nightly.yml"]
    if measures_itself(project, root):
        names += ["pull-request.yml", "comment.yml"]
    return {_FOLDER / f"asv-jit-{name}": _signed(_filled(template(name), values)) for name in names}


def measures_itself(project: Project, root: Path) -> bool:
    """Return True if the suite measures its own repository; if not, pull requests here do not matter to it."""
    return "://" not in project.repo and Path(os.path.normpath(project.folder / project.repo)) == root


def template(name: str) -> str:
    """Return the text of a file that comes with asv-jit."""
    return (resources.files("asv_jit") / "workflow_templates" / name).read_text(encoding="utf-8")


def is_ours(text: str) -> bool:
    """Return True if the workflow is as some version of asv-jit wrote it."""
    match = _FIRST_LINE_PATTERN.match(text)
    return match is not None and match[1] == _digest(text[match.end() :])


def _signed(body: str) -> str:
    return _FIRST_LINE.format(_digest(body)) + body


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8")).hexdigest()[:16]


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], text)


def _inside(path: Path, root: Path, what: str) -> str:
    """Return the path relative to the repository, with slashes."""
    relative = Path(os.path.normpath(path))
    if not relative.is_relative_to(root):
        raise UsageError(
            f"{what} is at {relative}, outside the repository at {root}, where no workflow reaches it; move it, or use "
            "--no-workflows"
        )
    text = relative.relative_to(root).as_posix()
    if not re.fullmatch(r"[\w./ -]+", text):
        raise UsageError(f"{what}: expected a plain path for the workflows, found {text!r}")
    return text
