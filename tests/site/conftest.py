"""One browser and one site for all tests that look at pages: starting them costs more than looking."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from asv_jit.site.render import render_site
from tests.site import contents, histories
from tests.site.browsing import PATIENCE_MS

_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
_QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are written anew; never in CI, where they would then agree with whatever there is."""
    wanted = bool(request.config.getoption("--update-golden"))
    if wanted and os.environ.get("CI"):
        pytest.fail("--update-golden is refused where CI is set: update by hand, look at the diff, commit it")
    return wanted


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; a machine without one cannot run these, but the continuous integration must.

    Closed with this folder's last test: while it is open its event loop runs, and no other can.
    """
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium was not found on PATH; .ci/run installs it")
        pytest.skip("Chromium was not found on PATH")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        opened = playwright.chromium.launch(executable_path=executable, args=_QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def rich_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two machines, three releases, 200 commits, events, a crash, a wrong answer, cases that only asv measured."""
    folder = tmp_path_factory.mktemp("rich") / "html"
    render_site(msgspec.structs.replace(histories.rich(), url=""), folder)  # so that 404.html finds its style on disk
    return folder


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with names, subjects, authors and machines that would like to be markup."""
    folder = tmp_path_factory.mktemp("hostile") / "html"
    made, known = contents.hostile(), histories.rich(hostile=True)
    commits = (*made.commits, *known.commits)
    render_site(msgspec.structs.replace(made, table=known.table, events=known.events, commits=commits), folder)
    return folder
