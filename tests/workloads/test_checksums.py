"""Every workload gives its pinned checksum: here, on other interpreters, with the JIT off and on, cold and hot."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import json5
import pytest

import jit_workloads
from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import processes
from jit_workloads.startup import COMMANDS
from tests.workloads import inside
from tests.workloads.checks import CHECKS, OUTPUTS, Check

SOURCES = Path(jit_workloads.__file__).parents[1]
LIBRARIES = (
    "anyio",
    "huey",
    "idna",
    "jinja2",
    "markupsafe",
    "marshmallow",
    "starlette",
    "typing_extensions",
    "werkzeug",
)
REPEATS = 12  # some 10,000 turns and more of every loop that matters: beyond the threshold of every release


def _library_paths() -> list[str]:
    """Where the service group's libraries lie: other interpreters import them from there, for they are pure Python."""
    found = set()
    for name in LIBRARIES:
        spec = importlib.util.find_spec(name)
        assert spec is not None, f"{name} is not installed: pip install 'asv-jit[test]'"
        assert spec.origin is not None
        origin = Path(spec.origin)
        found.add(str(origin.parent if origin.name != "__init__.py" else origin.parents[1]))
    return sorted(found)


def test_the_libraries_are_pinned_alike_for_the_suite_and_for_its_tests() -> None:
    config = json5.loads((SOURCES.parent / "asv.conf.json").read_text(encoding="utf-8"))
    project = tomllib.loads((SOURCES.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {name: f"{name}=={version}" for name, (version,) in config["matrix"]["req"].items()}
    assert sorted(pinned) == sorted(LIBRARIES)
    assert set(pinned.values()) <= set(project["optional-dependencies"]["test"])


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_gives_its_checksum(check: Check) -> None:
    assert json.loads(json.dumps(inside.checksums(check.workload, list(check.arguments), 2))) == [check.checksum]


@pytest.mark.parametrize("name", COMMANDS)
def test_command_writes_its_output(name: str) -> None:
    finished = processes.run(
        [sys.executable, "-W", "error", *COMMANDS[name]],
        env=processes.base_environment({"PYTHONPATH": str(SOURCES)}),
        timeout_s=60,
    )
    assert finished.ok, finished.complaint()
    assert finished.stdout == OUTPUTS[name]


def test_every_workload_has_a_check() -> None:
    checked = {check.workload.split(":")[0] for check in CHECKS}
    modules = {
        ".".join(path.relative_to(SOURCES / "jit_workloads").with_suffix("").parts)
        for path in (SOURCES / "jit_workloads").rglob("*.py")
        if path.name != "__init__.py" and path.parent.name != "startup"
    }
    assert modules - checked == {"draws", "service.latency"}
    assert len({check.workload for check in CHECKS}) + len(COMMANDS) >= 24


def test_only_the_services_import_other_libraries() -> None:
    own = {"jit_workloads", *sys.stdlib_module_names}
    for path in (SOURCES / "jit_workloads").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        foreign = {name.split(".")[0] for name in imported} - own - {"_typeshed"}
        assert not foreign or path.parent.name == "service", path


@pytest.mark.interpreters
@pytest.mark.parametrize("mode", ["off", "on"])
def test_agree_on_interpreters_with_a_jit(mode: str, jit_interpreters: dict[str, Interpreter]) -> None:
    for interpreter in jit_interpreters.values():
        answer = _answer_of(interpreter, mode)
        assert answer["jit_enabled"] == (mode == "on"), interpreter
        found = {str(check): given for check, given in zip(CHECKS, answer["checksums"], strict=True)}
        assert found == {str(check): [check.checksum] for check in CHECKS}, interpreter


@pytest.mark.interpreters
@pytest.mark.parametrize("mode", ["off", "on"])
def test_commands_agree_on_interpreters_with_a_jit(mode: str, jit_interpreters: dict[str, Interpreter]) -> None:
    for interpreter in jit_interpreters.values():
        for name, arguments in COMMANDS.items():
            finished = processes.run(
                [interpreter.executable, *arguments], env=_environment(mode), cwd=SOURCES, timeout_s=60
            )
            assert finished.ok, finished.complaint()
            assert finished.stdout == OUTPUTS[name], (interpreter, name)


def _environment(mode: str) -> dict[str, str]:
    """The two modes get different hash seeds too: no checksum may depend on the order of a set."""
    switch = "1" if mode == "on" else "0"
    return processes.base_environment(
        {"PYTHON_JIT": switch, "PYTHONHASHSEED": switch, "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}
    )


def _answer_of(interpreter: Interpreter, mode: str) -> dict[str, Any]:
    request = {
        "paths": _library_paths(),
        "calls": [[check.workload, list(check.arguments)] for check in CHECKS],
        "repeats": REPEATS,
    }
    finished = processes.run(
        [interpreter.executable, Path(inside.__file__), json.dumps(request)], env=_environment(mode), timeout_s=300
    )
    assert finished.ok, finished.complaint()
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer
