"""`asv-jit publish`: writes the site from the results of all machines."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.cells.summary import Limits
from asv_jit.analysis.history.series import History
from asv_jit.asv_adapter.project import Project
from asv_jit.asv_adapter.site import is_asv_site, publish_asv_site
from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.interpreters.discover import discover
from asv_jit.model import interpreter_of
from asv_jit.site.content.site_content import Machine, Release, SiteContent
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.render import render_site
from asv_jit.store.findings.bisections import Bisection, read_bisections
from asv_jit.store.machines import known_interpreters, known_noise
from asv_jit.text.folders import without_folders
from asv_jit.workflows.events.found_changes import Changes
from asv_jit.workflows.events.regressions import FoundEvents, begin_search, found_events
from asv_jit.workflows.reading.history import read_history
from asv_jit.workflows.reading.journals import release_order
from asv_jit.workflows.reading.machines import Measured, read_machines, site_machine


class Published(Struct, frozen=True):
    """The site's first page, the number of pages, and a sentence for each problem.

    `notes`: remarks on the series; `left_out`: results in no series and events that asv's settings ignore, with counts.
    """

    index: Path
    pages: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def publish(project: Project, machine: str | None = None, *, with_asv: bool = False) -> Published:
    """Write the site of all machines (or one) into the configuration's `html_dir`.

    `with_asv` lets asv write its own site beside ours; its failure becomes a problem. Raises UsageError if there are
    no results, StorageError if nothing can be written.
    """
    content = site_content(project, machine)
    templates = project.settings.site.templates
    with tempfile.TemporaryDirectory(prefix="asv-jit-", dir=_existing(project.html_dir.parent)) as folder:
        asv_site = Path(folder) / "asv" if with_asv else None
        if asv_site is not None:
            try:
                publish_asv_site(project, asv_site)
            except UsageError as error:
                content = replace(content, problems=(*content.problems, *_for_readers(project, [str(error)])))
                asv_site = None
        written = render_site(
            content,
            project.html_dir,
            project.folder / templates if templates else None,
            asv_site=asv_site,
            replaceable=is_asv_site if with_asv else None,
        )
    history = content.history
    return Published(
        project.html_dir / "index.html",
        len(written),
        content.problems,
        history.notes if history is not None else (),
        content.left_out,
    )


def _existing(folder: Path) -> Path:
    """Return `folder` or its nearest existing parent, so that asv's site can be moved instead of copied."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def site_content(project: Project, machine: str | None = None) -> SiteContent:
    """Gather everything that the site shows. Raises UsageError if there are no results."""
    measured = read_machines(project, machine)
    trials = {one.folder.name: one.results.trials for one in measured if one.results is not None}
    counts = {one.folder.name: one.counts for one in measured}
    history = read_history(project, machine, trials=trials, counts=counts)
    # Workers search for changes while we prepare everything else.
    search = begin_search(project, history)
    table = Timetable.of(history, [one.folder.name for one in measured])
    bisections, unreadable = _bisections(measured)
    cells = {key for one in measured if one.results for key in one.results.cells}
    counted = {case.key.commit for one in measured for case in one.counts.cases}
    commits = _commits(project, {key.commit for key in cells} | counted, history)
    places = {commit.hash: place for place, commit in enumerate(commits)}
    measured = _newest_first(measured, history, places)
    machines = tuple(
        _machine_for_readers(project, site_machine(one, places, newest=place == 0))
        for place, one in enumerate(measured)
    )
    releases = _releases(measured, machines)
    events, damaged = _events(project, history, search)
    noise = (problem for one in measured for problem in known_noise(one.folder).problems)
    beside = (*damaged, *unreadable, *events.problems, *noise)
    problems = dict.fromkeys((*_problems(measured, history), *history.problems, *beside))
    site = project.settings.site
    return SiteContent(
        title=site.title or f"{project.name}: {'what the JIT does' if cells else 'performance'}",
        project=project.name,
        url=site.url or "",
        show_commit_url=project.show_commit_url,
        generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machines=machines,
        commits=commits,
        releases=releases,
        problems=_for_readers(project, tuple(problems)),
        settings=Limits(alpha=project.settings.alpha, equivalence=project.settings.equivalence),
        table=table,
        events=events.events,
        bisections=bisections,
        left_out=(*history.left_out, *events.left_out),
    )


def _newest_first(measured: Sequence[Measured], history: History, places: Mapping[str, int]) -> list[Measured]:
    """Order machines by their newest commit; those with results of asv alone come last."""
    ages: dict[str, list[int]] = {}
    for one in history.series:
        if len(one.places):
            ages.setdefault(one.key.machine, []).append(places[history.commits[int(one.places[-1])]])
    for machine in measured:
        cells = {key.commit for key in machine.results.cells} if machine.results is not None else set()
        counted = {case.key.commit for case in machine.counts.cases}
        ages.setdefault(machine.folder.name, []).extend(places[commit] for commit in cells | counted)

    def order(one: Measured) -> tuple[bool, int]:
        return one.results is None and not one.counts.cases, min(ages[one.folder.name], default=len(places))

    return sorted(measured, key=order)


def _events(project: Project, history: History, search: Changes) -> tuple[FoundEvents, tuple[str, ...]]:
    """Return the events, or a problem if they cannot be determined: the rest is published all the same."""
    try:
        return found_events(project, history, search), ()
    except DamagedFileError as error:
        deque(search, maxlen=0)  # caches the results, and ends the workers before others write the pages
        return FoundEvents(()), (f"the regressions are missing: {error}",)


def _bisections(measured: Sequence[Measured]) -> tuple[tuple[Bisection, ...], list[str]]:
    """Return the bisections of all machines, newest first, and the problems of reading them."""
    read = [read_bisections(one.folder) for one in measured]
    found = sorted((one for lines in read for one in lines.records), key=lambda one: one.started, reverse=True)
    return tuple(found), [problem for lines in read for problem in lines.problems]


def _problems(measured: Sequence[Measured], history: History) -> tuple[str, ...]:
    """Return each machine's problems that the history does not report, with the machine's name if there are several."""
    several = len(measured) > 1
    return tuple(
        f"{one.folder.name}: {problem}" if several else problem
        for one in measured
        for problem in (*(one.results.problems if one.results is not None else ()), *one.counts.problems)
        if problem not in history.problems
    )


def _for_readers(project: Project, problems: Sequence[str]) -> tuple[str, ...]:
    """Make paths relative to the repository: readers of the site know nothing of this machine's folders."""
    return tuple(_for_reader(project, problem) for problem in problems)


def _for_reader(project: Project, text: str) -> str:
    return without_folders(text, project=str(project.folder), benchmarks=project.benchmark_dir.name)


def _machine_for_readers(project: Project, machine: Machine) -> Machine:
    """Return the machine with such paths made relative in the trials' stderr, too."""
    told = {
        key: tuple(
            msgspec.structs.replace(trial, stderr=_for_reader(project, trial.stderr)) if trial.stderr else trial
            for trial in trials
        )
        for key, trials in machine.trials.items()
        if any(trial.stderr for trial in trials)
    }
    counts = tuple(replace(one, problem=_for_reader(project, one.problem)) for one in machine.counts)
    return replace(machine, trials={**machine.trials, **told}, counts=counts)


def _commits(project: Project, hashes: set[str], history: History) -> tuple[Commit, ...]:
    """Return the measured commits newest first; commits that git does not know follow, by date."""
    try:
        known = {commit.hash: commit for commit in Repository(project.folder / project.repo).commits("--all")}
    except (UsageError, OSError):
        known = {}
    dates = dict(zip(history.commits, map(int, history.dates), strict=True))
    unknown = (
        Commit(digest, dates.get(digest, 0), "", "(not in this repository)" if known else "")
        for digest in {*hashes, *dates}
    )
    found = [known.get(commit.hash, commit) for commit in unknown]
    order = {digest: place for place, digest in enumerate(known)}
    return tuple(sorted(found, key=lambda commit: (order.get(commit.hash, len(order)), -commit.date, commit.hash)))


def _releases(measured: Sequence[Measured], machines: Sequence[Machine]) -> tuple[Release, ...]:
    """Return the interpreters in the results, as their machines or else this one's installations describe them."""
    cells = [cell for one in measured if one.results for cell in one.results.cells.values()]
    here = {name: known.jit for one in measured for name, known in known_interpreters(one.folder)[0].items()}
    if any(cell.key.interpreter not in here for cell in cells):
        here |= {interpreter.identity: interpreter.jit for interpreter in discover()}
    paired = {cell.key.interpreter for cell in cells if cell.has_pairs}
    builds = sorted({suite.interpreter for machine in machines for suite in machine.suites}, key=release_order)
    return tuple(
        Release(build, here.get(name, "with a JIT" if name in paired else "none"))
        for build, name in ((build, interpreter_of(build)) for build in builds)
    )
