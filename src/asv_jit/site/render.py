"""Writes the site: pages through templates, static files as they are, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.errors import UsageError
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.data.files import DataMaker, Part
from asv_jit.site.feed import FILE_NAME as FEED
from asv_jit.site.feed import feed
from asv_jit.site.pages import bisection, guide, home, machines, prose, regressions, releases
from asv_jit.site.pages import case as case_page
from asv_jit.site.pages import cases as cases_page
from asv_jit.site.pages import compare as compare_page
from asv_jit.site.pages import data as data_page
from asv_jit.site.parts.frame import Frames
from asv_jit.site.parts.publication import Drawn, Publication
from asv_jit.site.signposts import signposts
from asv_jit.site.templates import static_files, template_environment, template_folders
from asv_jit.store.files import storage_errors
from asv_jit.system.processes import cores, in_parallel_with

_MARKER = ".asv-jit-site"
_ASV = "asv"
_PARTS_A_CORE = 18
_LEAST_CASES = 25
"""In a part: below, starting a process costs more than it saves."""
_SHARED = ("base.html", "frame.html", "parts.html", "case.html")
"""Templates that every process needs."""


def render_site(
    content: SiteContent,
    folder: Path,
    templates: Path | None = None,
    *,
    asv_site: Path | None = None,
    replaceable: Callable[[Path], bool] | None = None,
) -> list[str]:
    """Replace `folder` by a freshly made site; the names of its files below it come back.

    Files in `templates` replace ours of the same name. `asv_site`, a folder that asv wrote, is moved into the site.
    Everything is written beside `folder` first, so that a crash leaves the old site. Raises UsageError where
    `folder` holds something that is no site of ours and not `replaceable` either, and StorageError where it cannot be
    written.
    """
    if replaceable is None or not replaceable(folder):
        _refuse_foreign(folder)
    sources = template_folders(templates)
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            names = [_write(beside, name, data) for name, data in static_files(sources).items()]
            if asv_site is not None:
                shutil.move(asv_site, beside / _ASV)
            names += _write_content(content, beside, sources)
            names += [_write(beside, name, data) for name, data in signposts(content, names).items()]
            _write(beside, _MARKER, b"Written by asv-jit publish; safe to delete.\n")
            beside.chmod(0o755)
            _swap(beside, folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return names


# What is published beside the cases: for each key of the navigation (see `site.frame`) how its page is made, in any
# order. A page that the navigation does not name has a key of its own.
_PAGES: dict[str, Callable[[Publication], Iterator[Drawn]]] = {
    "home": lambda site: iter([Drawn("index.html", "home.html", home.make(site))]),
    "cases": lambda site: iter([Drawn("cases.html", "cases.html", cases_page.make(site))]),
    "releases": lambda site: iter([Drawn("releases.html", "releases.html", releases.make(site))]),
    "regressions": lambda site: iter([Drawn("regressions.html", "regressions.html", regressions.make(site))]),
    "bisections": bisection.make,
    "guide": lambda site: iter([Drawn("guide.html", "guide.html", guide.make(site))]),
    "machines": lambda site: iter([Drawn("machines.html", "machines.html", machines.make(site))]),
    "compare": lambda site: iter([Drawn("compare.html", "compare.html", compare_page.make(site))]),
    "data": data_page.make,
    "method": lambda site: iter([Drawn("method.html", "method.html", prose.method(site))]),
    "404": lambda site: iter([Drawn("404.html", "404.html", prose.not_found(site))]),
}


# What is published beside the pages and the cases, in one go each.
_FILES: dict[str, Callable[[_Work], Iterator[tuple[str, bytes]]]] = {
    "feed": lambda work: iter([(FEED, feed(work.site.content))]),
    "common data": lambda work: work.data.common(),
}


class _Work(Struct, frozen=True):
    """What the processes that write the site share."""

    site: Publication
    cases: case_page.CasePages
    data: DataMaker
    folder: Path
    sources: tuple[Path, ...]


_Task: TypeAlias = tuple[str, range]
"""A key of `_PAGES` or of `_FILES`, or none and the numbers of some cases."""


def _write_content(content: SiteContent, folder: Path, sources: tuple[Path, ...]) -> list[str]:
    """Write every page, data file and the feed, by all cores; returns their names."""
    asv = f"{_ASV}/index.html" if (folder / _ASV).is_dir() else ""
    site = Publication.of(content, Frames.of(content, _present(content), feed=FEED, asv=asv))
    data = DataMaker(site)
    work = _Work(site, case_page.CasePages(site), data, folder, sources)
    count = len(data.cases)
    size = max(-(-count // (_PARTS_A_CORE * cores())), _LEAST_CASES)
    tasks: list[_Task] = [(key, range(0)) for key in (*_PAGES, *_FILES)]
    tasks += [("", range(first, min(first + size, count))) for first in range(0, count, size)]
    # What every process needs is made once, before they part.
    for shared in _SHARED:
        template_environment(sources).get_template(shared)
    for case in data.cases:
        slug(case)
    workers = None if count > _LEAST_CASES else 1
    done = list(in_parallel_with(work, _write_task, tasks, workers=workers))
    names = [name for written, _ in done for name in written]
    parts = [part for _, part in done if part]
    return names + [_write(folder, name, written) for name, written in data.of_all(parts)]


def _present(content: SiteContent) -> list[str]:
    """The keys of the pages that this publication has."""
    return [key for key in _PAGES if key != "bisections" or content.bisections]


def _write_task(work: _Work, task: _Task) -> tuple[list[str], Part | None]:
    """Write what a key stands for; or the pages and data files of some cases, and what they give to the common ones."""
    key, numbers = task
    if key in _FILES:
        return [_write(work.folder, name, data) for name, data in _FILES[key](work)], None
    environment = template_environment(work.sources)
    if key:
        return [_write_page(work, environment, drawn) for drawn in _PAGES[key](work.site)], None
    names = [_write_page(work, environment, work.cases.drawn(work.data.cases[number])) for number in numbers]
    part = work.data.part(numbers)
    names += [_write(work.folder, name, data) for name, data in part.files]
    return names, replace(part, files=())


def _write_page(work: _Work, environment: Environment, drawn: Drawn) -> str:
    page = drawn.page
    text = environment.get_template(drawn.template).render(page=page, frame=page.frame)
    return _write(work.folder, drawn.file, text.encode("utf-8", "replace"))


def _write(root: Path, name: str, content: bytes) -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARKER).is_file():
        raise UsageError(
            f"{folder} holds files that asv-jit did not write, and publishing would delete them; "
            'move them away, or set "html_dir" in asv.conf.json to another folder (where they are asv\'s own site, '
            "`asv-jit publish --with-asv` makes that again beside ours)"
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
    # Side by side by threads: of 4,200 files half are pages and half are data, and the system waits for no interpreter.
    with ThreadPoolExecutor() as pool:
        for part in old.iterdir():
            pool.submit(shutil.rmtree, part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
