"""`asv-jit publish`: the site, from everything that was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from asv_jit.analysis.cells import CellKey
from asv_jit.analysis.summary import Limits
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.interpreters.discover import discover
from asv_jit.model import Trial
from asv_jit.repository import Commit, Repository
from asv_jit.site.content import Release, SiteContent
from asv_jit.site.render import render_site
from asv_jit.workflows.results import Results, machine_folder, read_results

__all__ = ["Published", "publish"]


@dataclass(frozen=True, slots=True)
class Published:
    """Where the site is, how many pages it has, and a sentence for each thing that was left out."""

    index: Path
    pages: int
    problems: tuple[str, ...]


def publish(project: Project, machine: str | None = None) -> Published:
    """Write the site of a machine's results into the configuration's `html_dir`.

    Raises UsageError where nothing was measured yet, StorageError where nothing can be written.
    """
    folder = machine_folder(project, machine)
    results = read_results(project, folder)
    content = _content(project, folder, results)
    templates = project.settings.site.templates
    written = render_site(content, project.html_dir, project.folder / templates if templates else None)
    return Published(project.html_dir / "index.html", len(written), results.problems)


def _content(project: Project, folder: Path, results: Results) -> SiteContent:
    commits = _commits(project, {key.commit for key in results.cells})
    places = {commit.hash: place for place, commit in enumerate(commits)}
    site = project.settings.site
    return SiteContent(
        title=site.title or f"{project.name}: what the JIT does",
        project=project.name,
        url=site.url or "",
        show_commit_url=project.show_commit_url,
        generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=folder.name,
        machine_details=_machine_details(folder),
        commits=commits,
        releases=_releases(results),
        suites=tuple(sorted(results.suites, key=lambda suite: (places[suite.commit], suite.interpreter))),
        trials=_latest_trials(results, places),
        problems=results.problems,
        settings=Limits(alpha=project.settings.alpha, equivalence=project.settings.equivalence),
    )


def _commits(project: Project, hashes: set[str]) -> tuple[Commit, ...]:
    """What git knows of the measured commits, newest first; those it does not know come last."""
    try:
        known = {commit.hash: commit for commit in Repository(project.folder / project.repo).commits("--all")}
    except (UsageError, OSError):
        known = {}
    found = [known.get(digest, Commit(digest, 0, "", "(not in this repository)")) for digest in sorted(hashes)]
    order = {digest: place for place, digest in enumerate(known)}
    return tuple(sorted(found, key=lambda commit: order.get(commit.hash, len(order))))


def _releases(results: Results) -> tuple[Release, ...]:
    """The interpreters in the results; what is installed here can say more than the results alone."""
    here = {interpreter.identity: interpreter.jit for interpreter in discover()}
    paired = {key.interpreter for key, cell in results.cells.items() if cell.has_pairs}
    names = sorted({key.interpreter for key in results.cells}, key=_release_order)
    return tuple(Release(name, here.get(name, "with a JIT" if name in paired else "none")) for name in names)


def _release_order(identity: str) -> tuple[tuple[int, ...], str]:
    version, _, digest = identity.partition("+")
    return tuple(int(part) for part in version.split(".") if part.isdigit()), digest


def _latest_trials(results: Results, places: dict[str, int]) -> dict[CellKey, tuple[Trial, ...]]:
    """The trials of each case's newest cell per interpreter: what the warm-up curves are drawn from."""
    newest: dict[tuple[str, str], CellKey] = {}
    for key in sorted(results.cells, key=lambda key: places[key.commit], reverse=True):
        newest[str(key.case), key.interpreter] = key
    return {
        key: tuple(trial for block in results.cells[key].blocks for trial in block.trials) for key in newest.values()
    }


def _machine_details(folder: Path) -> tuple[tuple[str, str], ...]:
    try:
        described = msgspec.json.decode((folder / "machine.json").read_bytes(), type=dict[str, str | int])
    except (OSError, msgspec.MsgspecError):
        return ()
    return tuple((key, str(value)) for key, value in sorted(described.items()) if key != "version")
