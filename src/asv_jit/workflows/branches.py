"""Results and the site on branches of the project's remote, for CI machines without a disk of their own.

The results branch holds the results tree as it is on disk, without `trials/raw/`. Each push adds one commit; results
that two machines push at once are merged. The site branch holds a single commit, because the site can always be
generated again.
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
_STALLS = 3  # after so many failures on top of one commit the remote refuses; nobody else is pushing
_README = """# Results of asv-jit

This branch is written by `asv-jit`: asv's result files and the journal of every trial, a folder for each machine.
Lines are only ever added. `git worktree add results <this branch>` puts it where asv looks for results;
`asv-jit merge branch:<this branch>` adds it to results that are there already.
"""


class Fetched(Struct, frozen=True):
    """`commit`: the branch's newest, None if the remote has no such branch; `merged`: what was merged from it."""

    commit: str | None
    merged: Merged


class Pushed(Struct, frozen=True):
    """`commit`: the branch's newest now; `changed`: whether this push created it; `attempts`: how many it took."""

    commit: str
    changed: bool
    attempts: int
    problems: tuple[str, ...] = ()


def named_branch(text: str) -> str | None:
    """Return `NAME` of `branch:NAME`, None for anything else, such as a folder."""
    return text.removeprefix("branch:") if text.startswith("branch:") else None


def fetch_results(project: Project, branch: str, *, remote: str = "origin") -> Fetched:
    """Merge the results branch into the project's results. The caller holds the results lock.

    Validates the branch's files as untrusted input; invalid ones are skipped and reported.

    Raises UsageError (no repository or remote, not a results branch), StorageError (unreachable remote, full disk).
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
    project: Project, branch: str, *, remote: str = "origin", pause: Callable[[float], None] = time.sleep
) -> Pushed:
    """Merge the project's results into the branch and push it. The caller holds the results lock.

    If another machine pushes first, fetches, merges and retries a few times. Recreates a deleted branch, and puts this
    machine's results back on a force-pushed one. `pause` sleeps for the given seconds.

    Raises UsageError (no repository, no such remote, not a results branch), StorageError (refused, unreachable).
    """
    there = RemoteBranch(project.folder, branch, remote)

    def make(newest: str | None) -> tuple[str, tuple[str, ...]]:
        with there.staging(newest) as staging:
            problems = _stage_results(there, staging, newest, project.results_dir)
            return staging.write(), problems

    return _push(there, make, "Results of asv-jit", pause, keep_history=True)


def push_site(folder: Path, branch: str, *, repository: Path, pause: Callable[[float], None] = time.sleep) -> Pushed:
    """Replace the branch with one commit that holds the site in `folder`, for a host such as GitHub Pages.

    `repository`: any folder of the git repository whose remote this is; `pause` sleeps for the given seconds.

    Raises UsageError if the branch or `folder` holds anything but a site of asv-jit, and StorageError.
    """
    if not (folder / _SITE_MARKER).is_file():
        raise UsageError(f"{folder} is not a site of asv-jit; write one with `asv-jit publish`")
    there = RemoteBranch(repository, branch)

    def make(newest: str | None) -> tuple[str, tuple[str, ...]]:
        if newest is not None:
            _insist_on(there, newest, _SITE_MARKER, "a site")
        with there.staging(None) as staging:
            staging.add(folder)
            extra = staging.new_folder("extra")
            (extra / ".nojekyll").touch()  # else GitHub drops files whose names begin with an underscore
            staging.add(extra)
            return staging.write(), ()

    return _push(there, make, "The site", pause, keep_history=False)


def _push(
    there: RemoteBranch,
    make: Callable[[str | None], tuple[str, tuple[str, ...]]],
    message: str,
    pause: Callable[[float], None],
    *,
    keep_history: bool,
) -> Pushed:
    """Fetch, build the tree, commit and push; start again if another machine pushed first."""
    ours: str | None = None
    seen: list[str | None] = []
    for attempt in range(1, _ATTEMPTS + 1):
        newest = there.fetch()
        if newest is not None and newest == ours:  # the previous push succeeded; only its answer was lost
            return Pushed(newest, changed=True, attempts=attempt - 1)
        seen.append(newest)
        tree, problems = make(newest)
        if newest is not None and there.tree_of(newest) == tree:
            return Pushed(newest, changed=False, attempts=attempt, problems=problems)
        ours = there.commit(tree, newest if keep_history else None, message)
        finished = there.push(ours, replacing=newest, force=not keep_history)
        if finished.ok:
            return Pushed(ours, changed=True, attempts=attempt, problems=problems)
        if attempt == _ATTEMPTS or seen.count(newest) == _STALLS:
            break
        pause(random.uniform(0.2, 1.0) * attempt)
    raise StorageError(
        f"{there.remote!r} rejected the push to branch {there.name!r} in {len(seen)} attempts; the results are safe "
        f"here, run the same command to try again: {finished.complaint(6)}"
    )


def _stage_results(there: RemoteBranch, staging: Staging, newest: str | None, results_dir: Path) -> tuple[str, ...]:
    """Add to the staged tree the results that it lacks."""
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
    """Return the files of a results branch that may be merged, and a sentence for each that may not."""
    _insist_on(there, commit, _MARKER, "results")
    wanted, problems = set(), []
    for entry in there.entries(commit):
        if entry.path in (_MARKER, "README.md"):
            continue
        if entry.ordinary and is_result_file(entry.path) and entry.size_bytes <= MAX_FILE_BYTES:
            wanted.add(entry.path)
        else:
            problems.append(f"{entry.path!r} on branch {there.name} is not a result file; it is skipped")
    return wanted, tuple(problems)


def _insist_on(there: RemoteBranch, commit: str, marker: str, what: str) -> None:
    """Raise UsageError unless the branch is ours: a mistyped name must not overwrite somebody's documentation."""
    if not any(entry.path == marker for entry in there.entries(commit)):
        raise UsageError(
            f"branch {there.name!r} of {there.remote!r} does not hold {what} of asv-jit: it has no {marker}; "
            "name another branch, or delete this one if you do not need it"
        )
