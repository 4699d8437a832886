"""Runs git: without prompts, and with a few harmless variables only."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from asv_jit.errors import UsageError
from asv_jit.system.processes import NETWORK_VARIABLES, Finished, base_environment, run

_TIMEOUT_S = 900.0
_OUTPUT_BYTES = 1 << 30  # a listing of a whole history
_STALE_LOCK_S = 3600.0

# Variables through which git reaches a remote with the user's credentials; none of them holds a token.
GIT_ACCESS = (
    "GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "SSH_ASKPASS", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME",
    *NETWORK_VARIABLES,
)  # fmt: skip


def git(
    folder: Path,
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    reaches_remotes: bool = False,
) -> Finished:
    """Run git in `folder`; with `reaches_remotes` it may use the user's credentials. Raises UsageError without git."""
    program = shutil.which("git")
    if program is None:
        raise UsageError("git was not found on PATH; install it: asv-jit needs it to read the project's history")
    # Without a user to answer, a password prompt would wait for ever.
    extra = {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
    return run(
        [program, *arguments],
        env=base_environment(extra, also=GIT_ACCESS if reaches_remotes else ()),
        cwd=folder,
        timeout_s=_TIMEOUT_S,
        keep_bytes=_OUTPUT_BYTES,
    )


def drop_stale_locks(git_dir: Path) -> None:
    """Remove ref locks older than an hour, which a killed git left behind.

    git holds such a lock for milliseconds, and cannot fetch while one exists.
    """
    long_ago_s = time.time() - _STALE_LOCK_S
    for lock in (git_dir / "packed-refs.lock", git_dir / "shallow.lock", *(git_dir / "refs").rglob("*.lock")):
        with suppress(OSError):  # the lock does not exist, or its owner removed it
            if lock.stat().st_mtime < long_ago_s:
                lock.unlink()
