"""Takes the README's pictures of a published site: `python docs/screenshots.py html docs`.

Needs Chromium on PATH and playwright (the test extra). Pictures show the window that a reader has, not a whole page.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_WINDOW = (1280, 860)
_CASE = "mandelbrot"


def main(site: Path, target: Path) -> None:
    """Write home.png, case.png and releases.png into `target`."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        sys.exit("Chromium was not found on PATH; install it, the pictures are taken with it")
    cases = sorted(path.name for path in (site / "case").glob("*.html"))
    if not cases:
        sys.exit(f"{site} has no cases; run `asv-jit run` and `asv-jit publish` first")
    case = next((name for name in cases if _CASE in name), cases[0])
    pages = {"home": "index.html", "case": f"case/{case}", "releases": "releases.html"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": _WINDOW[0], "height": _WINDOW[1]}, color_scheme="light")
        for name, file in pages.items():
            page.goto((site / file).resolve().as_uri())
            page.wait_for_load_state("load")
            path = target / f"{name}.png"
            page.screenshot(path=path, animations="disabled")
            sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
