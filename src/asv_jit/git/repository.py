"""The project's git repository: which commits a range means, and what is known of a commit."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from asv_jit.errors import UsageError
from asv_jit.git.branches import GIT_ACCESS, drop_stale_locks
from asv_jit.system.processes import Finished, base_environment, run

_TIMEOUT_S = 300.0
_WHOLE_HISTORY_BYTES = 1 << 30
_FIELDS = "%H%x00%ct%x00%an%x00%s"
# Whatever the user's own configuration says.
_PLAIN_ANSWERS = ("-c", "log.showSignature=false", "-c", "i18n.logOutputEncoding=utf-8")


class Commit(Struct, frozen=True):
    """What the site and the reports say of a commit; `date` is the committer's, in seconds since 1970."""

    hash: str
    date: int
    author: str
    subject: str

    @property
    def short(self) -> str:
        """asv's eight characters."""
        return self.hash[:8]


class Repository:
    """Reads a local git repository; changes nothing in it but what it knows of its remotes."""

    def __init__(self, folder: Path) -> None:
        git = shutil.which("git")
        if git is None:
            raise UsageError("git was not found on PATH; install it, asv-jit reads the project's history with it")
        self._git = git
        self.folder = folder
        if self._ask(["rev-parse", "--git-dir"]) is None:
            raise UsageError(
                f'{folder} is not a git repository; set "repo" in asv.conf.json to the folder or address of one'
            )

    def resolve(self, name: str) -> Commit:
        """The commit that a branch, tag or hash names. Raises UsageError."""
        # `git log` alone would take a range as well, and answer with its last commit.
        found = self._ask(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
        answer = self._ask(["log", "-1", f"--format={_FIELDS}", found.strip(), "--"]) if found else None
        if not answer:
            raise UsageError(f"{name!r} names no commit in {self.folder}; give a branch, a tag or a hash")
        return _commits(answer)[0]

    def commits(self, range_words: str) -> list[Commit]:
        """The commits of a git range, newest first, first parents only as in asv. Raises UsageError."""
        try:
            words = shlex.split(range_words)
        except ValueError:
            words = [range_words]  # an open quote: let git refuse it
        answer = self._ask(["log", "--first-parent", f"--format={_FIELDS}", *words, "--"])
        if answer is None:
            raise UsageError(f"git does not understand the range {range_words!r}; try `HEAD~5..HEAD`, NEW, ALL or TAGS")
        return _commits(answer)

    def tags(self) -> list[Commit]:
        """The commits that tags name, newest first. Tags of anything else (a key, a tree) are passed over."""
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
        """The hashes that tags name (annotated tags' own among them): one question, however many tags there are."""
        answer = self._ask(["for-each-ref", "--format=%(objectname)%0a%(*objectname)", "refs/tags"]) or ""
        return set(filter(None, answer.split("\n")))

    def dates(self, revisions: Sequence[str]) -> dict[str, int]:
        """Hash and committer's date (seconds since 1970) of what `revisions` reach, parents before children.

        `revisions` are options and names as git's rev-list takes them; no commit where git refuses them.
        """
        answer = self._ask(["rev-list", "--date-order", "--reverse", "--timestamp", *revisions, "--"]) or ""
        pairs = (line.split(" ") for line in answer.split("\n") if line)
        return {digest: int(date) for date, digest in pairs}

    def merge_base(self, one: str, other: str) -> Commit | None:
        """The best common ancestor of two commits; None where their histories have nothing in common."""
        found = self._ask(["merge-base", one, other])
        return self.resolve(found.split()[0]) if found else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `newer` is built on `older` (or is the same commit)."""
        base = self.merge_base(older, newer)
        return base is not None and base.hash == older

    def parents(self, commit: str) -> tuple[str, ...]:
        """The full hashes of a commit's parents, the first one first."""
        answer = self._ask(["rev-list", "--parents", "-1", commit, "--"])
        return tuple(answer.split()[1:]) if answer else ()

    def diff_stat(self, older: str, newer: str) -> str:
        """git's own summary of what changed between two commits: a line a file, then the totals."""
        return (self._ask(["diff", "--stat=80", "--no-color", "--no-ext-diff", older, newer, "--"]) or "").rstrip()

    def has_remote(self) -> bool:
        """Whether there is anything to fetch from."""
        return bool((self._ask(["remote"]) or "").strip())

    def fetch(self) -> str | None:
        """Fetch all remotes' branches and tags; what went wrong, or None. What was there before stays usable."""
        common = self._ask(["rev-parse", "--git-common-dir"])
        if common is not None:
            drop_stale_locks(self.folder / common.rstrip("\n"))
        done = self._reach(["fetch", "--all", "--quiet", "--tags"])
        return None if done.ok else done.complaint(4)

    def vanished(self, branches: Sequence[str | None]) -> list[str]:
        """Those of `branches` that a remote had when they were fetched, and does not have any more.

        Fetching forgets none of them, so that what was measured of them stays known. Nothing where the remote cannot be
        reached.
        """
        gone: list[str] = []
        there: dict[str, set[str] | None] = {}
        for name in filter(None, branches):
            remote = self._remote_of(name)
            is_mirror = (self._ask(["config", "--type=bool", f"remote.{remote}.mirror"]) or "").strip() == "true"
            kept = f"refs/heads/{name}" if is_mirror else f"refs/remotes/{remote}/{name}"
            if self._found(kept) is None:
                continue
            if remote not in there:
                listed = self._reach(["ls-remote", "--heads", remote])
                there[remote] = {line.partition("\t")[2] for line in listed.stdout.split("\n")} if listed.ok else None
            known = there[remote]
            if known is not None and f"refs/heads/{name}" not in known:
                gone.append(name)
        return gone

    def tip(self, branch: str | None) -> Commit | None:
        """The newest commit of a branch (None: what is checked out), as this clone or its remote has it.

        The remote's counts unless our own branch goes on from it: whoever measures waits for what others push, and
        after a force-push theirs is the true one. None where neither has the branch.
        """
        name = branch or (self._ask(["symbolic-ref", "--quiet", "--short", "HEAD"]) or "HEAD").strip()
        ours, theirs = self._found(name), self._found(f"refs/remotes/{self._remote_of(name)}/{name}")
        if ours is None or theirs is None:
            return ours or theirs
        return ours if self.is_ancestor(theirs.hash, ours.hash) else theirs

    def lasting_branch(self) -> str:
        """A branch that is there, and likely for long: the remote's default, `main`, `master`, what is checked out.

        Else the one of the newest commit; `HEAD` where there is no branch.
        """
        origin = self._ask(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]) or ""
        current = (self._ask(["symbolic-ref", "--quiet", "--short", "HEAD"]) or "").strip()
        newest_first = self._ask(["for-each-ref", "--sort=-committerdate", "--format=%(refname:short)", "refs/heads"])
        there = (newest_first or "").split()
        wanted = (origin.strip().removeprefix("origin/"), "main", "master", current)
        # A repository without commits has no branch yet but the one that its first commit is to be on.
        return next((name for name in wanted if name in there), current or (there[0] if there else "HEAD"))

    def _remote_of(self, branch: str) -> str:
        return (self._ask(["config", "--get", f"branch.{branch}.remote"]) or "origin").strip()

    def _found(self, name: str) -> Commit | None:
        try:
            return self.resolve(name)
        except UsageError:
            return None

    def is_dirty(self) -> bool:
        """Whether the working tree has changes that no commit holds."""
        return bool(self._ask(["status", "--porcelain", "--untracked-files=no"]))

    def _reach(self, arguments: list[str]) -> Finished:
        """Run a git that talks to remotes. A question for a password would wait for ever: nobody watches."""
        return run(
            [self._git, "-c", "maintenance.auto=false", "-c", "gc.auto=0", *arguments],
            env=base_environment({"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}, also=GIT_ACCESS),
            cwd=self.folder,
            timeout_s=_TIMEOUT_S,
            keep_bytes=_WHOLE_HISTORY_BYTES,
        )

    def _ask(self, arguments: list[str]) -> str | None:
        done = run(
            [self._git, *_PLAIN_ANSWERS, *arguments],
            env=base_environment({"LC_ALL": "C"}),
            cwd=self.folder,
            timeout_s=_TIMEOUT_S,
            keep_bytes=_WHOLE_HISTORY_BYTES,
        )
        return done.stdout if done.ok else None


def _commits(answer: str) -> list[Commit]:
    # Not splitlines(): a subject may hold a form feed or another character that it takes for the end of a line.
    return [_commit(line) for line in answer.split("\n") if line]


def _commit(line: str) -> Commit:
    digest, date, author, subject = line.split("\0", 3)
    return Commit(digest, int(date), author, subject)
