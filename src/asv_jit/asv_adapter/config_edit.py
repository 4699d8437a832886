"""Edits asv.conf.json for `init`: adds the plugin, the environment type, both modes, Pythons and the `jit` table."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import json5
from asv import util
from asv.config import Config
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.asv_adapter.config_text import append_to_list, set_member, value_text
from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.errors import UsageError

PLUGIN = ".asv_jit.asv_environment"
_MODES = ["0", "1"]
_PYTHONS = ["3.14", "3.15"]
_KINDS = ("req", "env", "env_nobuild")
_TOUCHED = ("plugins", "environment_type", "matrix", "pythons", "jit")


class Edit(Struct, frozen=True):
    """The configuration's new text, and a sentence for each change that the user should review."""

    text: str
    notes: tuple[str, ...]


def with_jit(text: str, project: str) -> Edit:
    """Add the missing settings to the text of an asv.conf.json; all other bytes stay unchanged.

    Raises UsageError if a key to be extended holds a value that asv does not accept.
    """
    before: dict[str, Any] = json5.loads(text)
    notes: list[str] = []
    after = _with_plugin(text, before)
    after = _with_environment_type(after, before, notes)
    after = _with_modes(after, before, notes)
    if "pythons" not in before:
        after = set_member(after, ("pythons",), json.dumps(_PYTHONS))
    if "jit" not in before:
        after = set_member(after, ("jit",), json.dumps({"site": {"title": f"{project} and CPython's JIT"}}))
    _insist_on_the_rest(before, after)
    return Edit(after, tuple(notes))


def checked(text: str, config: Path) -> Project:
    """Parse a new text for the file at `config`, as asv and asv-jit do, before it is written. Raises UsageError."""
    with TemporaryDirectory() as folder:
        tried = Path(folder) / config.name
        tried.write_bytes(text.encode("utf-8"))
        try:
            Config.load(str(tried))
        except util.UserError as error:
            raise UsageError(f"{config}: asv cannot read the edited file: {error}") from None
        project = load_project(tried)
    here, conf = config.parent, project.asv
    return replace(
        project,
        folder=here,
        benchmark_dir=here / conf.benchmark_dir,
        results_dir=here / conf.results_dir,
        html_dir=here / conf.html_dir,
    )


def _with_plugin(text: str, before: dict[str, Any]) -> str:
    plugins = before.get("plugins")
    if plugins is None:
        return set_member(text, ("plugins",), json.dumps([PLUGIN]))
    # asv silently ignores a plugin outside its own package unless the name starts with a dot.
    if PLUGIN in plugins:
        return text
    return append_to_list(text, ("plugins",), json.dumps(PLUGIN))


def _with_environment_type(text: str, before: dict[str, Any], notes: list[str]) -> str:
    kind = before.get("environment_type")
    if kind == "jit":
        return text
    if kind in ("conda", "mamba", "rattler"):
        notes.append(
            f'"environment_type" was {kind!r}: pip now installs the packages of the matrix, '
            "so replace names that only conda knows"
        )
    elif kind not in (None, "virtualenv", "uv"):
        notes.append(
            f'"environment_type" was {kind!r} and is now "jit": asv-jit provides the interpreters and pip installs the '
            f"requirements, so the plugin for {kind!r} is no longer used"
        )
    return set_member(text, ("environment_type",), '"jit"')


def _with_modes(text: str, before: dict[str, Any], notes: list[str]) -> str:
    """Add both modes to `env_nobuild`, where they share one environment and one build."""
    matrix = before.get("matrix")
    both = json.dumps(_MODES)
    if not matrix:
        return set_member(text, ("matrix",), f'{{"env_nobuild": {{"PYTHON_JIT": {both}}}}}')
    if not isinstance(matrix, dict):
        raise UsageError(f"asv.conf.json: matrix: expected a table, found {matrix!r}")
    if not any(kind in matrix for kind in _KINDS):
        # asv's older form lists packages only and cannot be mixed with the newer one.
        written = value_text(text, ("matrix",))
        return set_member(text, ("matrix",), f'{{"req": {written}, "env_nobuild": {{"PYTHON_JIT": {both}}}}}')
    for kind in ("env", "req"):
        if "PYTHON_JIT" in (matrix.get(kind) or {}):
            raise UsageError(f"asv.conf.json: PYTHON_JIT is in matrix.{kind}; remove it, init adds it to env_nobuild")
    table = matrix.get("env_nobuild")
    if table is None:
        return set_member(text, ("matrix", "env_nobuild"), f'{{"PYTHON_JIT": {both}}}')
    if table.get("PYTHON_JIT") == _MODES:
        return text
    if "PYTHON_JIT" in table:
        notes.append(f"matrix.env_nobuild.PYTHON_JIT was {table['PYTHON_JIT']!r}: both modes are needed")
    return set_member(text, ("matrix", "env_nobuild", "PYTHON_JIT"), both)


def _insist_on_the_rest(before: dict[str, Any], text: str) -> None:
    """Check that all other settings are unchanged, which guards against bugs in our editor."""
    after = json5.loads(text)
    rest = {key: value for key, value in before.items() if key not in _TOUCHED}
    if {key: value for key, value in after.items() if key not in _TOUCHED} != rest:
        raise AssertionError("the edited asv.conf.json reads differently; nothing was written")
