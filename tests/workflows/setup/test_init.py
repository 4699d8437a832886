"""`asv-jit init`: asv reads the result, the rest stays, workflows leak nothing, a second run does nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import json5
import pytest
import yaml
from asv.config import Config

from asv_jit.asv_adapter.mirror import fetched, insist_on_git, repository_without_network
from asv_jit.asv_adapter.project import load_project
from asv_jit.errors import UsageError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import paths
from asv_jit.system.processes import Finished, base_environment, run
from asv_jit.workflows.measuring.pairing import repository_folder
from asv_jit.workflows.measuring.reporter import Silent
from asv_jit.workflows.nights.nightly import Options, nightly, plan_only
from asv_jit.workflows.setup.init import apply, propose
from asv_jit.workflows.setup.workflow_files import WorkflowOptions, is_ours

REPOSITORY = Path(__file__).parents[3]
NIGHTLY = Path(".github/workflows/asv-jit-nightly.yml")
PULL_REQUEST = Path(".github/workflows/asv-jit-pull-request.yml")
COMMENT = Path(".github/workflows/asv-jit-comment.yml")

CONFIGURATION = """\
// Ours since 2015.
{
    "version": 1,
    "project": 'thing',   // the name
    "repo": "..",
    /* "dvcs": "git", */
    "environment_type": "virtualenv", // was conda once
    "plugins": ["asv_extra"],
    "matrix": {"six": ["1.16"], "numpy": []},   // older form
    "benchmark_dir": "suite",
    // "html_dir": "html",
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _git(tmp_path, "init", "-q", "-b", "trunk")
    return tmp_path


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


def _existing(folder: Path, text: str = CONFIGURATION) -> Path:
    config = folder / "asv" / "asv.conf.json"
    config.parent.mkdir()
    config.write_bytes(text.encode())
    return config


def test_an_existing_suite_gets_what_it_needs_and_keeps_the_rest(folder: Path) -> None:
    config = _existing(folder)
    apply(propose(config, WorkflowOptions()))
    text = config.read_text()
    assert text == CONFIGURATION.replace('"virtualenv"', '"jit"').replace(
        '["asv_extra"]', '["asv_extra", ".asv_jit.asv_environment"]'
    ).replace(
        '{"six": ["1.16"], "numpy": []}',
        '{"req": {"six": ["1.16"], "numpy": []}, "env_nobuild": {"PYTHON_JIT": ["0", "1"]}}',
    ).replace(
        '"suite",',
        '"suite",\n    "pythons": ["3.14", "3.15"],\n    "jit": {"site": {"title": "thing and CPython\'s JIT"}},',
    )
    assert Config.load(str(config)).matrix["env_nobuild"] == {"PYTHON_JIT": ["0", "1"]}
    assert load_project(config).settings.site.title == "thing and CPython's JIT"


def test_a_second_run_changes_nothing(folder: Path) -> None:
    config = _existing(folder)
    apply(propose(config, WorkflowOptions()))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = propose(config, WorkflowOptions())
    assert (again.changes, again.edited) == ((), ())
    apply(again)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{}", {"env_nobuild": {"PYTHON_JIT": ["0", "1"]}}),
        ('{"req": {"six": []}}', {"req": {"six": []}, "env_nobuild": {"PYTHON_JIT": ["0", "1"]}}),
        ('{"env_nobuild": {"A": ["1"]}}', {"env_nobuild": {"A": ["1"], "PYTHON_JIT": ["0", "1"]}}),
        ('{"env_nobuild": {"PYTHON_JIT": ["1"]}}', {"env_nobuild": {"PYTHON_JIT": ["0", "1"]}}),
    ],
)
def test_every_form_of_matrix_gets_both_modes(matrix: str, expected: dict[str, Any], folder: Path) -> None:
    config = _existing(folder, f'{{"version": 1, "project": "x", "repo": "..", "matrix": {matrix}}}')
    apply(propose(config, None))
    assert json5.loads(config.read_text())["matrix"] == expected


def test_a_mode_that_would_be_built_with_is_refused(folder: Path) -> None:
    config = _existing(folder, '{"version": 1, "project": "x", "repo": "..", "matrix": {"env": {"PYTHON_JIT": ["1"]}}}')
    with pytest.raises(UsageError, match=r"matrix\.env"):
        propose(config, None)


def test_what_stands_in_the_way_of_measuring_is_said(folder: Path) -> None:
    config = _existing(folder, '{"version": 1, "project": "x", "repo": "..", "pythons": ["3.9"]}')
    made = propose(config, None)
    assert any("no release with a JIT" in note for note in made.notes)


def test_an_empty_project_gets_a_suite(folder: Path) -> None:
    (folder / ".gitignore").write_text("/html/")
    made = propose(folder / "asv.conf.json", WorkflowOptions())
    assert "".join(change.diff(made.root) for change in made.changes).count("+++") == 7
    assert sorted(path.name for path in folder.iterdir()) == [".git", ".gitignore"]
    apply(made)
    project = load_project(folder / "asv.conf.json")
    assert (project.branches, project.name) == (("trunk",), folder.name)
    assert project.asv.build_command == []
    assert (folder / ".gitignore").read_text() == "/html/\n/.asv/\n/results/\n__pycache__/\n"
    assert (folder / "benchmarks" / "example.py").is_file()
    assert propose(folder / "asv.conf.json", WorkflowOptions()).changes == ()


