"""A reader with a browser: opens pages from disk, and complains about what a reader would not forgive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

__all__ = ["PAGES", "PATIENCE_MS", "barriers", "visit"]

PATIENCE_MS = 30_000  # no time is asserted here: a busy machine may take long

PAGES = (
    "index.html", "cases.html", "releases.html", "regressions.html", "compare.html", "guide.html", "machines.html",
    "data.html", "method.html", "404.html",
)  # fmt: skip
_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@contextmanager
def visit(browser: Browser, *, width: int = 1440, scheme: str = "light", scripts: bool = True) -> Iterator[Page]:
    """A tab; at its end nothing must have been written to its console, no dialog opened, nothing fetched elsewhere."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    try:
        yield page
    finally:
        context.close()
    assert complaints == [], complaints


def barriers(page: Page) -> list[str]:
    """What axe-core finds wrong with the page as it stands, each with the element that it is about."""
    page.evaluate(_AXE)
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run(document, {preload: false})).violations")
    return [f"{one['id']}: {one['help']}: {node['html'][:160]}" for one in found for node in one["nodes"][:3]]


def address(site: Path, name: str) -> str:
    """The address of a page on disk."""
    path, _, state = name.partition("#")
    return (site / path).as_uri() + (f"#{state}" if state else "")
