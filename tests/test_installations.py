"""What an installation holds and tells its benchmarks, as asv would."""

from __future__ import annotations

import json
import os
import re
import resource
from pathlib import Path
from typing import Any

import pytest

from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import StorageError
from asv_jit.installations import Installation, asv_environment_of, install, requirement_sets
from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import paths
from asv_jit.system.processes import base_environment, run

pytestmark = pytest.mark.interpreters

REQUIRES = ["setuptools >= 61.0", 'tomli; python_version < "3.11"', "packaging==24.*", "setuptools_scm[toml]>=6.2"]
EDITABLE = {
    "build_command": [],
    "install_command": ["in-dir={env_dir} python -m pip install --no-build-isolation --no-deps -e {build_dir}"],
}


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"]
    done = run(["git", *identity, *arguments], env=dict(os.environ), cwd=folder)
    assert done.ok, done.complaint()
    return done.stdout.strip()


def _project(folder: Path, monkeypatch: pytest.MonkeyPatch, **conf: Any) -> tuple[Project, str]:
    interpreters = paths.cache_dir("interpreters")
    cache = folder / "cache"
    cache.mkdir(parents=True)
    (cache / "interpreters").symlink_to(interpreters)
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(cache))
    project = folder / "project"
    (project / "inner" / "demo").mkdir(parents=True)
    (project / "inner" / "demo" / "__init__.py").write_text("")
    pyproject = f"""
[build-system]
requires = {json.dumps(REQUIRES)}
build-backend = "setuptools.build_meta"
[project]
name = "demo"
version = "1"
[tool.setuptools]
packages = ["demo"]
"""
    (project / "inner" / "pyproject.toml").write_text(pyproject)
    (project / "pyproject.toml").write_text(pyproject)  # asv looks here, too
    table = {"version": 1, "project": "demo", "repo": ".", "repo_subdir": "inner", "branches": ["main"]}
    (project / "asv.conf.json").write_text(json.dumps({**table, "environment_type": "jit", **conf}))
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", "one")
    monkeypatch.chdir(project)  # as the subcommands do
    return load_project(project / "asv.conf.json"), _git(project, "rev-parse", "HEAD")


def _ask(installation: Installation, code: str) -> Any:
    done = run(
        [installation.python, "-c", f"import json, os\n{code}"],
        env=base_environment(installation.variables),
        cwd=Path("/"),
    )
    assert done.ok, done.complaint()
    return json.loads(done.stdout)


def test_build_requirements_of_every_form_are_none_of_the_measured_environment(
    jit_interpreters: dict[str, Interpreter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, commit = _project(
        tmp_path, monkeypatch, matrix={"req": {"six": []}, "env": {"ASV_PYTHONPATH": "/somewhere"}}
    )
    built = install(project, jit_interpreters["3.15"], requirement_sets(project, jit_interpreters["3.15"])[0], commit)
    found = _ask(
        built,
        "import demo, sys, importlib.util as u\n"
        "print(json.dumps([u.find_spec('setuptools_scm') is None, '/somewhere' in sys.path]))",
    )
    assert found == [True, True]
    versions = dict(one.split("==") for one in built.packages())
    assert re.fullmatch(r"\d+\.\d+\.\d+", versions["six"])
    assert versions.keys().isdisjoint(("demo", "pip", "setuptools"))
    assert list(Path(built.variables["ASV_BUILD_CACHE_DIR"]).glob("demo-1-*.whl"))


def test_an_editable_installation_keeps_its_checkout_and_asvs_variables_say_where(
    jit_interpreters: dict[str, Interpreter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, commit = _project(tmp_path, monkeypatch, **EDITABLE)
    requirements = requirement_sets(project, jit_interpreters["3.15"])[0]
    built = install(project, jit_interpreters["3.15"], requirements, commit)
    asv = asv_environment_of(project, jit_interpreters["3.15"], requirements, "0", tmp_path)
    assert {name for name in built.variables if name.startswith("ASV")} >= {*asv._global_env_vars}
    found = _ask(built, "import demo; print(json.dumps([dict(os.environ), demo.__file__]))")
    variables, imported_from = found
    env_dir = Path(variables["ASV_ENV_DIR"])
    assert Path(variables["ASV_BUILD_DIR"]) == env_dir / "project" / "inner"
    assert Path(imported_from).is_relative_to(env_dir / "project")
    assert (env_dir / "project" / "asv.conf.json").is_file()
    assert variables["ASV_COMMIT"] == commit
    assert variables["ASV_PROJECT"] == "demo"
    assert variables["ASV_CONF_DIR"] == str(project.folder)
    assert variables["ASV_ENV_NAME"] == f"jit-py{jit_interpreters['3.15'].identity}"
    assert install(project, jit_interpreters["3.15"], requirements, commit) == built


def test_a_full_disk_is_not_taken_for_a_commit_that_cannot_be_installed(
    jit_interpreters: dict[str, Interpreter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, commit = _project(tmp_path, monkeypatch)
    requirements = requirement_sets(project, jit_interpreters["3.15"])[0]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # pip has larger files
    try:
        with pytest.raises(StorageError, match="free some space") as caught:
            install(project, jit_interpreters["3.15"], requirements, commit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Traceback" not in str(caught.value)
    assert install(project, jit_interpreters["3.15"], requirements, commit).python.is_file()
