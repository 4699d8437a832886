"""asv's local mirror of a repository that is configured by its address."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from asv import util
from asv.plugins.git import Git
from asv.repo import get_repo

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.command import GIT_ACCESS, drop_stale_locks
from asv_jit.git.repository import Repository
from asv_jit.system.processes import limited_environment


def insist_on_git(project: Project) -> None:
    """Raise UsageError if the repository is not git's, or `repo` is a subfolder of one."""
    local = project.folder / project.repo
    named = project.given.get("dvcs")
    is_hg = project.repo.startswith("hg+") or ((local / ".hg").is_dir() and not (local / ".git").exists())
    if named not in (None, "git") or is_hg:
        found = f'"dvcs": "{named}"' if named else f'"repo": "{project.repo}"'
        raise UsageError(
            f"asv.conf.json: expected a git repository, found {found}; asv-jit measures commits of git repositories "
            "only: convert it, or measure it with plain asv"
        )
    if local.is_dir() and not Git.is_local_repo(str(local)):
        top = next((parent for parent in local.resolve().parents if (parent / ".git").exists()), None)
        if top is not None:
            place = Path(os.path.relpath(top, project.folder.resolve())).as_posix()
            below = local.resolve().relative_to(top).as_posix()
            raise UsageError(
                f'asv.conf.json: "repo": expected the top folder of a git repository, found {project.repo!r} inside '
                f'one; write "repo": "{place}", and "repo_subdir": "{below}" where the package lies there'
            )


def mirror_of(project: Project) -> Path:
    """Clone or fetch the mirror that asv itself would use; return its folder. Raises UsageError."""
    output = io.StringIO()
    drop_stale_locks(project.folder / project.name)
    try:
        with (
            limited_environment(GIT_ACCESS),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
        ):
            repo = get_repo(project.asv)
            repo.pull()
    except (util.UserError, util.ProcessError, OSError) as error:
        raise UsageError(
            f'asv.conf.json: "repo": {project.repo!r} is neither a local git repository nor one that can be fetched: '
            f"{error}"
        ) from None
    return Path(repo._path)


def fetched(project: Project) -> str | None:
    """Fetch the repository's remotes; return the error or None. Existing data stays usable."""
    insist_on_git(project)
    local = project.folder / project.repo
    if local.is_dir():
        repository = Repository(local)
        return repository.fetch() if repository.has_remote() else None
    try:
        mirror_of(project)
    except UsageError as error:
        return str(error)
    return None


def repository_without_network(project: Project) -> Path:
    """Return the repository's folder or existing mirror; clone the mirror if it is missing. Raises UsageError."""
    insist_on_git(project)
    local = project.folder / project.repo
    mirror = project.folder / project.name
    if local.is_dir():
        return local
    return mirror if mirror.is_dir() else mirror_of(project)
