"""Writes the site: pages through templates, static files as they are, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.errors import UsageError
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.data.files import DataMaker, Part
from asv_jit.site.feed import feed, signposts
from asv_jit.site.pages import bisection as bisections
from asv_jit.site.pages import case as case_page
from asv_jit.site.pages import cases as cases_page
from asv_jit.site.pages import data as data_page
from asv_jit.site.pages import guide, home, machines, prose, regressions, releases
from asv_jit.site.parts.publication import FEED, Page, Publication
from asv_jit.site.templates import static_files, template_environment, template_folders
from asv_jit.store.files import storage_errors
from asv_jit.system.processes import cores, in_parallel_with

_MARKER = ".asv-jit-site"
_ASV = "asv"
_PARTS_A_CORE = 18
_LEAST_CASES = 25
"""In a part: with fewer, starting a process costs more than it saves."""
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


_PAGES: dict[str, Callable[[Publication], Page]] = {
    "index.html": home.make,
    "cases.html": cases_page.make,
    "releases.html": releases.make,
    "regressions.html": regressions.make,
    "bisections.html": bisections.make,
    "guide.html": guide.make,
    "machines.html": machines.make,
    "compare.html": prose.compare,
    "data.html": data_page.make,
    "method.html": prose.method,
    "404.html": prose.not_found,
}
_TEMPLATES = {"index.html": "home.html", "bisections.html": "bisection.html"}
"""The template of a page, if it is called otherwise."""


class _Work(Struct, frozen=True):
    """What the processes that write the site share."""

    site: Publication
    cases: case_page.CasePages
    data: DataMaker
    folder: Path
    sources: tuple[Path, ...]


_Task: TypeAlias = str | range
"""A page, the feed, `data` for the data files that need no case, or the numbers of some cases."""


def _write_content(content: SiteContent, folder: Path, sources: tuple[Path, ...]) -> list[str]:
    """Write every page, data file and the feed on all cores; return their names."""
    site = Publication.of(content, asv=f"{_ASV}/index.html" if (folder / _ASV).is_dir() else "")
    data = DataMaker(site)
    work = _Work(site, case_page.CasePages(site), data, folder, sources)
    count = len(data.cases)
    size = max(-(-count // (_PARTS_A_CORE * cores())), _LEAST_CASES)
    tasks: list[_Task] = [name for name in _PAGES if name != "bisections.html" or site.bisections]
    tasks += [FEED, "data", *(range(first, min(first + size, count)) for first in range(0, count, size))]
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


def _write_task(work: _Work, task: _Task) -> tuple[list[str], Part | None]:
    """Write what a task stands for; return the names, and what its cases give to the common data files."""
    if isinstance(task, range):
        cases = [work.data.cases[number] for number in task]
        names = [_write_page(work, f"case/{slug(case)}.html", "case.html", work.cases.page(case)) for case in cases]
        part = work.data.part(task)
        return names + [_write(work.folder, name, data) for name, data in part.files], replace(part, files=())
    if task in _PAGES:
        return [_write_page(work, task, _TEMPLATES.get(task, task), _PAGES[task](work.site))], None
    files = [(FEED, feed(work.site.content))] if task == FEED else work.data.common()
    return [_write(work.folder, name, data) for name, data in files], None


def _write_page(work: _Work, file: str, template: str, page: Page) -> str:
    text = template_environment(work.sources).get_template(template).render(page=page, frame=page.frame, site=work.site)
    return _write(work.folder, file, text.encode("utf-8", "replace"))


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