def test_an_empty_folder_of_benchmarks_becomes_a_suite_and_one_with_benchmarks_a_package(folder: Path) -> None:
    suite = folder / "benchmarks"
    suite.mkdir()
    wanted = {suite / "__init__.py", suite / "example.py"}
    assert {change.path for change in propose(folder / "asv.conf.json", None).changes} >= wanted
    (suite / "mine.py").touch()
    changed = {change.path for change in propose(folder / "asv.conf.json", None).changes}
    assert changed & wanted == {suite / "__init__.py"}


def test_a_project_that_can_be_installed_is(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "the-name"\n')
    apply(propose(folder / "asv.conf.json", None))
    project = load_project(folder / "asv.conf.json")
    assert (project.name, project.asv.build_command) == ("the-name", None)


def test_an_edited_workflow_is_left_alone_and_one_of_ours_is_replaced(folder: Path) -> None:
    config = _existing(folder)
    apply(propose(config, WorkflowOptions(budget="1h")))
    edited = (folder / PULL_REQUEST).read_text() + "# mine\n"
    (folder / PULL_REQUEST).write_text(edited)
    made = propose(config, WorkflowOptions(budget="2h"))
    assert [change.path for change in made.changes] == [folder / NIGHTLY]
    assert [change.path for change in made.edited] == [folder / PULL_REQUEST]
    assert "-# mine" in made.edited[0].diff(folder)
    apply(made)
    assert "--budget 2h" in (folder / NIGHTLY).read_text()
    assert (folder / PULL_REQUEST).read_text() == edited


def test_a_suite_in_a_repository_of_its_own_gets_no_pull_request_workflow(folder: Path) -> None:
    text = CONFIGURATION.replace('".."', '"https://github.com/someone/thing"')
    made = propose(_existing(folder, text), WorkflowOptions())
    assert [change.path.name for change in made.changes] == ["asv.conf.json", NIGHTLY.name]


@pytest.mark.parametrize(
    "options",
    [
        WorkflowOptions(requirement="x; rm -rf /"),
        WorkflowOptions(runner="${{ secrets.X }}"),
        WorkflowOptions(branch='a" b'),
        WorkflowOptions(cron="@daily"),
        WorkflowOptions(budget="soon"),
    ],
)
def test_options_that_are_more_than_words_are_refused(options: WorkflowOptions, folder: Path) -> None:
    with pytest.raises(UsageError):
        propose(_existing(folder), options)


def test_a_package_in_a_subfolder_is_named_with_its_repository(folder: Path) -> None:
    package = folder / "packages" / "one"
    package.mkdir(parents=True)
    (package / "pyproject.toml").write_text('[project]\nname = "one"\n')
    apply(propose(package / "asv.conf.json", None))
    written = json5.loads((package / "asv.conf.json").read_text())
    assert (written["repo"], written["repo_subdir"], written["project"]) == ("../..", "packages/one", "one")
    insist_on_git(load_project(package / "asv.conf.json"))


def test_a_suite_in_a_folder_of_the_package_measures_the_package(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "whole"\n')
    (folder / "asv_bench").mkdir()
    apply(propose(folder / "asv_bench" / "asv.conf.json", None))
    written = json5.loads((folder / "asv_bench" / "asv.conf.json").read_text())
    assert (written["repo"], written["project"]) == ("..", "whole")
    assert not {"repo_subdir", "build_command"} & written.keys()


def _branch_written(folder: Path) -> str:
    apply(propose(folder / "asv.conf.json", None))
    (branch,) = json5.loads((folder / "asv.conf.json").read_text())["branches"]
    return str(branch)


def test_a_worktree_gets_the_repositorys_lasting_branch(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    _git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    _git(folder, "branch", "-m", "master")
    beside = tmp_path_factory.mktemp("trees") / "beside"
    _git(folder, "worktree", "add", "-q", str(beside), "-b", "feature/x")
    assert _branch_written(beside) == "master"


def test_a_detached_head_gets_a_branch_that_exists(folder: Path) -> None:
    _git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    _git(folder, "checkout", "-q", "--detach")
    assert _branch_written(folder) == "trunk"
    (folder / "asv.conf.json").unlink()
    _git(folder, "branch", "-D", "trunk")
    assert _branch_written(folder) == "HEAD"


@pytest.mark.parametrize(
    ("repo", "said"), [('".", "dvcs": "hg"', '"dvcs": "hg"'), ('"hg+https://example.org/x"', "hg+https")]
)
def test_mercurial_is_refused_by_init_and_before_anything_is_measured(repo: str, said: str, folder: Path) -> None:
    config = _existing(folder, f'{{"version": 1, "project": "x", "repo": {repo}}}')
    with pytest.raises(UsageError, match=f"expected a git repository, found .*{re.escape(said)}"):
        propose(config, None)
    project = load_project(config)
    for entry in (repository_folder, repository_without_network, fetched):
        with pytest.raises(UsageError, match="git repositories only"):
            entry(project)
    for night in (nightly, plan_only):
        with pytest.raises(UsageError, match="git repositories only"):
            night(project, Options(), Silent())


def test_a_folder_of_mercurial_gets_no_advice_to_run_git_init(tmp_path: Path) -> None:
    (tmp_path / ".hg").mkdir()
    with pytest.raises(UsageError, match="found a Mercurial one"):
        propose(tmp_path / "asv.conf.json", None)


def test_a_repo_inside_a_repository_is_refused_with_what_to_write(folder: Path) -> None:
    config = _existing(folder, '{"version": 1, "project": "x", "repo": "."}')
    with pytest.raises(UsageError, match=r'"repo": "\.\.", and "repo_subdir": "asv"'):
        repository_folder(load_project(config))


def test_a_replaced_environment_type_is_told(folder: Path) -> None:
    config = _existing(folder, '{"version": 1, "project": "x", "repo": "..", "environment_type": "docker"}')
    assert any("\"environment_type\" was 'docker'" in note for note in propose(config, None).notes)


def test_without_a_repository_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="git init"):
        propose(tmp_path / "asv.conf.json", None)


def test_this_repositorys_workflows_are_what_init_writes() -> None:
    made = propose(REPOSITORY / "asv.conf.json", WorkflowOptions(requirement="."))
    assert (made.changes, made.edited) == ((), ())
    for path in (NIGHTLY, PULL_REQUEST, COMMENT):
        assert is_ours((REPOSITORY / path).read_text(encoding="utf-8"))


def _steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", sorted((REPOSITORY / ".github" / "workflows").glob("*.yml")), ids=lambda p: p.name)
def test_workflows_are_pinned_and_give_away_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    triggers = set(workflow[True])  # YAML 1.1 reads `on` so
    assert triggers <= {"schedule", "workflow_dispatch", "workflow_run", "pull_request", "push"}
    assert workflow["permissions"] == {}
    assert "secrets." not in text
    assert "concurrency" in workflow
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
    for step in _steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
        # Nothing that others can name, a branch say, is pasted into a shell.
        assert "${{" not in step.get("run", "")
    for line in text.splitlines():
        if "uses:" in line:
            assert re.search(r"# v\d+\.\d+\.\d+$", line)
    if "pull_request" in triggers:
        for job in workflow["jobs"].values():
            assert job["permissions"] == {"contents": "read"}
        for step in _steps(workflow):
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_no_job_of_the_nightly_both_measures_and_may_write() -> None:
    jobs = yaml.safe_load((REPOSITORY / NIGHTLY).read_text(encoding="utf-8"))["jobs"]
    for job in jobs.values():
        commands = " ".join(step.get("run", "") for step in job["steps"])
        if set(job["permissions"].values()) != {"read"}:
            assert not re.search(r"asv-jit (nightly|run|compare|bisect|pythons)", commands)


@pytest.mark.parametrize("path", [NIGHTLY, PULL_REQUEST])
def test_a_module_of_the_checkout_is_not_taken_for_pip(path: str, tmp_path: Path) -> None:
    for name in ("pip.py", "sitecustomize.py", "usercustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('the code of the project ran')")
    steps = _steps(yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8")))
    installing = [step["run"] for step in steps if "pip install" in step.get("run", "")]
    assert installing
    for command in installing:
        words = command.split()
        assert words[0] == "python"
        asked = run(
            [sys.executable, *words[1 : words.index("pip") + 1], "--version"], env=base_environment(), cwd=tmp_path
        )
        assert asked.stdout.startswith("pip "), asked.complaint()


@pytest.mark.interpreters
def test_the_suite_that_init_starts_runs(folder: Path, jit_interpreters: dict[str, Interpreter]) -> None:
    shutil.rmtree(folder / ".git")
    environment = base_environment({paths.CACHE_VARIABLE: str(folder / "cache"), "HOME": str(folder)})

    def start(*command: str) -> Finished:
        done = run(command, env=environment, cwd=folder / "new", keep_bytes=1 << 20)
        assert done.ok, done.complaint()
        return done

    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    asv_jit = (sys.executable, "-m", "asv_jit")
    (folder / "new").mkdir()
    start(*git, "init", "-q", "-b", "main")
    told = json.loads(start(*asv_jit, "init", "--json").stdout)
    assert {entry["path"] for entry in told["changed"]} >= {
        "asv.conf.json",
        "benchmarks/example.py",
        NIGHTLY.as_posix(),
    }
    start(*git, "add", "-A")
    start(*git, "commit", "-q", "-m", "first")
    python = str(jit_interpreters["3.15"].executable)
    measured = json.loads(start(*asv_jit, "run", "HEAD", "--quick", "--python", python, "--json").stdout)
    (case,) = measured["suites"][0]["cases"]
    assert case["pairs"] == 5
    assert case["answers"]["answers"] == "agree"
    assert start(*git, "status", "--porcelain").stdout == ""  # what it made is ignored
