"""The order of commits: git's, with tags, other branches and unknown commits in their places, else that of dates."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from asv_jit.git.order import order_commits
from asv_jit.git.repository import Repository

DAY_S = 86_400
START_S = 1_600_000_000
GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false"]


class Project:
    """A repository whose commits are known by their subjects; each is a day younger than the one before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.day = 0
        self.hashes: dict[str, str] = {}
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, date: int = START_S) -> str:
        env = {
            "GIT_COMMITTER_DATE": f"{date} +0000",
            "GIT_AUTHOR_DATE": f"{date} +0000",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        done = subprocess.run([*GIT, *words], cwd=self.folder, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, name: str, day: int) -> None:
        self.git("commit", "-q", "--allow-empty", "-m", name, date=START_S + day * DAY_S)
        self.hashes[name] = self.git("rev-parse", "HEAD")

    def names(self, commits):
        by_hash = {digest: name for name, digest in self.hashes.items()}
        return [by_hash.get(digest, digest) for digest in commits]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """main: a b c d, b's clock was wrong; stable: from b, s t; a tag on a third branch, and beside it a stray."""
    one = Project(tmp_path_factory.mktemp("ordered"))
    one.commit("a", 1)
    one.commit("b", 9)
    one.git("checkout", "-q", "-b", "stable")
    one.commit("s", 10)
    one.commit("t", 11)
    one.git("checkout", "-q", "-b", "release", "main")
    one.commit("tagged", 12)
    one.git("tag", "-a", "v1", "-m", "v1")
    one.commit("stray", 13)
    one.git("checkout", "-q", "main")
    one.commit("c", 14)
    one.commit("d", 15)
    return one


def ordered(project, branches, *names, **others):
    measured = {project.hashes[name]: 0 for name in names} | {
        name: START_S + day * DAY_S for name, day in others.items()
    }
    order = order_commits(Repository(project.folder), branches, measured)
    return order, project.names(order.commits)


@pytest.mark.parametrize("branches", [["main"], [None], ["gone", "main"]])
def test_first_parents_from_the_first_to_the_last_measured(project, branches):
    order, names = ordered(project, branches, "d", "b")
    assert (names, order.ordered_by, order.unknown) == (["b", "c", "d"], "git", 0)
    assert order.dates.tolist() == [START_S + day * DAY_S for day in (9, 14, 15)]
    assert order.branches == {}


def test_tags_count_and_strays_do_not(project):
    order, names = ordered(project, ["main"], "a", "tagged", "stray", "d")
    assert names == ["a", "b", "tagged", "c", "d"]
    assert project.names(order.off_branch) == ["stray"]
    assert order.branches == {}


def test_other_branches_have_their_places(project):
    order, names = ordered(project, ["main", "stable"], "a", "t", "d", "tagged")
    assert names == ["a", "b", "s", "t", "tagged", "c", "d"]
    on = {branch: [names[place] for place in places] for branch, places in order.branches.items()}
    assert on == {"": ["a", "b", "tagged", "c", "d"], "stable": ["a", "b", "s", "t"]}


def test_what_git_does_not_know_stands_by_its_date(project):
    order, names = ordered(project, ["main"], "a", "d", early=0, middle=12, late=99)
    assert names == ["early", "a", "b", "middle", "c", "d", "late"]
    assert (order.ordered_by, order.unknown) == ("git", 3)


def test_where_no_branch_has_a_measured_commit_all_of_git_counts(project):
    _, names = ordered(project, ["main"], "s", "t")
    assert names == ["s", "t"]


def test_without_git_dates_decide(project):
    order = order_commits(None, ["main"], {"x": 5, "y": 3, "w": 3})
    assert (order.commits, order.ordered_by, order.unknown) == (("w", "y", "x"), "date", 3)
    assert ordered(project, ["main"], x=5, y=3)[1] == ["y", "x"]
    assert order_commits(Repository(project.folder), ["main"], {}).commits == ()
