"""Ranges, tags and names on a real repository, made here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository
from asv_jit.system.processes import base_environment, run

SUBJECTS = ["first", "second: with, commas", "third\u2028line \x0c feed", "fourth"]


def _git(folder: Path, *arguments: str, date: int = 1_700_000_000) -> str:
    done = run(
        ["git", *arguments],
        env=base_environment(
            {
                "GIT_AUTHOR_NAME": "Ada Lovelace",
                "GIT_AUTHOR_EMAIL": "ada@example.org",
                "GIT_COMMITTER_NAME": "C",
                "GIT_COMMITTER_EMAIL": "c@example.org",
                "GIT_AUTHOR_DATE": f"{date} +0000",
                "GIT_COMMITTER_DATE": f"{date} +0000",
                "GIT_CONFIG_GLOBAL": "/dev/null",
            }
        ),
        cwd=folder,
        timeout_s=30,
    )
    assert done.ok, done.complaint()
    return done.stdout.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four commits on `main`, a merged branch at the third, tags on the first and (annotated) the third."""
    folder = tmp_path_factory.mktemp("repository")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    for number, subject in enumerate(SUBJECTS[:2]):
        (folder / "file").write_text(subject, encoding="utf-8")
        _git(folder, "add", "file")
        _git(folder, "commit", "--quiet", "-m", subject, date=1_700_000_000 + number)
    _git(folder, "checkout", "--quiet", "-b", "side")
    _git(folder, "commit", "--quiet", "--allow-empty", "-m", "on the side", date=1_700_000_005)
    _git(folder, "checkout", "--quiet", "main")
    _git(folder, "merge", "--quiet", "--no-ff", "-m", SUBJECTS[2], "side", date=1_700_000_010)
    _git(folder, "commit", "--quiet", "--allow-empty", "-m", SUBJECTS[3], date=1_700_000_020)
    _git(folder, "tag", "v1", "HEAD~3")
    _git(folder, "tag", "-a", "v2", "-m", "annotated", "HEAD~1", date=1_700_000_030)
    _git(folder, "tag", "again-v2", "v2^{commit}")
    _git(folder, "tag", "a-tree", "HEAD^{tree}")
    _git(folder, "tag", "-a", "a-file", "-m", "a key, say", "HEAD:file")
    return folder


@pytest.fixture(scope="module")
def repository(folder: Path) -> Repository:
    return Repository(folder)


def test_a_name_resolves_to_its_commit(repository: Repository, folder: Path) -> None:
    head = _git(folder, "rev-parse", "HEAD")
    commit = repository.resolve("main")
    assert (commit.hash, commit.short) == (head, head[:8])
    assert (commit.author, commit.subject, commit.date) == ("Ada Lovelace", "fourth", 1_700_000_020)
    assert repository.resolve(head[:10]) == repository.resolve("HEAD") == commit
    assert repository.resolve("v2") == repository.resolve("HEAD~1")


@pytest.mark.parametrize(
    "name",
    ["nowhere", "", "HEAD~99", "v1..main", "--all", "--output=stolen", "-1", "a-tree", "HEAD:file", "f" * 40, "a b"],
)
def test_what_names_no_single_commit_is_refused(name: str, repository: Repository, folder: Path) -> None:
    with pytest.raises(UsageError, match="names no commit"):
        repository.resolve(name)
    assert not (folder / "stolen").exists()


def test_a_range_is_newest_first_along_the_first_parents(repository: Repository) -> None:
    every = repository.commits("main")
    assert [commit.subject for commit in every] == ["fourth", "third\u2028line \x0c feed", *SUBJECTS[1::-1]]
    assert repository.commits("v1..main") == every[:3]
    assert repository.commits("HEAD~2..HEAD~1") == every[1:2]
    assert repository.commits("main -n 2") == every[:2]
    assert repository.commits("HEAD..HEAD") == []


@pytest.mark.parametrize("words", ["nowhere..main", "main...", "it's", "--no-such-option", "file"])
def test_a_range_that_git_does_not_know_is_refused(words: str, repository: Repository) -> None:
    if words == "main...":
        assert repository.commits(words) == []  # git's own: main...HEAD
        return
    with pytest.raises(UsageError, match="does not understand the range"):
        repository.commits(words)


def test_tags_are_commits_newest_first_and_each_once(repository: Repository) -> None:
    assert repository.tags() == [repository.resolve("v2"), repository.resolve("v1")]


def test_a_dirty_tree_is_one_with_changes_to_known_files(folder: Path, repository: Repository) -> None:
    assert not repository.is_dirty()
    (folder / "unknown").write_text("x", encoding="utf-8")
    assert not repository.is_dirty()
    (folder / "file").write_text("changed", encoding="utf-8")
    assert repository.is_dirty()
    _git(folder, "checkout", "--quiet", "file")
    assert not repository.is_dirty()


