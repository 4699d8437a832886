"""One stage of a bisection: measures the points that the search asks for beside the good end, and stores each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct

from asv_jit.analysis.beside import figure_of, side_of
from asv_jit.analysis.cells.cell import HOPELESS, Block
from asv_jit.analysis.culprit.halving import Halving
from asv_jit.analysis.culprit.searcher import Culprit, Search, Unbuildable
from asv_jit.analysis.metrics import METRICS, SERIES_METRIC, BisectMetric
from asv_jit.installations import Installation, UnbuildableError
from asv_jit.model import Case, Mode, Trial
from asv_jit.store.findings.bisections import Measurement, Skipped, Stage
from asv_jit.workflows.measuring.engine import failure_words
from asv_jit.workflows.measuring.pairing import Pairing
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.session import Session

MODES: dict[BisectMetric, tuple[Mode, ...]] = {row.bisect: row.modes for row in METRICS.values() if row.modes}
_TRIES = 2  # a process that fails by chance is not the commit's failure
Install = Callable[[str], Installation]


class View(Struct, frozen=True):
    """The state of a search: `posterior` is empty until the ends differ; `measured` has a count per point."""

    points: tuple[str, ...]
    posterior: tuple[float, ...]
    measured: tuple[int, ...]
    skipped: tuple[int, ...]
    last: int
    value: float | None
    measurements: int
    builds: int


class Watcher(Reporter, Protocol):
    """A reporter that is shown the search after each measurement."""

    def view(self, view: View) -> None:
        """Called after a measurement was stored."""


class Measuring(Protocol):
    """Measures points of one stage relative to its good end."""

    def __call__(self, point: int) -> tuple[float, str]:
        """Return a new measurement and the name of its block, if any. Raises Unbuildable, with the reason."""
        ...

    def blames_the_good_end(self, point: int) -> bool:
        """Return True if the last measurement of a point failed on the good end's side only."""
        ...


class Measurer:
    """Measures points of one stage relative to its good end: a block of both, so that drift cancels.

    A measurement of the good end itself is a block of it beside itself: it has the same noise as the others.
    """

    def __init__(
        self, session: Session, case: Case, metric: BisectMetric, points: Sequence[str], install: Install
    ) -> None:
        self._session = session
        self._case = case
        self._metric = metric
        self._points = points
        self._install = install
        self._pairings: dict[int, Pairing] = {}

    def __call__(self, point: int) -> tuple[float, str]:
        """Return a new measurement and the name of its block. Raises Unbuildable, with the reason."""
        pairing = self._pairing(point)
        block = pairing.measure()
        for _ in range(_TRIES - 1):
            if not block.failed or any(trial.outcome in HOPELESS for trial in block.trials):
                break
            block = pairing.measure()
        metric = SERIES_METRIC[self._metric]
        good, value = figure_of(block, "a", metric), figure_of(block, "b", metric)
        if good is None or value is None:
            raise Unbuildable(complaint_of(block))
        return value / good, block.identity

    def blames_the_good_end(self, point: int) -> bool:
        """Return True if the last block of a point failed on the good end's side only."""
        pairing = self._pairings.get(point)
        if pairing is None or not pairing.blocks:
            return False
        last = pairing.blocks[-1].trials
        return _fails(side_of(last, "a")) and not _fails(side_of(last, "b"))

    def _pairing(self, point: int) -> Pairing:
        if point not in self._pairings:
            good, this = self._installed(0), self._installed(point)
            modes = MODES[self._metric]
            if "on" in modes and not this.interpreter.has_jit:
                raise Unbuildable(f"CPython {this.interpreter.identity} has no JIT, and {self._metric} needs one")
            self._session.learn_efforts([self._case], good.interpreter.identity)
            self._pairings[point] = Pairing(self._session, good, this, self._case, modes)
        return self._pairings[point]

    def _installed(self, point: int) -> Installation:
        try:
            return self._install(self._points[point])
        except UnbuildableError as error:
            raise Unbuildable(str(error)) from error


def searched(
    stage: Stage, search: Search | Halving, measure: Measuring, store: Callable[[Stage], None], watcher: Watcher
) -> tuple[Stage, Culprit]:
    """Replay the stored steps, then measure what the search asks for until it ends; store each step."""
    for step in stage.steps:
        _record(search, step)
    while (point := search.next_index()) is not None:
        if not any(step.point == point for step in stage.steps):
            watcher.stage(f"building {stage.points[point][:14]}, {point + 1} of {len(stage.points)}")
        try:
            value, block = measure(point)
            step = Measurement(point=point, value=value, block=block)
        except Unbuildable as error:
            blamed = 0 if measure.blames_the_good_end(point) else point
            step = Measurement(point=blamed, reason=str(error))
        _record(search, step)
        stage = Stage(points=stage.points, prior=stage.prior, steps=(*stage.steps, step))
        store(stage)
        watcher.view(_view(stage, search))
    return stage, search.culprit()


def skipped_of(stages: Sequence[Stage]) -> tuple[Skipped, ...]:
    """The points that could not be measured, each once, with the first line of the reason."""
    found: dict[str, str] = {}
    for stage in stages:
        for step in stage.steps:
            if step.value is None:
                found.setdefault(stage.points[step.point], step.reason)
    return tuple(Skipped(point=point, reason=reason) for point, reason in found.items())


def _record(search: Search | Halving, step: Measurement) -> None:
    if step.value is None:
        search.record_unbuildable(step.point)
    else:
        search.record(step.point, step.value)


def _view(stage: Stage, search: Search | Halving) -> View:
    counts = np.bincount([s.point for s in stage.steps if s.value is not None] or [0], minlength=len(stage.points))
    if not any(step.value is not None for step in stage.steps):
        counts[:] = 0
    last = stage.steps[-1]
    so_far = search.culprit()
    return View(
        points=stage.points,
        posterior=tuple(search.posterior.tolist()),
        measured=tuple(counts.tolist()),
        skipped=tuple(sorted({step.point for step in stage.steps if step.value is None})),
        last=last.point,
        value=last.value,
        measurements=so_far.measurements,
        builds=so_far.builds,
    )


def _fails(trials: Sequence[Trial]) -> bool:
    return any(trial.outcome != "ok" for trial in trials)


def complaint_of(block: Block) -> str:
    """Return why a block has no figure."""
    return failure_words(block.trials) if block.failed else "it gives no positive figure for this metric"
