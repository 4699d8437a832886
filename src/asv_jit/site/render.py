"""Writes the site: pages through templates, static files as they are, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from asv_jit.errors import UsageError
from asv_jit.site import (
    bisection_page,
    case_page,
    cases_page,
    compare_page,
    data_page,
    guide_page,
    home_page,
    machines_page,
    regressions_page,
    releases_page,
    text_pages,
)
from asv_jit.site.content import SiteContent
from asv_jit.site.data import files as data_files
from asv_jit.site.feed import FILE_NAME as FEED
from asv_jit.site.feed import feed
from asv_jit.site.frame import NAVIGATION, Frames
from asv_jit.site.publication import Drawn, Publication
from asv_jit.store.files import storage_errors

__all__ = ["render_site"]

_MARKER = ".asv-jit-site"


def render_site(content: SiteContent, folder: Path, templates: Path | None = None) -> list[Path]:
    """Replace `folder` by a freshly made site; the paths of its pages and static files come back.

    Files in `templates` replace ours of the same name. Everything is written beside `folder` first, so that a
    crash leaves the old site. Raises UsageError where `folder` holds something that is no site of ours, and
    StorageError where it cannot be written.
    """
    _refuse_foreign(folder)
    packaged = _packaged_templates()
    sources = [packaged] if templates is None else [templates, packaged]
    environment = Environment(
        autoescape=True,  # for every file, whatever it is called
        loader=ChoiceLoader([FileSystemLoader(source) for source in sources]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            names = [_write(beside, drawn.file, _rendered(environment, drawn)) for drawn in _drawn(content)]
            names += [_write(beside, name, data) for name, data in _static_files(sources).items()]
            names += [_write(beside, name, data) for name, data in data_files(content)]
            names.append(_write(beside, FEED, feed(content)))
            _write(beside, _MARKER, b"Written by asv-jit publish; safe to delete.\n")
            beside.chmod(0o755)
            _swap(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return [folder / name for name in names]


# What is published: for each key of the navigation (see `site.frame`) how its page is made, in any order. A page
# that the navigation does not name has a key of its own.
_PAGES: dict[str, Callable[[Publication], Iterator[Drawn]]] = {
    "home": lambda site: iter([Drawn("index.html", "home.html", home_page.make(site))]),
    "cases": lambda site: iter([Drawn("cases.html", "cases.html", cases_page.make(site))]),
    "releases": lambda site: iter([Drawn("releases.html", "releases.html", releases_page.make(site))]),
    "regressions": lambda site: iter([Drawn("regressions.html", "regressions.html", regressions_page.make(site))]),
    "bisections": bisection_page.make,
    "guide": lambda site: iter([Drawn("guide.html", "guide.html", guide_page.make(site))]),
    "machines": lambda site: iter([Drawn("machines.html", "machines.html", machines_page.make(site))]),
    "case": case_page.make,
    "compare": compare_page.make,
    "data": data_page.make,
    "method": lambda site: iter([Drawn("method.html", "method.html", text_pages.method(site))]),
    "404": lambda site: iter([Drawn("404.html", "404.html", text_pages.not_found(site))]),
}


def _drawn(content: SiteContent) -> Iterator[Drawn]:
    """Every page of the site."""
    present = [key for key, _, _ in NAVIGATION if key in _PAGES]
    if any(bisection.result is not None for bisection in content.bisections):
        present.append("bisections")  # not in the navigation: the regressions lead there
    site = Publication(content, Frames.of(content, present, feed=FEED))
    for draw in _PAGES.values():
        yield from draw(site)


def _rendered(environment: Environment, drawn: Drawn) -> bytes:
    page = drawn.page
    text = environment.get_template(drawn.template).render(page=page, frame=page.frame)
    return text.encode("utf-8", "replace")


def _static_files(sources: list[Path]) -> dict[str, bytes]:
    """The static files of all sources by name, the user's over ours."""
    return {
        path.relative_to(source).as_posix(): path.read_bytes()
        for source in reversed(sources)
        for path in sorted((source / "static").rglob("*"))
        if path.is_file()
    }


def _write(root: Path, name: str, content: bytes) -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def _packaged_templates() -> Path:
    """Beside the package in a wheel, at the root of a checkout."""
    here = Path(__file__).resolve()
    for candidate in (here.parents[1] / "site_templates", here.parents[3] / "site_templates"):
        if (candidate / "base.html").is_file():
            return candidate
    raise UsageError(f"the site's templates are missing beside {here.parents[1]}; install asv-jit again")


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARKER).is_file():
        raise UsageError(
            f"{folder} holds files that asv-jit did not write, and publishing would delete them; "
            'move them away, or set "html_dir" in asv.conf.json to another folder'
        )


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; between the two renames there is no site, never half of one."""
    if not folder.exists():
        os.replace(fresh, folder)  # noqa: PTH105 - a folder onto nothing
        return
    old = fresh.with_name(fresh.name + ".old")
    os.replace(folder, old)  # noqa: PTH105 - as above
    try:
        os.replace(fresh, folder)  # noqa: PTH105 - as above
    except OSError:
        os.replace(old, folder)  # noqa: PTH105 - as above
        raise
    shutil.rmtree(old, ignore_errors=True)
