"""asv's local mirror of a repository that is given by address."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from asv import util
from asv.repo import get_repo

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git_branches import GIT_ACCESS
from asv_jit.processes import limited_environment

__all__ = ["mirror_of"]


def mirror_of(project: Project) -> Path:
    """Clone or fetch the mirror that asv itself would use; its folder. Raises UsageError."""
    output = io.StringIO()
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
