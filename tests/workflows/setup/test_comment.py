"""The workflow that comments on pull requests: what it may do, and its script on what a stranger may leave for it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from asv_jit.system.processes import Finished, run
from tests.workflows.setup.test_init import COMMENT, PULL_REQUEST, REPOSITORY

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the step runs on Linux")
HEAD = "a" * 40
GH = """#!/bin/sh
echo "$@" >> "$RUNNER_TEMP/calls"
case "$*" in
    */pulls/*) echo "$FAKE_HEAD" ;;
    *--paginate*) printf "$FAKE_COMMENTS" ;;
esac
"""


def _read(path: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8")))


def _job() -> dict[str, Any]:
    (job,) = _read(COMMENT)["jobs"].values()
    return dict(job)


def test_the_job_that_comments_runs_nothing_of_a_strangers() -> None:
    assert _read(COMMENT)[True]["workflow_run"]["workflows"] == [_read(PULL_REQUEST)["name"]]
    job = _job()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step] == ["actions/download-artifact"]
    script = "\n".join(step.get("run", "") for step in job["steps"])
    assert not re.search(r"python|\bpip\b|\bnode\b|\beval\b|\bsource\b|\bgit\b|GITHUB_(ENV|PATH|OUTPUT)", script)


def test_the_artifact_is_the_one_that_the_pull_requests_workflow_makes() -> None:
    (job,) = _read(PULL_REQUEST)["jobs"].values()
    (made,) = (step["with"] for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    (read,) = (step["with"] for step in _job()["steps"] if "uses" in step)
    assert made["name"] == read["name"]
    assert sum("--count --fail-on 0.5% --markdown" in step.get("run", "") for step in job["steps"]) == 1


def _comment(folder: Path, *, number: str = "7\n", body: bytes | Path = b"### fine\n", **fake: str) -> Finished:
    """Run the step that posts, with a `gh` that only writes down how it was called. A path: a link to it."""
    made = folder / "made"
    made.mkdir()
    (made / "number").write_text(number)
    if isinstance(body, Path):
        (made / "comment.md").symlink_to(body)
    else:
        (made / "comment.md").write_bytes(body)
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    step = _job()["steps"][-1]
    env = {
        "PATH": f"{folder}:{os.environ['PATH']}", "RUNNER_TEMP": str(folder), "GH_TOKEN": "t", "REPOSITORY": "o/r",
        "HEAD_SHA": HEAD, "RUN": "https://example.org/run", "FAKE_HEAD": HEAD, "FAKE_COMMENTS": "", **fake,
    }  # fmt: skip
    assert set(step["env"]) <= set(env)
    return run(["bash", "-e", "-c", step["run"]], env=env, cwd=folder)


def _calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


@on_linux
@pytest.mark.parametrize(
    ("comments", "called"),
    [
        ("", "api --silent repos/o/r/issues/7/comments"),
        ("12\n34\n", "api --silent --method PATCH repos/o/r/issues/comments/12"),
    ],
)
def test_one_comment_is_posted_and_then_updated(comments: str, called: str, tmp_path: Path) -> None:
    done = _comment(tmp_path, FAKE_COMMENTS=comments)
    assert done.ok, done.complaint()
    assert _calls(tmp_path)[-1].startswith(called)
    body = (tmp_path / "body.md").read_text()
    assert body.startswith("<!-- asv-jit -->\nCounted by [this run](https://example.org/run)")
    assert body.endswith("### fine\n")


@on_linux
def test_a_run_without_a_comparison_is_said(tmp_path: Path) -> None:
    assert _comment(tmp_path, body=b"").ok
    assert "There is no comparison; the run says why." in (tmp_path / "body.md").read_text()


@on_linux
@pytest.mark.parametrize("number", ["", "7; id", "../../issues/1", "0", "-1", "7/merge", "$(id)", "9 9"])
def test_a_comment_goes_to_a_plain_number_only(number: str, tmp_path: Path) -> None:
    assert not _comment(tmp_path, number=number).ok
    assert _calls(tmp_path) == []


@on_linux
def test_a_comment_goes_only_to_the_pull_request_that_the_run_was_made_for(tmp_path: Path) -> None:
    assert _comment(tmp_path, FAKE_HEAD="b" * 40).ok
    assert len(_calls(tmp_path)) == 1


@on_linux
def test_a_link_in_the_artifact_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    assert not _comment(tmp_path, body=secret).ok
    assert _calls(tmp_path) == []


@on_linux
def test_a_strangers_text_becomes_neither_a_link_nor_a_mention_nor_too_long(tmp_path: Path) -> None:
    hostile = b"<img src=x> @everyone [a](https://evil.example) ![b][c]\n[c]: https://evil.example\n\xff\x00\n"
    hostile += b"&#64;everyone WWW.evil.example www.evil.example other/repo#1 GH-2 gh-3\n"
    assert _comment(tmp_path, body=hostile + "é@<".encode() * 40_000).ok
    body = (tmp_path / "body.md").read_bytes().decode("utf-8").partition("\n\n")[2]
    assert len(body) < 65_536
    assert not re.search(r"<|@\w|&#|#\d|gh-\d|www\.|\]\(|\]\[|\]:|//", body, re.IGNORECASE)
    assert "&lt;img" in body
