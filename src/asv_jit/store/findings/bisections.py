"""Bisections: the state that a search needs to resume, and its result.

    results/<machine>/bisections/<identity>.json      replaced as a whole after each measurement

The next step of a search depends only on its arguments and the earlier steps, so a bisection resumes by replaying the
stored steps in order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from asv_jit.analysis.cells.evidence import TraceChange
from asv_jit.analysis.metrics import COUNTED, SERIES_METRIC, BisectMetric
from asv_jit.model import CaseKey, MaybeName, Name, Probability
from asv_jit.store.findings.confirmations import Effects
from asv_jit.store.lines import Lines
from asv_jit.store.records import RecordFolder


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement of point `point` relative to the good end in the same block, or why it failed."""

    point: int
    value: float | None = None
    reason: str = ""
    block: str = ""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A search along a chain of full commits or interpreter identities, good end first; `prior` may be empty."""

    points: tuple[Name, ...]
    prior: tuple[float, ...] = ()
    steps: tuple[Measurement, ...] = ()


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A point that could not be measured."""

    point: Name
    reason: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a search. `culprit` and `parent` are set if `outcome` is `found`; `candidates` is the smallest set
    of points that reaches the requested confidence, `probability` its probability. `confirmation` is the verdict of
    fresh blocks of parent and culprit (`confirmed`, `refuted`, `unclear`, empty without blocks), with `effects`. Counts
    have no blocks, and a reason for each outcome."""

    outcome: Literal["found", "not_reproducible", "undecided", "unbuildable"]
    reason: str = ""
    culprit: Name | None = None
    parent: Name | None = None
    author: str = ""
    subject: str = ""
    date: int = 0
    probability: Probability = 0.0
    candidates: tuple[Name, ...] = ()
    measurements: int = 0
    builds: int = 0
    skipped: tuple[Skipped, ...] = ()
    confirmation: str = ""
    blocks: int = 0
    effects: tuple[Effects, ...] = ()
    cause: str = "unclear"
    moved: str = "unclear"
    cause_probability: Probability = 1.0
    diff_stat: str = ""
    traces: tuple[TraceChange, ...] = ()


class Bisection(msgspec.Struct, frozen=True, kw_only=True):
    """One search. `good` and `bad` are full commits, measured with `interpreter`; on the axis `pythons` they are
    interpreter identities, measured at `commit`. `stages`: the chain between the ends, then the merged branch of each
    merge that was found to be the culprit. `result` is None while unfinished. `event` is the identity of the searched
    event, empty if the user gave a range."""

    identity: Name
    case: CaseKey
    version: str
    metric: BisectMetric
    axis: Literal["commits", "pythons"]
    all_commits: bool
    commit: MaybeName
    interpreter: MaybeName
    good: Name
    bad: Name
    machine: str
    fingerprint: str
    protocol: str
    confidence: float
    build_cost: float
    seed: int
    started: str
    updated: str
    stages: tuple[Stage, ...] = ()
    result: Result | None = None
    event: MaybeName = ""
    requirements: str = ""
    format: str = "asv-jit-bisection"

    @property
    def counted(self) -> bool:
        """Return True if its measurements are counts of instructions."""
        return SERIES_METRIC[self.metric] in COUNTED


BISECTIONS = RecordFolder("bisections", Bisection, "a bisection", key="identity")


def read_bisections(machine_folder: Path) -> Lines[Bisection]:
    """Read the bisections of a machine, newest first, with a sentence for each invalid file."""
    read = BISECTIONS.read(machine_folder)
    return Lines(tuple(sorted(read.records, key=lambda bisection: bisection.started, reverse=True)), read.problems)