def test_the_users_configuration_does_not_change_the_answers(
    folder: Path, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = repository.commits("main"), repository.tags()
    (tmp_path / ".gitconfig").write_text(
        "[log]\n showSignature = true\n date = relative\n[column]\n ui = always\n[color]\n ui = always\n"
        "[i18n]\n logOutputEncoding = latin-1\n[core]\n pager = false\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert (repository.commits("main"), repository.tags()) == before


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a git repository"):
        Repository(tmp_path)


def test_without_git_the_error_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="git was not found"):
        Repository(folder)


def test_a_repository_without_commits_has_none(tmp_path: Path) -> None:
    _git(tmp_path, "init", "--quiet")
    empty = Repository(tmp_path)
    assert empty.tags() == []
    with pytest.raises(UsageError, match="names no commit"):
        empty.resolve("HEAD")
    with pytest.raises(UsageError, match="does not understand"):
        empty.commits("HEAD")


@pytest.fixture
def clone(folder: Path, tmp_path: Path) -> Repository:
    """A clone of a copy, so that both may be changed."""
    remote = tmp_path / "remote"
    _git(tmp_path, "clone", "--quiet", str(folder), str(remote))
    _git(tmp_path, "clone", "--quiet", str(remote), str(tmp_path / "clone"))
    return Repository(tmp_path / "clone")


def test_the_tip_is_what_others_pushed_unless_ours_goes_on_from_it(clone: Repository, tmp_path: Path) -> None:
    assert clone.has_remote()
    _git(tmp_path / "remote", "commit", "--quiet", "--allow-empty", "-m", "pushed", date=1_700_000_100)
    assert clone.fetch() is None
    assert [tip.subject for tip in (clone.tip("main"), clone.tip(None)) if tip] == ["pushed"] * 2
    _git(clone.folder, "merge", "--quiet", "--ff-only", "origin/main")
    _git(clone.folder, "commit", "--quiet", "--allow-empty", "-m", "ours", date=1_700_000_200)
    assert clone.tip("main") == clone.resolve("main")


def test_after_a_force_push_the_tip_is_theirs(clone: Repository, tmp_path: Path) -> None:
    _git(tmp_path / "remote", "commit", "--quiet", "--amend", "--allow-empty", "-m", "rewritten", date=1_700_000_100)
    assert clone.fetch() is None
    tip = clone.tip("main")
    assert tip is not None
    assert tip.subject == "rewritten"


def test_without_the_remote_what_is_here_stays_usable(clone: Repository, tmp_path: Path) -> None:
    before = clone.tip("main")
    (tmp_path / "remote").rename(tmp_path / "gone")
    complaint = clone.fetch()
    assert complaint is not None
    assert "remote" in complaint
    assert clone.tip("main") == before
    assert clone.tip("no-such-branch") is None


def test_a_branch_that_the_remote_lost_is_named_and_stays_usable(clone: Repository, tmp_path: Path) -> None:
    _git(tmp_path / "remote", "branch", "gone")
    assert clone.fetch() is None
    _git(clone.folder, "branch", "never-pushed")
    assert clone.vanished([None, "main", "gone", "never-pushed", "no-such-branch"]) == []
    _git(tmp_path / "remote", "branch", "-D", "gone")
    assert clone.fetch() is None
    assert clone.vanished([None, "main", "gone", "never-pushed", "no-such-branch"]) == ["gone"]
    assert clone.tip("gone") == clone.tip("main")
    (tmp_path / "remote").rename(tmp_path / "hidden")
    assert clone.vanished(["gone"]) == []


def test_a_mirror_names_a_branch_that_its_remote_lost(clone: Repository, tmp_path: Path) -> None:
    _git(tmp_path / "remote", "branch", "gone")
    _git(tmp_path, "clone", "--quiet", "--mirror", "remote", "mirror")
    mirror = Repository(tmp_path / "mirror")
    assert mirror.vanished(["main", "gone"]) == []
    _git(tmp_path / "remote", "branch", "-D", "gone")
    assert mirror.vanished(["main", "gone"]) == ["gone"]


@pytest.mark.parametrize("name", ["refs/remotes/origin/main.lock", "packed-refs.lock"])
def test_a_lock_that_a_killed_git_left_does_not_end_fetching_for_ever(
    name: str, clone: Repository, tmp_path: Path
) -> None:
    lock = clone.folder / ".git" / name
    lock.touch()
    _git(tmp_path / "remote", "branch", "another")
    clone.fetch()
    assert lock.exists()  # somebody may be at work
    os.utime(lock, (0.0, 0.0))
    _git(tmp_path / "remote", "commit", "--quiet", "--allow-empty", "-m", "pushed", date=1_700_000_100)
    assert clone.fetch() is None
    assert not lock.exists()
    tip = clone.tip("main")
    assert tip is not None
    assert tip.subject == "pushed"
