"""The site in a real browser, from disk, as a reader opens it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from asv_jit.site.render import render_site
from tests.site import contents

pytestmark = pytest.mark.browser

_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
_QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; a machine without one cannot run these, but the continuous integration must."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium was not found on PATH; .ci/run installs it")
        pytest.skip("Chromium was not found on PATH")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=_QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "html"
    render_site(contents.rich(), folder)
    return folder


def _open(browser: Browser, address: str, *, width: int = 1440, scheme: str = "light", scripts: bool = True) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    assert complaints == []
    return page


def _first_names(page: Page) -> list[str]:
    return page.locator("tbody tr:visible .name").all_inner_texts()


def test_the_view_lives_in_the_address(browser: Browser, site: Path) -> None:
    page = _open(browser, (site / "index.html").as_uri())
    everything = len(_first_names(page))
    page.get_by_label("Search").fill("render")
    page.locator("[name=python]").select_option("3.15.2")
    page.get_by_role("button", name="Speedup").click()
    assert _first_names(page) == ["time_render(128)", "time_render(64)"]
    page.get_by_role("button", name="Speedup").click()
    assert _first_names(page) == ["time_render(64)", "time_render(128)"]
    again = _open(browser, page.url)
    assert _first_names(again) == ["time_render(64)", "time_render(128)"]
    assert again.locator("th[aria-sort=descending]").inner_text() == "Speedup"
    again.get_by_label("Search").fill("")
    again.locator("[name=python]").select_option("all")
    assert len(_first_names(again)) == everything


def test_the_theme_is_remembered(browser: Browser, site: Path) -> None:
    page = _open(browser, (site / "index.html").as_uri(), scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_no_page_is_wider_than_the_screen(browser: Browser, site: Path, width: int) -> None:
    case = sorted((site / "case").iterdir())[0]
    for path in (site / "index.html", case, site / "method.html"):
        page = _open(browser, path.as_uri(), width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_everything_is_there_without_scripts(browser: Browser, site: Path) -> None:
    page = _open(browser, (site / "index.html").as_uri(), scripts=False)
    assert len(_first_names(page)) == page.locator("tbody tr").count() > 20
    assert not page.locator("[data-filters]").is_visible()
    assert not page.get_by_role("button", name="Switch").is_visible()
