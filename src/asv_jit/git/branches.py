"""Reads and writes branches of a remote without touching the user's checkout, index or working tree.

All work happens in a temporary index file and temporary folders. The user's repository receives only objects, and
refs below `refs/asv-jit/` that record the fetched branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from asv_jit.errors import StorageError, UsageError
from asv_jit.git.command import drop_stale_locks, git
from asv_jit.system.processes import Finished

_PATHS_AT_ONCE = 400
_ORDINARY_MODES = ("100644", "100755")

# Keep file contents unchanged and run no hooks, whatever the user's configuration says.
_PLAIN = (
    "-c", "core.autocrlf=false", "-c", "core.symlinks=false", "-c", "core.attributesFile=",
    "-c", "core.hooksPath=/dev/null", "-c", "core.fileMode=false", "-c", "gc.auto=0",
    "-c", "core.sparseCheckout=false", "-c", "core.fsmonitor=false",
)  # fmt: skip
_NAME, _ADDRESS = "asv-jit", "asv-jit@localhost"


class Entry(Struct, frozen=True):
    """A file of a commit; `ordinary` is false for links and submodules."""

    path: str
    size_bytes: int
    ordinary: bool


class RemoteBranch:
    """A branch of a remote of the repository that contains `folder`. Raises UsageError if there is no such remote."""

    def __init__(self, folder: Path, branch: str, remote: str = "origin") -> None:
        self._folder = folder
        self.name = branch
        self.remote = remote
        found = self._start(["rev-parse", "--git-common-dir"])
        if not found.ok:
            raise UsageError(f"{folder} is not in a git repository, so asv-jit cannot write branch {branch!r}")
        self._git_dir = (folder / found.stdout.rstrip("\n")).absolute()
        if branch.startswith("-") or not self._start(["check-ref-format", f"refs/heads/{branch}"]).ok:
            raise UsageError(f"expected a branch name, found {branch!r}")
        if remote.startswith("-") or not self._start(["remote", "get-url", remote]).ok:
            raise UsageError(f"{folder} has no remote {remote!r}; add one with `git remote add {remote} ADDRESS`")

    @property
    def _kept(self) -> str:
        return f"refs/asv-jit/{self.name}"

    def fetch(self) -> str | None:
        """Fetch the branch, even after a force-push; return its newest commit, or None if the remote lacks it.

        Raises StorageError if the remote cannot be reached.
        """
        drop_stale_locks(self._git_dir)
        reference = f"refs/heads/{self.name}"
        listed = self._start(["ls-remote", "--exit-code", self.remote, reference])
        if listed.exit == 2:  # the remote answered, and has no such branch
            return None
        if not listed.ok:
            raise self._unreachable(listed)
        fetched = self._start(["fetch", "--quiet", "--no-tags", self.remote, f"+{reference}:{self._kept}"])
        if not fetched.ok:
            raise self._unreachable(fetched)
        return self._ask(["rev-parse", "--verify", f"{self._kept}^{{commit}}"]).strip()

    def entries(self, commit: str) -> list[Entry]:
        """Return the files of a commit."""
        listing = self._ask(["ls-tree", "-r", "-l", "-z", "--full-tree", commit])
        return [_entry(line) for line in listing.split("\0") if line]

    def tree_of(self, commit: str) -> str:
        """Return the hash of a commit's tree."""
        return self._ask(["rev-parse", "--verify", f"{commit}^{{tree}}"]).strip()

    @contextmanager
    def staging(self, commit: str | None) -> Iterator[Staging]:
        """Yield a temporary index, filled from `commit` or empty."""
        with TemporaryDirectory(prefix="asv-jit-branch-") as folder:
            staging = Staging(self, Path(folder))
            if commit is not None:
                staging.ask(["read-tree", commit])
            yield staging

    def commit(self, tree: str, parent: str | None, message: str) -> str:
        """Create a commit of a tree, not yet on any branch; return its hash."""
        parents = [] if parent is None else ["-p", parent]
        return self._ask(["commit-tree", "--no-gpg-sign", tree, *parents, "-m", message], env=self._identity()).strip()

    def push(self, commit: str, *, replacing: str | None = None, force: bool = False) -> Finished:
        """Push `commit` to the remote branch.

        Parameters: without `force` the push must be a fast-forward. With it, history is replaced, but only if the
        remote branch is still at `replacing` (None: does not exist).
        """
        reference = f"refs/heads/{self.name}"
        lease = [f"--force-with-lease={reference}:{replacing or ''}"] if force else []
        return self._start(["push", "--quiet", "--no-verify", *lease, self.remote, f"{commit}:{reference}"])

    def _identity(self) -> dict[str, str]:
        """Return the committer: the user that git is configured with, else asv-jit, as on a fresh CI machine."""
        known = {key: self._start(["config", key]).stdout.strip() for key in ("user.name", "user.email")}
        name, address = known["user.name"] or _NAME, known["user.email"] or _ADDRESS
        return {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": address,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": address,
        }

    def _unreachable(self, finished: Finished) -> StorageError:
        return StorageError(
            f"cannot fetch branch {self.name!r} of {self.remote!r}; local results are safe, "
            f"run the same command again: {finished.complaint(6)}"
        )

    def _ask(self, arguments: Sequence[str], env: dict[str, str] | None = None) -> str:
        finished = self._start(arguments, env)
        if not finished.ok:
            raise StorageError(
                f"git {arguments[0]} failed while working on branch {self.name!r}: {finished.complaint(6)}"
            )
        return finished.stdout

    def _start(self, arguments: Sequence[str], env: dict[str, str] | None = None) -> Finished:
        variables = {"GIT_ATTR_NOSYSTEM": "1", **(env or {})}
        return git(self._folder, [*_PLAIN, *arguments], variables=variables, reaches_remotes=True)


