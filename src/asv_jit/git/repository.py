"""Reads the project's git repository: commits, ranges, branches and tags."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import UsageError
from asv_jit.git.command import drop_stale_locks, git
from asv_jit.system.processes import Finished

_FIELDS = "%H%x00%ct%x00%an%x00%s"
# Override the user's configuration, which could change git's output.
_PLAIN_ANSWERS = ("-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=utf-8")


class Commit(Struct, frozen=True):
    """A commit as the site and reports show it; `date` is the committer's, in seconds since 1970."""

    hash: str
    date: int
    author: str
    subject: str

    @property
    def short(self) -> str:
        """The first eight characters of the hash, as in asv."""
        return self.hash[:8]


class Repository:
    """Reads a local git repository; only `fetch` changes it, by updating its remotes' refs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if self._ask(["rev-parse", "--git-dir"]) is None:
            raise UsageError(
                f'{folder} is not a git repository; set "repo" in asv.conf.json to the folder or address of one'
            )

    def resolve(self, name: str) -> Commit:
        """Return the commit that a branch, tag or hash names. Raises UsageError."""
        # `git log` alone would also accept a range, and return its last commit.
        found = self._ask(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
        answer = self._ask(["log", "-1", f"--format={_FIELDS}", found.strip(), "--"]) if found else None
        if not answer:
            raise UsageError(f"{name!r} names no commit in {self.folder}; give a branch, a tag or a hash")
        return _commits(answer)[0]

    def commits(self, range_words: str) -> list[Commit]:
        """Return the commits of a git range, newest first, first parents only as in asv. Raises UsageError."""
        try:
            words = shlex.split(range_words)
        except ValueError:
            words = [range_words]  # unbalanced quotes: let git reject them
        answer = self._ask(["log", "--first-parent", f"--format={_FIELDS}", *words, "--"])
        if answer is None:
            raise UsageError(f"git does not understand the range {range_words!r}; try `HEAD~5..HEAD`, NEW, ALL or TAGS")
        return _commits(answer)

    def tags(self) -> list[Commit]:
        """Return the tagged commits, newest first. Tags of other objects (keys, trees) are ignored."""
        names = (self._ask(["for-each-ref", "--sort=-creatordate", "--format=%(refname)", "refs/tags"]) or "").split(
            "\n"
        )
        commits = {}
        for name in filter(None, names):
            with suppress(UsageError):
                commit = self.resolve(name)
                commits[commit.hash] = commit
        return list(commits.values())

    def tagged(self) -> set[str]:
        """Return the hashes that tags name, including annotated tags' own, with a single call of git."""
        answer = self._ask(["for-each-ref", "--format=%(objectname)%0a%(*objectname)", "refs/tags"]) or ""
        return set(filter(None, answer.split("\n")))

    def dates(self, revisions: Sequence[str]) -> dict[str, int]:
        """Map hashes to committer dates (seconds since 1970) for all commits of `revisions`, parents before children.

        `revisions` are options and names for git rev-list; the result is empty if git rejects them.
        """
        answer = self._ask(["rev-list", "--date-order", "--reverse", "--timestamp", *revisions, "--"]) or ""
        pairs = (line.split(" ") for line in answer.split("\n") if line)
        return {digest: int(date) for date, digest in pairs}

    def merge_base(self, one: str, other: str) -> Commit | None:
        """Return the best common ancestor of two commits; None if they have none."""
        found = self._ask(["merge-base", one, other])
        return self.resolve(found.split()[0]) if found else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return True if `older` is an ancestor of `newer` or the same commit."""
        base = self.merge_base(older, newer)
        return base is not None and base.hash == older

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the full hashes of a commit's parents, in order."""
        answer = self._ask(["rev-list", "--parents", "-1", commit, "--"])
        return tuple(answer.split()[1:]) if answer else ()

    def diff_stat(self, older: str, newer: str) -> str:
        """Return git's diff summary of two commits: one line per file, then the totals."""
        return (self._ask(["diff", "--stat=80", "--no-color", "--no-ext-diff", older, newer, "--"]) or "").rstrip()

    def has_remote(self) -> bool:
        """Return True if the repository has a remote."""
        return bool((self._ask(["remote"]) or "").strip())

    def fetch(self) -> str | None:
        """Fetch all remotes' branches and tags; return git's error or None. Existing data stays usable."""
        common = self._ask(["rev-parse", "--git-common-dir"])
        if common is not None:
            drop_stale_locks(self.folder / common.rstrip("\n"))
        done = self._reach(["fetch", "--all", "--quiet", "--tags"])
        return None if done.ok else done.complaint(4)

    def vanished(self, branches: Sequence[str | None]) -> list[str]:
        """Return those of `branches` that were fetched before and that their remote has deleted since.

        A fetch keeps deleted branches, so that their results stay readable. Returns none if the remote is unreachable.
        """
        deleted: list[str] = []
        heads: dict[str, set[str] | None] = {}
        for name in filter(None, branches):
            remote = self._remote_of(name)
            is_mirror = (self._ask(["config", "--type=bool", f"remote.{remote}.mirror"]) or "").strip() == "true"
            kept = f"refs/heads/{name}" if is_mirror else f"refs/remotes/{remote}/{name}"
            if self._found(kept) is None:
                continue
            if remote not in heads:
                listed = self._reach(["ls-remote", "--heads", remote])
                heads[remote] = {line.partition("\t")[2] for line in listed.stdout.split("\n")} if listed.ok else None
            current = heads[remote]
            if current is not None and f"refs/heads/{name}" not in current:
                deleted.append(name)
        return deleted

    def tip(self, branch: str | None) -> Commit | None:
        """Return the newest commit of a branch (None: the checked-out one) here or on its remote; None if neither.

        The remote's commit wins unless the local branch is ahead of it: users measure what others push, and after a
        force-push the local branch is outdated.
        """
        name = branch or (self._ask(["symbolic-ref", "--quiet", "--short", "HEAD"]) or "HEAD").strip()
        ours, theirs = self._found(name), self._found(f"refs/remotes/{self._remote_of(name)}/{name}")
        if ours is None or theirs is None:
            return ours or theirs
        return ours if self.is_ancestor(theirs.hash, ours.hash) else theirs

    def lasting_branch(self) -> str:
        """Return a long-lived branch: the first of the remote's default, `main`, `master` and the checked-out one.

        Falls back to the branch of the newest commit, and to `HEAD` if there is no branch.
        """
        origin = self._ask(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]) or ""
        current = (self._ask(["symbolic-ref", "--quiet", "--short", "HEAD"]) or "").strip()
        newest_first = self._ask(["for-each-ref", "--sort=-committerdate", "--format=%(refname:short)", "refs/heads"])
        branches = (newest_first or "").split()
        wanted = (origin.strip().removeprefix("origin/"), "main", "master", current)
        # A repository without commits has only the checked-out branch, which for-each-ref does not list.
        return next((name for name in wanted if name in branches), current or (branches[0] if branches else "HEAD"))

    def _remote_of(self, branch: str) -> str:
        return (self._ask(["config", "--get", f"branch.{branch}.remote"]) or "origin").strip()

    def _found(self, name: str) -> Commit | None:
        try:
            return self.resolve(name)
        except UsageError:
            return None

    def is_dirty(self) -> bool:
        """Return True if tracked files have uncommitted changes."""
        return bool(self._ask(["status", "--porcelain", "--untracked-files=no"]))

    def _reach(self, arguments: list[str]) -> Finished:
        return git(self.folder, ["-c", "maintenance.auto=false", "-c", "gc.auto=0", *arguments], reaches_remotes=True)

    def _ask(self, arguments: list[str]) -> str | None:
        done = git(self.folder, [*_PLAIN_ANSWERS, *arguments])
        return done.stdout if done.ok else None


def _commits(answer: str) -> list[Commit]:
    # Not splitlines(): it also splits at a form feed and other characters that a subject may contain.
    return [_commit(line) for line in answer.split("\n") if line]


def _commit(line: str) -> Commit:
    digest, date, author, subject = line.split("\0", 3)
    return Commit(digest, int(date), author, subject)
