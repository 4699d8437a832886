"""Which commits a range means: a file of names of which one is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import cast

import pytest

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository
from asv_jit.workflows.measuring.selection import commits_of

_ANY = cast("Project", None)  # a file of hashes asks nothing of the project


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    for words in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "one"], ["tag", "v1"]):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True)
    return Repository(tmp_path)


def test_an_unknown_line_is_named_and_the_others_are_taken(repository: Repository, tmp_path: Path) -> None:
    listed = tmp_path / "hashes"
    listed.write_text("\nno-such-commit\nv1\n")
    warnings: list[str] = []
    found = commits_of(_ANY, repository, f"HASHFILE:{listed}", warnings.append)
    assert found == [repository.resolve("v1")]
    (warning,) = warnings
    assert warning.startswith("HASHFILE, line 2: 'no-such-commit' names no commit")


def test_a_file_without_any_known_commit_is_refused(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "hashes").write_text("nothing\n")
    with pytest.raises(UsageError, match="holds no commits"):
        commits_of(_ANY, repository, f"HASHFILE:{tmp_path / 'hashes'}", lambda _: None)