class Staging:
    """A tree under construction: a temporary index, filled from folders."""

    def __init__(self, branch: RemoteBranch, folder: Path) -> None:
        self._branch = branch
        self._folder = folder
        self._index = folder / "index"

    def new_folder(self, name: str) -> Path:
        """Create an empty folder that is removed together with the index."""
        path = self._folder / name
        path.mkdir()
        return path

    def differing(self, folder: Path) -> set[str]:
        """Return the files of this tree that differ in `folder` or are missing there."""
        self._branch._start([*self._work_tree(folder), "update-index", "-q", "--refresh"], self._environment())
        listing = self.ask([*self._work_tree(folder), "diff-files", "--name-only", "-z"])
        return set(filter(None, listing.split("\0")))

    def extract(self, paths: Iterable[str], into: Path) -> None:
        """Write files of this tree below `into`, unchanged."""
        wanted = sorted(paths)
        for start in range(0, len(wanted), _PATHS_AT_ONCE):
            self.ask(["checkout-index", "-f", f"--prefix={into}/", "--", *wanted[start : start + _PATHS_AT_ONCE]])

    def add(self, folder: Path) -> None:
        """Add every file below `folder`, replacing files at the same path; other files stay."""
        self.ask([*self._work_tree(folder), "add", "--force", "--ignore-removal", "--", "."])

    def write(self) -> str:
        """Store the tree; return its hash."""
        return self.ask(["write-tree"]).strip()

    def ask(self, arguments: Sequence[str]) -> str:
        """Run git on this index. Raises StorageError."""
        return self._branch._ask(arguments, self._environment())

    def _environment(self) -> dict[str, str]:
        return {"GIT_INDEX_FILE": str(self._index)}

    def _work_tree(self, folder: Path) -> list[str]:
        # `-C`, because pathspecs and printed paths are relative to git's working directory.
        return ["-C", str(folder), f"--git-dir={self._branch._git_dir}", f"--work-tree={folder}"]


def _entry(line: str) -> Entry:
    described, path = line.split("\t", 1)
    mode, _, _, size = described.split()
    return Entry(path, int(size) if size.isdigit() else 0, mode in _ORDINARY_MODES)
