"""Results and the site on branches of the project's remote, for machines that keep nothing, and for each other.

The results branch holds a tree of results as it lies on the disk, without `trials/raw/`; each push is one commit on
top of what is there, and what two machines push at once is united. The site branch holds one commit: the site can be
made again at any time, so its history would only be weight.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import StorageError, UsageError
from asv_jit.git.branches import RemoteBranch, Staging
from asv_jit.store.files import write_atomically
from asv_jit.store.foreign import foreign_files
from asv_jit.store.uniting import MAX_FILE_BYTES, is_result_file, unite
from asv_jit.workflows.merge import Merged, absorb

_MARKER = ".asv-jit-results"
_SITE_MARKER = ".asv-jit-site"
_ATTEMPTS = 8
_STALLS = 3  # a push that fails so often on top of the same commit meets no other machine, but a refusal
_README = """# Results of asv-jit

This branch is written by `asv-jit`: asv's result files and the journal of every trial, a folder for each machine.
Lines are only ever added. `git worktree add results <this branch>` puts it where asv looks for results;
`asv-jit merge branch:<this branch>` adds it to results that are there already.
"""
_NOTHING: tuple[str, ...] = ()


class Fetched(Struct, frozen=True):
    """`commit` is the branch's newest, None where the remote has no such branch; `merged` is what it brought."""

    commit: str | None
    merged: Merged


class Pushed(Struct, frozen=True):
    """`commit` is the branch's newest now; `changed` whether this push made it; `attempts` how often it was tried."""

    commit: str
    changed: bool
    attempts: int
    problems: tuple[str, ...] = ()


def named_branch(text: str) -> str | None:
    """`NAME` of a `branch:NAME` that a user wrote; None where it is something else, a folder say."""
    return text.removeprefix("branch:") if text.startswith("branch:") else None


def fetch_results(project: Project, branch: str, *, remote: str = "origin") -> Fetched:
    """Unite what the results branch holds with the project's tree of results. The caller holds the results lock.

    Files of the branch are validated as those of a stranger; what is not valid is left out and named.

    Raises UsageError (no repository, no such remote, no branch of ours), StorageError (remote out of reach, full disk).
    """
    there = RemoteBranch(project.folder, branch, remote)
    commit = there.fetch()
    if commit is None:
        return Fetched(None, Merged())
    wanted, problems = _shared_files(there, commit)
    project.results_dir.mkdir(parents=True, exist_ok=True)
    with there.staging(commit) as staging:
        into = staging.new_folder("files")
        staging.extract(wanted & staging.differing(project.results_dir), into)
        merged = absorb(into, project.results_dir, lenient=True)
    return Fetched(commit, merged.with_other(Merged(problems=problems)))


def push_results(
    project: Project,
    branch: str,
    *,
    remote: str = "origin",
    message: str = "Results of asv-jit",
    pause: Callable[[float], None] = time.sleep,
) -> Pushed:
    """Put the project's results on the branch, united with what is there. The caller holds the results lock.

    Another machine that pushes meanwhile is waited for: fetched, united with, and tried again, a few times. A branch
    that vanished is made anew, one that was force-pushed gets back what this machine has. `pause` waits for seconds.

    Raises UsageError (no repository, no such remote, no branch of ours), StorageError (refused, out of reach).
    """
    there = RemoteBranch(project.folder, branch, remote)

    def make(newest: str | None) -> tuple[str, tuple[str, ...]]:
        with there.staging(newest) as staging:
            problems = _stage_results(there, staging, newest, project.results_dir)
            return staging.write(), problems

    return _push(there, make, message, pause, keep_history=True)


