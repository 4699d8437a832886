"""asv.conf.json, as asv reads it, with our `jit` table parsed."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import json5
from asv import util
from asv.config import Config
from msgspec import Struct

from asv_jit.errors import UsageError
from asv_jit.settings import Settings, parse_settings

__all__ = ["Project", "load_project"]


class Project(Struct, frozen=True):
    """A suite's configuration. All paths are absolute; `asv` is asv's own object, for the adapter only.

    `regression_thresholds`, `first_commits`: asv's `regressions_thresholds` (the share by which a level must worsen)
    and `regressions_first_commits` (nothing before it counts; None: nothing at all), each with the regular expression
    that is matched at the start of `benchmark(params)@branch`. Of several thresholds that match the largest
    counts, of several first commits the latest.
    """

    name: str
    folder: Path
    benchmark_dir: Path
    results_dir: Path
    html_dir: Path
    pythons: tuple[str, ...]
    branches: tuple[str | None, ...]
    repo: str
    show_commit_url: str
    default_timeout_s: float
    settings: Settings
    asv: Any
    regression_thresholds: tuple[tuple[str, float], ...] = ()
    first_commits: tuple[tuple[str, str | None], ...] = ()


def load_project(config_path: Path) -> Project:
    """Read a configuration. Raises UsageError that names the file and, for broken JSON, line and column."""
    try:
        text = config_path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"expected asv's configuration at {config_path}, but it cannot be read ({error.strerror}); "
            "go to the folder of your asv.conf.json, name it with --config, or start one with `asv quickstart`"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{config_path}: expected UTF-8, found something else at byte {error.start}") from None
    try:
        data = json5.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{config_path}{_where(str(error))}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{config_path}: expected a JSON object, found {type(data).__name__}")
    settings = parse_settings(data.pop("jit", None))
    if data.pop("version", Config.api_version) != Config.api_version:
        raise UsageError(f'{config_path}: expected "version": {Config.api_version}')
    try:
        conf = Config.from_json(data)
    except util.UserError as error:
        raise UsageError(f"{config_path}: {error}") from None
    return _project(conf, settings, config_path)


def _project(conf: Any, settings: Settings, config_path: Path) -> Project:
    folder = config_path.resolve().parent
    for name in ("project", "repo", "benchmark_dir", "results_dir", "html_dir", "env_dir"):
        if not isinstance(getattr(conf, name), str):
            raise UsageError(f"{config_path}: {name}: expected a text, found {getattr(conf, name)!r}")
    for name in ("pythons", "branches"):
        value = getattr(conf, name)
        if not isinstance(value, list) or not all(isinstance(v, str | None) for v in value):
            raise UsageError(f"{config_path}: {name}: expected a list of texts, found {value!r}")
    timeout_s = conf.default_benchmark_timeout
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not timeout_s > 0:
        raise UsageError(f"{config_path}: default_benchmark_timeout: expected seconds above 0, found {timeout_s!r}")
    return Project(
        name=conf.project,
        folder=folder,
        benchmark_dir=folder / conf.benchmark_dir,
        results_dir=folder / conf.results_dir,
        html_dir=folder / conf.html_dir,
        pythons=tuple(conf.pythons),
        branches=tuple(conf.branches),
        repo=conf.repo,
        show_commit_url=conf.show_commit_url,
        default_timeout_s=float(timeout_s),
        settings=settings,
        asv=conf,
        regression_thresholds=_thresholds(conf.regressions_thresholds, f"{config_path}: regressions_thresholds"),
        first_commits=_first_commits(conf.regressions_first_commits, f"{config_path}: regressions_first_commits"),
    )


def _thresholds(table: object, where: str) -> tuple[tuple[str, float], ...]:
    found = []
    for pattern, value in _patterns(table, where):
        try:
            threshold = float(value)
        except (TypeError, ValueError):
            threshold = math.nan
        if not 0.0 <= threshold < math.inf:
            raise UsageError(f"{where}: {pattern!r}: expected a share such as 0.05, found {value!r}")
        found.append((pattern, threshold))
    return tuple(found)


def _first_commits(table: object, where: str) -> tuple[tuple[str, str | None], ...]:
    found: list[tuple[str, str | None]] = []
    for pattern, value in _patterns(table, where):
        if not isinstance(value, str | None):
            raise UsageError(f"{where}: {pattern!r}: expected a commit, a tag or null, found {value!r}")
        found.append((pattern, value))
    return tuple(found)


def _patterns(table: object, where: str) -> list[tuple[str, Any]]:
    """The entries of a table of regular expressions, as asv takes them."""
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table of regular expressions, found {table!r}")
    for pattern in table:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{where}: expected a regular expression, found {pattern!r} ({error})") from None
    return list(table.items())


def _where(message: str) -> str:
    """Turn json5's `<string>:3 Unexpected "," at column 7` into `:3:7: unexpected ","…`."""
    match = re.fullmatch(r"<string>:(\d+) (.*) at column (\d+)", message, re.DOTALL)
    if match is None:
        return f": not valid JSON: {message}"
    line, what, column = match.groups()
    return f":{line}:{column}: not valid JSON: {what[0].lower()}{what[1:]} (line {line}, column {column})"
