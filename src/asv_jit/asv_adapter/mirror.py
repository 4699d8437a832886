"""asv's local mirror of a repository that is given by address."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from asv import util
from asv.repo import get_repo

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.branches import GIT_ACCESS, drop_stale_locks
from asv_jit.git.repository import Repository
from asv_jit.system.processes import limited_environment


def mirror_of(project: Project) -> Path:
    """Clone or fetch the mirror that asv itself would use; its folder. Raises UsageError."""
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
    """Fetch what the repository's remotes have; what went wrong, or None. What was here before stays usable."""
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
    """The repository's folder, or its mirror as it was fetched last. Raises UsageError where it never was."""
    local = project.folder / project.repo
    mirror = project.folder / project.name
    if local.is_dir():
        return local
    return mirror if mirror.is_dir() else mirror_of(project)