def push_site(
    folder: Path,
    branch: str,
    *,
    repository: Path,
    remote: str = "origin",
    message: str = "The site",
    pause: Callable[[float], None] = time.sleep,
) -> Pushed:
    """Make the site in `folder` the only commit of the branch, for a host such as GitHub Pages.

    Parameters: `repository` is any folder of the git repository whose remote it is; `pause` waits for seconds.

    Raises UsageError where the branch holds something else than a site of ours, or `folder` is none; StorageError.
    """
    if not (folder / _SITE_MARKER).is_file():
        raise UsageError(f"{folder} is no site of asv-jit; write one with `asv-jit publish`")
    there = RemoteBranch(repository, branch, remote)

    def make(newest: str | None) -> tuple[str, tuple[str, ...]]:
        if newest is not None:
            _insist_on(there, newest, _SITE_MARKER, "a site")
        with there.staging(None) as staging:
            staging.add(folder)
            extra = staging.new_folder("extra")
            (extra / ".nojekyll").touch()  # else GitHub leaves out files whose names begin with an underscore
            staging.add(extra)
            return staging.write(), _NOTHING

    return _push(there, make, message, pause, keep_history=False)


def _push(
    there: RemoteBranch,
    make: Callable[[str | None], tuple[str, tuple[str, ...]]],
    message: str,
    pause: Callable[[float], None],
    *,
    keep_history: bool,
) -> Pushed:
    """Fetch, make the tree, commit, push; again from the start when somebody was faster."""
    ours: str | None = None
    seen: list[str | None] = []
    for attempt in range(1, _ATTEMPTS + 1):
        newest = there.fetch()
        if newest is not None and newest == ours:  # the push before got through, and only its answer was lost
            return Pushed(newest, changed=True, attempts=attempt - 1)
        seen.append(newest)
        tree, problems = make(newest)
        if newest is not None and there.tree_of(newest) == tree:
            return Pushed(newest, changed=False, attempts=attempt, problems=problems)
        ours = there.commit(tree, newest if keep_history else None, message)
        finished = there.push(ours, replacing=newest, force=not keep_history)
        if finished.ok:
            return Pushed(ours, changed=True, attempts=attempt, problems=problems)
        if attempt == _ATTEMPTS or seen.count(newest) == _STALLS:  # nobody was faster: it is refused
            break
        pause(random.uniform(0.2, 1.0) * attempt)
    raise StorageError(
        f"the branch {there.name!r} of {there.remote!r} did not take our commit in {len(seen)} attempts; what was "
        f"measured is safe here, and the same command tries again: {finished.complaint(6)}"
    )


def _stage_results(there: RemoteBranch, staging: Staging, newest: str | None, results_dir: Path) -> tuple[str, ...]:
    """Add to the staged tree what the results have and it does not."""
    ours, problems = foreign_files(results_dir)
    staged = set() if newest is None else _shared_files(there, newest)[0]
    differing = staging.differing(results_dir) & staged if newest is not None else set()
    theirs, overlay = staging.new_folder("theirs"), staging.new_folder("overlay")
    staging.extract(differing & set(ours), theirs)
    conflicts: list[str] = []
    for name, path in ours.items():
        if name in differing or name not in staged:
            on_branch = (theirs / name).read_bytes() if name in differing else b""
            united = unite(name, on_branch, path.read_bytes())
            conflicts += [f"trial {trial} of {path} is on the branch with other content" for trial in united.conflicts]
            write_atomically(overlay / name, united.content)
    for name, text in ((_MARKER, "Written by asv-jit; see README.md.\n"), ("README.md", _README)):
        (overlay / name).write_text(text, encoding="utf-8")
    staging.add(overlay)
    return (*problems, *conflicts)


def _shared_files(there: RemoteBranch, commit: str) -> tuple[set[str], tuple[str, ...]]:
    """The files of a results branch that may be taken, and a sentence for each that may not."""
    _insist_on(there, commit, _MARKER, "results")
    wanted, problems = set(), []
    for entry in there.entries(commit):
        if entry.path in (_MARKER, "README.md"):
            continue
        if entry.ordinary and is_result_file(entry.path) and entry.size_bytes <= MAX_FILE_BYTES:
            wanted.add(entry.path)
        else:
            problems.append(f"{entry.path!r} on branch {there.name} is no file of results; it is left out")
    return wanted, tuple(problems)


def _insist_on(there: RemoteBranch, commit: str, marker: str, what: str) -> None:
    """A typing error must not write results over somebody's documentation."""
    if not any(entry.path == marker for entry in there.entries(commit)):
        raise UsageError(
            f"the branch {there.name!r} of {there.remote!r} holds something else than {what} of asv-jit (no {marker} "
            "in it); name another branch, or delete this one if it is not needed"
        )
