"""The one order in which commits are shown and compared: git's where it knows them, else that of their dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from asv_jit.analysis.history.series import Places
from asv_jit.git.repository import Repository


class CommitOrder(Struct, frozen=True):
    """Commits, oldest first, from the first measured one to the last, those between included.

    `dates`: seconds since 1970, shape (commits,), 0 where nobody knows. `branches`, as `analysis.branches.by_branch`
    takes them: the places of each branch's first parents, under the empty name those of the first branch, of tagged
    commits beside the branches, and of those that git does not know; empty where all commits are one sequence.
    `off_branch`: the measured commits that git knows but that no configured branch and no tag has, which the order
    leaves out. `unknown`: how many measured ones git does not know, which stand where their dates put them.
    `ordered_by`: `git` where it knows any.
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

    The first parents of `branches` count (None is what is checked out), and tagged commits beside them, as in asv.
    Where no measured commit is on a branch the configuration names the wrong ones, and all that git knows count.
    """
    if repository is None:
        return _by_date(measured)
    on_branches = _on_branches(repository, branches)
    known = _counted(repository, on_branches, measured.keys())
    found = [commit for commit in known.dates if commit in measured]
    lacking = {commit: date for commit, date in measured.items() if commit not in known.everything}
    if not found:
        return _by_date(lacking, known.off_branch)
    order = list(known.dates)
    between = order[order.index(found[0]) : order.index(found[-1]) + 1]
    merged = _merged([(commit, known.dates[commit]) for commit in between], lacking)
    commits = tuple(commit for commit, _ in merged)
    return CommitOrder(
        commits,
        np.array([date for _, date in merged], dtype=np.int64),
        "git",
        _places(commits, on_branches),
        known.off_branch,
        len(lacking),
    )


class _Counted(Struct, frozen=True):
    """`dates`: the commits that count, in order; `everything`: all that git was found to know."""

    dates: Mapping[str, int]
    everything: Collection[str]
    off_branch: frozenset[str]


def _by_date(measured: Mapping[str, int], off_branch: frozenset[str] = frozenset()) -> CommitOrder:
    ordered = sorted(measured.items(), key=lambda item: (item[1], item[0]))
    dates = np.array([date for _, date in ordered], dtype=np.int64)
    commits = tuple(commit for commit, _ in ordered)
    return CommitOrder(commits, dates, "date", off_branch=off_branch, unknown=len(commits))


def _on_branches(repository: Repository, branches: Sequence[str | None]) -> dict[str, dict[str, int]]:
    """For each branch that this clone has, by its configured name, its first parents with their dates."""
    found = {}
    for branch in branches:
        tip = repository.tip(branch)
        if tip is not None:
            found[branch or "HEAD"] = repository.dates(["--first-parent", tip.hash])
    return found


def _counted(
    repository: Repository, on_branches: Mapping[str, Mapping[str, int]], measured: Collection[str]
) -> _Counted:
    """Which commits count. All that git knows is asked for only where it matters: that is dear in a long history."""
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
    """Each lacking commit before the first one that is younger than it; git's order stays as it is."""
    waiting = sorted(lacking.items(), key=lambda item: (item[1], item[0]), reverse=True)
    merged: list[tuple[str, int]] = []
    for commit, date in ordered:
        while waiting and waiting[-1][1] < date:
            merged.append(waiting.pop())
        merged.append((commit, date))
    return merged + waiting[::-1]
