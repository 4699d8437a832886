"""Resolves asv's range words to commits and `pythons` to interpreters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.resolve import is_path, resolve, resolve_all


def interpreters_of(project: Project, pythons: Sequence[str] = ()) -> list[Interpreter]:
    """Return the interpreters that `pythons` (default: the configuration's) name, each once.

    Raises NoInterpreterError for one that is not installed: measuring fewer silently would look like a result.
    """
    found = discover()
    chosen: dict[str, Interpreter] = {}
    for spec in pythons or project.pythons:
        for interpreter in resolve_all(spec, found):
            chosen.setdefault(interpreter.identity, interpreter)
    if not chosen:
        raise UsageError('asv.conf.json: "pythons" is empty; expected versions such as ["3.14", "3.15"]')
    return list(chosen.values())


def interpreters_that_are_here(project: Project) -> tuple[list[Interpreter], list[str]]:
    """Return the configuration's interpreters that are installed, and a sentence for each that is not.

    Raises NoInterpreterError if none is.
    """
    found = discover()
    chosen: dict[str, Interpreter] = {}
    missing: dict[str, NoInterpreterError] = {}
    for spec in project.pythons:
        try:
            chosen |= {one.identity: one for one in resolve_all(spec, found)}
        except NoInterpreterError as error:
            missing[spec] = error
    if missing and not chosen:
        raise next(iter(missing.values()))
    return list(chosen.values()), [f"CPython {spec} is not installed; it is skipped" for spec in missing]


def interpreters_here(project: Project) -> list[Interpreter]:
    """Return every interpreter of this machine, including those that the configuration names by path."""
    found = discover()
    named = [resolve(spec, found) for spec in project.pythons if is_path(spec)]
    return list({one.identity: one for one in (*found, *named)}.values())


def commits_of(
    project: Project, repository: Repository, range_words: str | None, warn: Callable[[str], None]
) -> list[Commit]:
    """Return the commits of a range, newest first; by default the tips of the configured branches.

    A range is one of asv's words NEW, ALL, TAGS, HEAD, EXISTING, HASHFILE:path (`-` reads standard input), a git range,
    or a single commit. Warns of unknown commits in a file. Raises UsageError.
    """
    if range_words is None:
        return _unique([repository.resolve(branch or "HEAD") for branch in project.branches])
    if range_words in ("ALL", "NEW"):
        known = measured_commits(project.results_dir) if range_words == "NEW" else set()
        commits = [
            commit for branch in project.branches for commit in _until(repository.commits(branch or "HEAD"), known)
        ]
    elif range_words == "TAGS":
        commits = repository.tags()
    elif range_words == "EXISTING":
        commits = [repository.resolve(name) for name in sorted(measured_commits(project.results_dir))]
    elif range_words.startswith("HASHFILE:"):
        commits = _listed(repository, range_words.removeprefix("HASHFILE:"), warn)
    elif ".." in range_words or " " in range_words or range_words.startswith("-"):
        commits = repository.commits(range_words)
    else:
        commits = [repository.resolve(range_words)]
    if not commits and range_words != "NEW":
        raise UsageError(f"the range {range_words!r} holds no commits")
    return _unique(commits)


def measured_commits(results_dir: Path) -> set[str]:
    """Return the commits that have a journal."""
    return {path.name.partition("-")[0] for path in results_dir.glob("*/trials/*.jsonl")}


def _until(commits: Sequence[Commit], known: set[str]) -> list[Commit]:
    fresh = []
    for commit in commits:
        if commit.hash in known:
            break
        fresh.append(commit)
    return fresh


def _listed(repository: Repository, name: str, warn: Callable[[str], None]) -> list[Commit]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"HASHFILE: cannot read {name} ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"HASHFILE: {name}: expected a commit a line, but it is not a text file") from None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append(repository.resolve(line.strip()))
            except UsageError as error:
                warn(f"HASHFILE, line {number}: {error}; the line is skipped")
    return found


def _unique(commits: Sequence[Commit]) -> list[Commit]:
    return list({commit.hash: commit for commit in commits}.values())


def missing_pythons(project: Project) -> tuple[str, ...]:
    """Return the configuration's interpreters that are not installed, as it spells them."""
    found = discover()
    missing = []
    for spec in project.pythons:
        try:
            resolve(spec, found)
        except NoInterpreterError:
            missing.append(spec)
    return tuple(missing)
