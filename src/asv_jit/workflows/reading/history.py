"""Everything that was measured, on every machine, as series over one order of commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from asv_jit.analysis.counts.series import count_series
from asv_jit.analysis.history.series import History, by_branch
from asv_jit.analysis.history.timeline import Axes, timeline
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.history import AsvResults, MeasuredByTrials, read_asv_results
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.order import CommitOrder, order_commits
from asv_jit.git.repository import Repository
from asv_jit.model import Trial
from asv_jit.store.analysis_cache import AnalysisCache
from asv_jit.workflows.reading.counts import Counts
from asv_jit.workflows.reading.journals import (
    Journals,
    first_seen,
    installed_packages,
    machine_notes,
    read_journals,
    release_order,
    sessions,
)


def read_history(
    project: Project,
    machine: str | None = None,
    *,
    trials: Mapping[str, Sequence[Trial]] | None = None,
    counts: Mapping[str, Counts] | None = None,
) -> History:
    """The history of all machines, or of the named one: the journals' cells, and asv's own rows where it has none.

    `trials`, `counts`: all of each machine, for a caller that has read the journals already. Never raises for the
    content of a file: what cannot be read is named in `problems`.
    """
    journals = read_journals(project, machine, trials, counts)
    rows = read_asv_results(project.results_dir, AnalysisCache(project.results_dir))
    order = order_commits(repository_of(project), project.branches, _dates(journals, rows))
    built = tuple(sorted({name for one in journals for name in one.interpreters}, key=release_order))
    started = sessions(journals)
    sets = tuple(sorted({name for one in journals for name in one.requirements}))
    axes = _axes(project, journals, order, built, tuple(started), sets)
    found = [
        timeline(one.folder.name, one.trials, mine, alpha=project.settings.alpha)
        for one, mine in zip(journals, axes, strict=True)
    ]
    counted = [count_series(one.folder.name, one.counts.cases, mine) for one, mine in zip(journals, axes, strict=True)]
    by_asv = rows.series(order, built, _by_trials(journals), machine)
    every = [*(series for one in found for series in one.series), *by_asv.series]
    series, beside = by_branch(every, order.branches)
    by_count, _ = by_branch([series for made, _ in counted for series in made], order.branches)
    return History(
        commits=order.commits,
        dates=order.dates,
        ordered_by=order.ordered_by,
        interpreters=by_asv.interpreters,
        series=series,
        left_out=(
            *_left_out("cells", [one.left_out for one in found]),
            *_beside(project, beside),
            *by_asv.left_out,
            *_left_out("counts", [left_out for _, left_out in counted]),
            *chain(*(one.counts.left_out for one in journals)),
        ),
        problems=tuple(chain(*(one.problems for one in journals), rows.problems)),
        notes=(*_order_notes(order), *machine_notes(journals)),
        branches=order.branches,
        sessions=tuple(started.values()),
        bridges=tuple(bridge for one in found for bridge in one.bridges),
        anchors=tuple(anchor for one in found for anchor in one.anchors),
        titles=rows.titles,
        packages=installed_packages(journals),
        requirement_sets=sets,
        counted=by_count,
    )


def _dates(journals: Sequence[Journals], rows: AsvResults) -> dict[str, int]:
    """Return the date of every measured commit: as asv's files say, else when it was first measured."""
    dated = {commit: date for commit, date in rows.commits.items() if date}
    return {**rows.commits, **first_seen(journals), **dated}


def _axes(
    project: Project,
    journals: Iterable[Journals],
    order: CommitOrder,
    interpreters: Sequence[str],
    started: Sequence[str],
    sets: Sequence[str],
) -> list[Axes]:
    """Return what places the trials and counts of each journal."""
    described = suite.load(project)
    benchmarks = described.benchmarks if described else ()
    commits = {commit: place for place, commit in enumerate(order.commits)}
    return [
        Axes(
            commits=commits,
            interpreters={identity: place for place, identity in enumerate(interpreters)},
            sessions={session: place for place, session in enumerate(started)},
            lines=one.lines,
            units={benchmark.name: benchmark.unit for benchmark in benchmarks},
            versions={benchmark.name: benchmark.version for benchmark in benchmarks} if described else None,
            requirement_sets={name: place for place, name in enumerate(sets)},
        )
        for one in journals
    ]


def _by_trials(journals: Iterable[Journals]) -> set[MeasuredByTrials]:
    """Return what the journals hold, so that asv rows made from it are not counted twice."""
    return {
        MeasuredByTrials(one.folder.name, trial.commit, trial.interpreter, trial.requirements, trial.benchmark)
        for one in journals
        for trial in one.trials
        if trial.purpose == "run"
    }


def repository_of(project: Project) -> Repository | None:
    """The project's repository, or asv's mirror of it, if it is on this machine: nothing is fetched here."""
    for folder in (project.folder / project.repo, project.folder / Path(project.name)):
        if folder.is_dir():
            try:
                return Repository(folder)
            except UsageError:
                continue
    return None


def _left_out(noun: str, of_machines: Iterable[Mapping[str, int]]) -> tuple[str, ...]:
    whole: Counter[str] = Counter()
    for one in of_machines:
        whole.update(one)
    return tuple(f"{count} {noun} {what}" for what, count in sorted(whole.items()) if count)


def _beside(project: Project, points: int) -> tuple[str, ...]:
    names = ", ".join(branch or "HEAD" for branch in project.branches)
    return (f"{points} points of commits beside the configured branches ({names})",) if points else ()


def _order_notes(order: CommitOrder) -> tuple[str, ...]:
    if order.ordered_by == "date" and order.commits:
        return (f"no repository knows the {len(order.commits)} commits: they are ordered by date",)
    if order.unknown:
        return (f"{order.unknown} commits that the repository does not know are ordered by date",)
    return ()
