"""The order of commits in every view and comparison: git's order, or by date for commits that git does not have."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from asv_jit.analysis.arrays import Places
from asv_jit.git.repository import Repository


class CommitOrder(Struct, frozen=True):
    """All commits from the first measured one to the last, oldest first.

    `dates`: seconds since 1970, shape (commits,), 0 if unknown. `branches`, as `analysis.branches.by_branch` takes
    them: the positions of each branch's first parents; the empty name holds those of the first branch, of tagged
    commits off the branches, and of commits that git does not have; empty if all commits form one sequence.
    `off_branch`: measured commits in git that no configured branch or tag contains; they are not in `commits`.
    `unknown`: number of measured commits that git does not have; their dates decide their positions. `ordered_by`:
    `git` if git has any measured commit.
    """

    commits: tuple[str, ...]
    dates: npt.NDArray[np.int64]
    ordered_by: Literal["git", "date"]
    branches: Mapping[str, Places] = field(default_factory=dict)
    off_branch: frozenset[str] = frozenset()
    unknown: int = 0


def order_commits(
    repository: Repository | None, branches: Sequence[str | None], measured: Mapping[str, int]
) -> CommitOrder:
    """Order the `measured` commits (full hashes, with the dates in the results, seconds since 1970).

    The order holds the first parents of `branches` (None: the checked-out branch) and tagged commits, as in asv. If no
    branch contains a measured commit, the configured branches are wrong, and the order holds all commits in git.
    """
    if repository is None:
        return _by_date(measured)
    on_branches = _on_branches(repository, branches)
    selected = _counted(repository, on_branches, measured.keys())
    in_git = [commit for commit in selected.dates if commit in measured]
    lacking = {commit: date for commit, date in measured.items() if commit not in selected.everything}
    if not in_git:
        return _by_date(lacking, selected.off_branch)
    order = list(selected.dates)
    between = order[order.index(in_git[0]) : order.index(in_git[-1]) + 1]
    merged = _merged([(commit, selected.dates[commit]) for commit in between], lacking)
    commits = tuple(commit for commit, _ in merged)
    return CommitOrder(
        commits,
        np.array([date for _, date in merged], dtype=np.int64),
        "git",
        _places(commits, on_branches),
        selected.off_branch,
        len(lacking),
    )


class _Counted(Struct, frozen=True):
    """`dates`: the selected commits, in order; `everything`: all commits found in git."""

    dates: Mapping[str, int]
    everything: Collection[str]
    off_branch: frozenset[str]


def _by_date(measured: Mapping[str, int], off_branch: frozenset[str] = frozenset()) -> CommitOrder:
    ordered = sorted(measured.items(), key=lambda item: (item[1], item[0]))
    dates = np.array([date for _, date in ordered], dtype=np.int64)
    commits = tuple(commit for commit, _ in ordered)
    return CommitOrder(commits, dates, "date", off_branch=off_branch, unknown=len(commits))


def _on_branches(repository: Repository, branches: Sequence[str | None]) -> dict[str, dict[str, int]]:
    """Return the first parents and their dates for each branch in this clone, by its configured name."""
    by_branch = {}
    for branch in branches:
        tip = repository.tip(branch)
        if tip is not None:
            by_branch[branch or "HEAD"] = repository.dates(["--first-parent", tip.hash])
    return by_branch


def _counted(
    repository: Repository, on_branches: Mapping[str, Mapping[str, int]], measured: Collection[str]
) -> _Counted:
    """Select the commits of the order. Lists all commits in git only if needed: that is slow in a long history."""
    if len(on_branches) == 1:
        (only,) = on_branches.values()
        if all(commit in only for commit in measured):
            return _Counted(only, only, frozenset())
    everything = repository.dates(["--all"])
    on_any = set[str]().union(*on_branches.values())
    beside = {commit for commit in measured if commit in everything and commit not in on_any}
    tagged = beside & repository.tagged() if beside else set()
    if not tagged and not any(commit in on_any for commit in measured):
        return _Counted(everything, everything, frozenset())
    dates = {commit: date for commit, date in everything.items() if commit in on_any or commit in tagged}
    return _Counted(dates, everything, frozenset(beside - tagged))


def _places(commits: tuple[str, ...], on_branches: Mapping[str, Mapping[str, int]]) -> dict[str, Places]:
    main, *others = on_branches.items() or [("", {})]
    if all(commit in main[1] for _, other in others for commit in commits if commit in other):
        return {}
    elsewhere = set[str]().union(*(other for _, other in others)) - main[1].keys()
    places = {"": _places_of(commits, set(commits) - elsewhere)}
    return places | {branch: _places_of(commits, other) for branch, other in others}


def _places_of(commits: tuple[str, ...], chosen: Collection[str]) -> Places:
    return np.array([at for at, commit in enumerate(commits) if commit in chosen], dtype=np.int32)


def _merged(ordered: list[tuple[str, int]], lacking: Mapping[str, int]) -> list[tuple[str, int]]:
    """Insert each commit that git lacks before the first younger one; git's order is unchanged."""
    waiting = sorted(lacking.items(), key=lambda item: (item[1], item[0]), reverse=True)
    merged: list[tuple[str, int]] = []
    for commit, date in ordered:
        while waiting and waiting[-1][1] < date:
            merged.append(waiting.pop())
        merged.append((commit, date))
    return merged + waiting[::-1]
