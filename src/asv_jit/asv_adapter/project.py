"""Reads asv.conf.json like asv, and parses our `jit` table and asv's own rules for regressions."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from asv_jit.errors import UsageError
from asv_jit.settings import Settings, bounded_s, parse_settings

_Pattern = re.Pattern[str]
_ASV_VERSION = 1
ASV_DEFAULTS: Mapping[str, Any] = {
    "project": "project",
    "benchmark_dir": "benchmarks",
    "results_dir": "results",
    "html_dir": "html",
    "env_dir": "env",
    "pythons": [f"{sys.version_info[0]}.{sys.version_info[1]}"],
    "branches": [None],
    "show_commit_url": "#",
    "default_benchmark_timeout": 60.0,
    "regressions_thresholds": {},
    "regressions_first_commits": {},
}
"""asv's defaults for the keys that we read; a test compares them with asv's."""


class RegressionRules(Struct, frozen=True):
    """Patterns matched at the start of `benchmark(params)@branch`, as in asv, or of the case, so that `case$` matches.

    A threshold is the share by which a level must worsen. Changes before a first commit are ignored (None: all are).
    """

    thresholds: tuple[tuple[_Pattern, float], ...] = ()
    first_commits: tuple[tuple[_Pattern, str | None], ...] = ()

    def threshold(self, case: str, branch: str) -> float | None:
        """Return the largest threshold that applies, as a relative change; None if none applies."""
        return max((share for pattern, share in self.thresholds if _applies(pattern, case, branch)), default=None)

    def first_commits_of(self, case: str, branch: str) -> tuple[str | None, ...]:
        """Return the first commits that apply."""
        return tuple(commit for pattern, commit in self.first_commits if _applies(pattern, case, branch))


class Project(Struct, frozen=True):
    """A suite's configuration. All paths are absolute; `given` is the file's content, without our table."""

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
    given: Mapping[str, Any]
    regression_rules: RegressionRules = RegressionRules()

    @property
    def asv(self) -> Any:
        """The configuration as a new asv `Config`; only for code that calls asv."""
        from asv.config import Config  # here: see `asv_jit.asv_adapter`

        return Config.from_json(dict(self.given))


def load_project(config_path: Path) -> Project:
    """Read a configuration. Raises UsageError that names the file and, for invalid JSON, line and column."""
    try:
        text = config_path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"expected asv's configuration at {config_path}, but it cannot be read ({error.strerror}); "
            "go to the folder of your asv.conf.json, name it with --config, or start one with `asv-jit init`"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{config_path}: expected UTF-8, found something else at byte {error.start}") from None
    data = _parsed(text, config_path)
    if not isinstance(data, dict):
        raise UsageError(f"{config_path}: expected a JSON object, found {type(data).__name__}")
    settings = parse_settings(data.pop("jit", None))
    if data.pop("version", _ASV_VERSION) != _ASV_VERSION:
        raise UsageError(f'{config_path}: expected "version": {_ASV_VERSION}')
    if not data.get("repo"):
        raise UsageError(f"{config_path}: repo: expected the folder or the address of a repository, found none")
    if not data.get("branches", [None]):
        raise UsageError(f'{config_path}: branches: expected at least one, found none; without "branches" it is HEAD')
    return _project(data, settings, config_path)


def _parsed(text: str, config_path: Path) -> Any:
    """Parse a configuration. Without comments, Python's own decoder suffices and saves json5's 20 ms."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    import json5  # here: half of those 20 ms

    try:
        return json5.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{config_path}{_where(str(error))}") from None


