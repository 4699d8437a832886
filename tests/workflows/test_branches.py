"""Results on a branch of a real remote: nothing lost, nothing twice, nothing of the user's touched."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from asv_jit.errors import StorageError, UsageError
from asv_jit.system import paths
from asv_jit.system.processes import Finished, base_environment, run
from asv_jit.workflows.branches import fetch_results, push_results, push_site
from tests.workflows.branch_places import MACHINE, Place, clone, git, new_remote, trial

BRANCH = "asv-results"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return new_remote(tmp_path)


@pytest.fixture
def place(remote: Path, tmp_path: Path) -> Place:
    return clone(remote, tmp_path / "one")


def _untouched(place: Place) -> tuple[str, str, str]:
    folder = place.project.folder
    return (
        git(folder, "status", "--porcelain", "--ignored", "--", ".", ":!results"),
        git(folder, "for-each-ref", "refs/heads", "HEAD"),
        git(folder, "ls-files", "--stage"),
    )


def test_results_go_to_the_branch_and_come_back_on_another_machine(place: Place, remote: Path, tmp_path: Path) -> None:
    place.measure(trial("b1"), trial("b2"))
    raw = place.machine / "trials" / "raw"
    raw.mkdir()
    (raw / "s1.jsonl.gz").write_bytes(b"many")
    (place.machine / "secret.txt").write_text("not a result")
    (place.results / ".asv-jit.lock").touch()
    (place.results / "linked.json").symlink_to("/etc/hostname")
    before = _untouched(place)
    pushed = push_results(place.project, BRANCH)
    assert (pushed.changed, pushed.attempts) == (True, 1)
    assert _untouched(place) == before
    assert set(place.on_branch(BRANCH)) == {
        ".asv-jit-results",
        "README.md",
        f"{MACHINE}/machine.json",
        f"{MACHINE}/trials/{place.machine.joinpath('trials').glob('*.jsonl').__next__().name}",
    }
    assert not push_results(place.project, BRANCH).changed

    other = clone(remote, tmp_path / "two")
    fetched = fetch_results(other.project, BRANCH)
    assert (fetched.commit, fetched.merged.trials, fetched.merged.problems) == (pushed.commit, 2, ())
    (path,) = other.machine.glob("trials/*.jsonl")
    assert path.read_bytes() == next(place.machine.glob("trials/*.jsonl")).read_bytes()
    assert fetch_results(other.project, BRANCH).merged.files == ()


def test_a_branch_that_is_not_there_yet_brings_nothing(place: Place) -> None:
    assert fetch_results(place.project, BRANCH).commit is None


def test_two_machines_push_at_once_and_nothing_is_lost(place: Place, remote: Path, tmp_path: Path) -> None:
    other = clone(remote, tmp_path / "two")
    place.measure(trial("common"))
    push_results(place.project, BRANCH)
    fetch_results(other.project, BRANCH)
    failures: list[BaseException] = []

    def keep_pushing(where: Place, name: str) -> None:
        try:
            for number in range(4):
                where.measure(trial(f"{name}{number}"))
                push_results(where.project, BRANCH, pause=lambda _: None)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=keep_pushing, args=pair) for pair in ((place, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    expected = {"common", *(f"{name}{number}" for name in "ab" for number in range(4))}
    found = place.trials_on_branch(BRANCH)
    assert len(found) == len(expected)
    assert {name.partition(".")[0] for name in found} == expected
    assert git(remote, "rev-list", "--count", BRANCH).strip() == "9"


def test_a_machine_that_was_overtaken_unites_and_tries_again(place: Place, remote: Path, tmp_path: Path) -> None:
    other = clone(remote, tmp_path / "two")
    place.measure(trial("first"))
    push_results(place.project, BRANCH)
    other.measure(trial("theirs"))
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n[ -e done ] && exit 0\ntouch done\nexit 1\n")  # refuses once, as a race does
    hook.chmod(0o755)
    waits: list[float] = []
    pushed = push_results(other.project, BRANCH, pause=waits.append)
    assert (pushed.attempts, len(waits)) == (2, 1)
    assert [name.partition(".")[0] for name in place.trials_on_branch(BRANCH)] == ["first", "theirs"]


def test_a_refusal_is_told_soon_in_gits_words(place: Place, remote: Path) -> None:
    place.measure(trial("b1"))
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho this branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StorageError, match="(?s)3 attempts.*protected"):
        push_results(place.project, BRANCH, pause=lambda _: None)


def test_a_vanished_or_rewritten_branch_gets_back_what_this_machine_has(place: Place, remote: Path) -> None:
    place.measure(trial("b1"))
    first = push_results(place.project, BRANCH).commit
    place.measure(trial("b2"))
    push_results(place.project, BRANCH)
    git(remote, "update-ref", f"refs/heads/{BRANCH}", first)  # somebody force-pushed
    fetch_results(place.project, BRANCH)
    assert push_results(place.project, BRANCH).changed
    assert len(place.trials_on_branch(BRANCH)) == 2
    git(remote, "update-ref", "-d", f"refs/heads/{BRANCH}")
    assert push_results(place.project, BRANCH).changed
    assert len(place.trials_on_branch(BRANCH)) == 2


def test_asv_rows_of_two_machines_of_one_name_are_united(place: Place, remote: Path, tmp_path: Path) -> None:
    other = clone(remote, tmp_path / "two")
    for where, rows in ((place, {"a": [1], "both": [1]}), (other, {"b": [2], "both": [2]})):
        where.measure()
        row = {"version": 2, "commit_hash": "ab" * 20, "env_name": "e", "result_columns": ["result"], "results": rows}
        (where.machine / "abababab-e.json").write_text(json.dumps(row))
        push_results(where.project, BRANCH)
    united = json.loads(place.on_branch(BRANCH)[f"{MACHINE}/abababab-e.json"])
    assert united["results"] == {"a": [1], "b": [2], "both": [2]}


def test_what_a_stranger_put_on_the_branch_is_named_and_left_out(place: Place, remote: Path, tmp_path: Path) -> None:
    place.measure(trial("b1"))
    push_results(place.project, BRANCH)
    stranger = tmp_path / "stranger"
    git(tmp_path, "clone", "--quiet", "--branch", BRANCH, str(remote), str(stranger))
    (stranger / "evil.json").symlink_to("/etc/passwd")
    (stranger / MACHINE / "run.sh").write_text("echo")
    (stranger / MACHINE / "abababab-e.json").write_text('{"commit_hash": "cd", "results": {}}')
    (journal,) = (stranger / MACHINE / "trials").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes() + b'{"trial": "half"}\n')
    journal.with_name("x.jsonl").write_text("not a journal")
    git(stranger, "add", "--all")
    git(stranger, "commit", "--quiet", "-m", "hello")
    git(stranger, "push", "--quiet", "origin", BRANCH)

    other = clone(remote, tmp_path / "two")
    fetched = fetch_results(other.project, BRANCH)
    problems = "\n".join(fetched.merged.problems)
    for part in ("evil.json", "run.sh", "abababab-e.json", "not a trial", "x.jsonl"):
        assert part in problems
    assert sorted(path.name for path in other.results.rglob("*") if path.is_file()) == ["machine.json"]


def test_a_branch_of_somebody_else_is_never_written(place: Place) -> None:
    place.measure(trial("b1"))
    with pytest.raises(UsageError, match="does not hold results of asv-jit"):
        push_results(place.project, "main")
    with pytest.raises(UsageError, match="does not hold results of asv-jit"):
        fetch_results(place.project, "main")


@pytest.mark.parametrize("name", ["-f", "a b", "a..b", "", "--upload-pack=x"])
def test_what_is_no_branch_is_refused(name: str, place: Place) -> None:
    with pytest.raises(UsageError, match="expected a branch name"):
        push_results(place.project, name)


def test_without_the_remote_the_error_says_so(place: Place, remote: Path) -> None:
    with pytest.raises(UsageError, match="no remote 'upstream'"):
        push_results(place.project, BRANCH, remote="upstream")
    remote.rename(remote.with_name("gone"))
    with pytest.raises(StorageError, match="cannot fetch"):
        fetch_results(place.project, BRANCH)


def test_the_site_is_one_commit_that_replaces_the_one_before(place: Place, remote: Path, tmp_path: Path) -> None:
    site = tmp_path / "html"
    (site / "_static").mkdir(parents=True)
    (site / ".asv-jit-site").touch()
    (site / "index.html").write_text("one")
    (site / "_static" / "old.js").write_text("x")
    with pytest.raises(UsageError, match="does not hold a site"):
        push_site(site, "main", repository=place.project.folder)
    assert push_site(site, "gh-pages", repository=place.project.folder).changed
    assert not push_site(site, "gh-pages", repository=place.project.folder).changed
    (site / "_static" / "old.js").unlink()
    (site / "index.html").write_text("two")
    assert push_site(site, "gh-pages", repository=place.project.folder).changed
    assert set(place.on_branch("gh-pages")) == {".asv-jit-site", ".nojekyll", "index.html"}
    assert git(remote, "rev-list", "--count", "gh-pages").strip() == "1"
    with pytest.raises(UsageError, match="not a site"):
        push_site(tmp_path, "gh-pages", repository=place.project.folder)


def test_the_command_unites_a_tree_with_the_branch_and_pushes(place: Place, remote: Path, tmp_path: Path) -> None:
    place.measure(trial("mine"))
    other = clone(remote, tmp_path / "two")
    other.measure(trial("theirs"))

    def merge(*arguments: str) -> Finished:
        command = [sys.executable, "-m", "asv_jit", "merge", *arguments]
        return run(command, env=base_environment({paths.CACHE_VARIABLE: str(tmp_path)}), cwd=place.project.folder)

    source = str(other.project.folder)
    assert "2 new trials" not in merge(source, "--dry-run").stdout
    done = merge(f"branch:{BRANCH}", source, "--push", f"branch:{BRANCH}")
    assert done.ok, done.complaint()
    assert "no branch 'asv-results' yet" in done.stderr
    assert [name.partition(".")[0] for name in place.trials_on_branch(BRANCH)] == ["mine", "theirs"]
    assert "brought 0 new trials" in merge(f"branch:{BRANCH}", source).stdout
    assert merge(source, "--push", "somewhere").exit == 2
    assert merge(str(tmp_path)).exit == 2
