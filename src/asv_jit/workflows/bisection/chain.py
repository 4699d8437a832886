"""The chain that a bisection searches: commits or interpreters, from the good end to the bad one.

A search for the first bad point needs a chain in which every point holds all changes of the points before it. The
first parents of a range are such a chain. All commits of a branchy range, in any one order, are not: a commit of a side
branch lacks what its neighbours on the main line brought. So all commits are searched in stages, as a person would with
`git bisect`: first along the first parents; if a merge is to blame, along the first parents of the branch that it
merged, from where the branch began, which is good since it lies before the last good commit; and so on, until the
culprit is no merge. Where a merged branch is good by itself, the merge is to blame: what it joined does not go
together. Each stage reproduces the difference between its own ends, so a wrong turn ends as `not reproducible`.
"""

from __future__ import annotations

from collections.abc import Sequence

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.providers.offers import Offer
from asv_jit.interpreters.provision import offered
from asv_jit.interpreters.resolve import resolve
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.selection import interpreters_here

Release = Interpreter | Offer
_PATIENCE_S = 600.0


def split_range(text: str) -> tuple[str, str]:
    """Parse `GOOD..BAD`; BAD may be empty and means HEAD. Raises UsageError."""
    good, dots, bad = text.partition("..")
    if not dots or not good or bad.startswith("."):
        raise UsageError(f"expected GOOD..BAD, such as v1.0..HEAD or 3.14..3.15, found {text!r}")
    return good, bad


def ends_of(repository: Repository, good: str, bad: str) -> tuple[Commit, Commit]:
    """The two ends, the good one an ancestor of the bad one. Raises UsageError that says what to give instead."""
    first, last = repository.resolve(good), repository.resolve(bad or "HEAD")
    if first.hash == last.hash:
        raise UsageError(f"{good} and {bad or 'HEAD'} are the same commit {first.short}: there is nothing between them")
    if repository.is_ancestor(first.hash, last.hash):
        return first, last
    if repository.is_ancestor(last.hash, first.hash):
        raise UsageError(f"the range is empty: {good} comes after {bad}; give {bad}..{good}, the good end first")
    base = repository.merge_base(first.hash, last.hash)
    hint = f"try {base.short}..{bad}, from where they parted" if base else "their histories have nothing in common"
    raise UsageError(f"expected a good commit that is an ancestor of {bad}, but {good} is not; {hint}")


def commit_chain(repository: Repository, good: str, bad: str) -> tuple[str, ...]:
    """The good commit, then the first parents of `bad` that it does not hold, oldest first."""
    return (good, *(commit.hash for commit in reversed(repository.commits(f"{good}..{bad}"))))


def merged_chains(repository: Repository, merge: str) -> list[tuple[str, ...]]:
    """The chains of the branches that a merge brought, each from where it began; empty for a plain commit."""
    main, *others = repository.parents(merge) or ("",)
    chains = []
    for other in others:
        base = repository.merge_base(main, other)
        if base is not None and base.hash != other:
            chains.append(commit_chain(repository, base.hash, other))
    return chains


def release_chain(
    project: Project, good: str, bad: str, reporter: Reporter, *, installable: bool
) -> dict[str, Release]:
    """The releases from `good` to `bad` by identity, oldest first: what is installed and what can be.

    One build of each release: installed before offered, and only from the providers of the two ends, because two
    providers' builds of one release differ, too. Raises UsageError, NoInterpreterError, LockedError.
    """
    installed = interpreters_here(project)
    offers: Sequence[Offer] = ()
    if installable:
        market = offered(wait_s=_PATIENCE_S)
        offers = market.offers
        for note in market.notes:
            reporter.warn(note)
    if not bad:
        raise UsageError(f"expected two releases, such as 3.14..3.15, found {good}..")
    ends = _end(good, installed, offers), _end(bad, installed, offers)
    if ends[0].identity == ends[1].identity:
        raise UsageError(f"{good} and {bad} both mean CPython {ends[0].identity}: there is nothing between them")
    if ends[0].release > ends[1].release:
        raise UsageError(f"the range is empty: {good} is newer than {bad}; give {bad}..{good}, the good end first")
    chosen: dict[tuple[int, ...], Release] = {ends[0].release: ends[0], ends[1].release: ends[1]}
    providers = {end.provider for end in ends}
    known: list[Release] = [*installed, *offers]
    for one in known:
        fits = one.provider in providers and one.free_threaded == ends[0].free_threaded
        if fits and ends[0].release < one.release < ends[1].release and not _is_debug(one):
            chosen.setdefault(one.release, one)
    return {chosen[release].identity: chosen[release] for release in sorted(chosen)}


def _end(spec: str, installed: Sequence[Interpreter], offers: Sequence[Offer]) -> Release:
    try:
        return resolve(spec, installed)
    except NoInterpreterError:
        fitting = [one for one in offers if spec in (one.version, one.identity) or one.version.startswith(f"{spec}.")]
        if not fitting:
            raise
        return max(fitting, key=lambda offer: offer.release)


def _is_debug(release: Release) -> bool:
    return isinstance(release, Interpreter) and release.debug