def _project(given: Mapping[str, Any], settings: Settings, config_path: Path) -> Project:
    folder = config_path.resolve().parent
    conf = {**ASV_DEFAULTS, **given}
    for name in ("project", "repo", "benchmark_dir", "results_dir", "html_dir", "env_dir"):
        if not isinstance(conf[name], str):
            raise UsageError(f"{config_path}: {name}: expected a text, found {conf[name]!r}")
    for name in ("pythons", "branches"):
        value = conf[name]
        if not isinstance(value, list) or not all(isinstance(v, str | None) for v in value):
            raise UsageError(f"{config_path}: {name}: expected a list of texts, found {value!r}")
    timeout_s = bounded_s(conf["default_benchmark_timeout"])
    if timeout_s is None:
        found = conf["default_benchmark_timeout"]
        raise UsageError(f"{config_path}: default_benchmark_timeout: expected seconds above 0, found {found!r}")
    return Project(
        name=conf["project"],
        folder=folder,
        benchmark_dir=folder / conf["benchmark_dir"],
        results_dir=folder / conf["results_dir"],
        html_dir=folder / conf["html_dir"],
        pythons=tuple(conf["pythons"]),
        branches=tuple(conf["branches"]),
        repo=conf["repo"],
        show_commit_url=conf["show_commit_url"],
        default_timeout_s=timeout_s,
        settings=settings,
        given=given,
        regression_rules=parse_rules(conf, config_path),
    )


def _where(message: str) -> str:
    """Turn json5's `<string>:3 Unexpected "," at column 7` into `:3:7: unexpected ","…`."""
    match = re.fullmatch(r"<string>:(\d+) (.*) at column (\d+)", message, re.DOTALL)
    if match is None:
        return f": not valid JSON: {message}"
    line, what, column = match.groups()
    return f":{line}:{column}: not valid JSON: {what[0].lower()}{what[1:]} (line {line}, column {column})"


def requirement_texts(requirements: Mapping[str, str | None]) -> list[str]:
    """Convert asv's requirement table to pip's form: `{"six": "1.16"}` gives `six==1.16`."""
    texts = []
    for key, value in requirements.items():
        name = key.removeprefix("pip+")
        plain_version = bool(value) and str(value)[0].isdigit()
        texts.append(f"{name}=={value}" if plain_version else f"{name} {value or ''}".strip())
    return texts


def requirements_text(packages: Mapping[str, str | None], variables: Mapping[str, str | None]) -> str:
    """Name a set of requirements as journals and series do: `numpy==2.1.0 six OMP_NUM_THREADS=1`; empty if none.

    `packages`: asv's requirement table; `variables`: environment variables other than PYTHON_JIT.
    """
    texts = (text.replace(" ", "") for text in requirement_texts(dict(sorted(packages.items()))))
    return " ".join([*texts, *(f"{key}={value}" for key, value in sorted(variables.items()))])


def parse_rules(conf: Mapping[str, Any], config_path: Path) -> RegressionRules:
    """Parse the rules of a configuration. Raises UsageError."""
    thresholds: list[tuple[_Pattern, float]] = []
    first_commits: list[tuple[_Pattern, str | None]] = []
    where = f"{config_path}: regressions_thresholds"
    for pattern, value in _patterns(conf["regressions_thresholds"], where):
        try:
            threshold = float(value)
        except (TypeError, ValueError):
            threshold = math.nan
        if not 0.0 <= threshold < math.inf:
            raise UsageError(f"{where}: {pattern.pattern!r}: expected a share such as 0.05, found {value!r}")
        thresholds.append((pattern, threshold))
    where = f"{config_path}: regressions_first_commits"
    for pattern, value in _patterns(conf["regressions_first_commits"], where):
        if not isinstance(value, str | None):
            raise UsageError(f"{where}: {pattern.pattern!r}: expected a commit, a tag or null, found {value!r}")
        first_commits.append((pattern, value))
    return RegressionRules(tuple(thresholds), tuple(first_commits))


def _patterns(table: object, where: str) -> list[tuple[_Pattern, Any]]:
    """Compile the keys of a table, which are regular expressions. Raises UsageError."""
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table of regular expressions, found {table!r}")
    try:
        return [(re.compile(pattern), value) for pattern, value in table.items()]
    except re.error as error:
        raise UsageError(f"{where}: expected a regular expression, found {error.pattern!r} ({error})") from None


def _applies(pattern: _Pattern, case: str, branch: str) -> bool:
    return bool(pattern.match(f"{case}@{branch}") or pattern.match(case))
