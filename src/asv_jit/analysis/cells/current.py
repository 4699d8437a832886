"""The current results: each case at the newest commit that measured it, with the means of suite and groups.

A run of a few cases at a new commit must not make the rest of a suite vanish, so that "now" is decided case by case.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from asv_jit.analysis.cells.cell import Cell, CellKey
from asv_jit.analysis.cells.summary import CaseSummary, SuiteSummary, case_means, summarise_suite
from asv_jit.analysis.stats import suite_mean
from asv_jit.model import PROTOCOL, CaseKey

_SUITE_ALPHA = 0.05
"""The alpha of intervals of means over many cases; a single case uses the configured one."""


class GroupMean(Struct, frozen=True):
    """One group (a file of benchmarks): the mean over its cases, with its interval at 95%."""

    group: str
    mean: suite_mean.SuiteSpeedup


class Current(Struct, frozen=True):
    """The current results of one interpreter. `suite.commit` is its newest commit, `older` cases measured before it.

    `groups` are those that have pairs, in the order of their names.
    """

    suite: SuiteSummary
    groups: tuple[GroupMean, ...]
    older: int

    @property
    def interpreter(self) -> str:
        """Return the interpreter's identity."""
        return self.suite.interpreter

    def is_older(self, case: CaseSummary) -> bool:
        """Return True if `case` was last measured at an older commit than the newest."""
        return case.key.commit != self.suite.commit


class Quiet(Struct, frozen=True):
    """How quiet a machine was while it measured.

    `pair` is the median over cells of the standard deviation of ln(off / on) over a cell's pairs, `between` that of
    ln(time) over its trials in mode off; both are shares (0.01 is 1%), NaN where nothing tells. `pair_middle` and
    `between_middle` hold the middle half of the cells. `disturbed` of `blocks` had something else on their core.
    """

    pair: float
    between: float
    pair_middle: tuple[float, float]
    between_middle: tuple[float, float]
    cells: int
    blocks: int
    disturbed: int


def current_cells(cells: Mapping[CellKey, Cell], order: Mapping[str, int]) -> dict[CellKey, Cell]:
    """Return the newest cell of each case and interpreter; `order` gives each commit's age (0 is the newest).

    At one commit a full measurement goes before a quick one, then the higher benchmark version.
    """
    newest: dict[tuple[str, CaseKey], CellKey] = {}
    for key in cells:
        place = key.interpreter, key.case
        if place not in newest or _rank(key, order) < _rank(newest[place], order):
            newest[place] = key
    return {key: cells[key] for key in sorted(newest.values())}


def currents(
    cells: Mapping[CellKey, Cell], summaries: Mapping[CellKey, CaseSummary], order: Mapping[str, int]
) -> tuple[Current, ...]:
    """Return one value per interpreter, from the cells that `current_cells` chose and their summaries."""
    grouped: dict[str, list[CellKey]] = {}
    for key in cells:
        grouped.setdefault(key.interpreter, []).append(key)
    found = []
    for interpreter, keys in sorted(grouped.items()):
        commit = min((key.commit for key in keys), key=lambda digest: order.get(digest, len(order)))
        whole = summarise_suite(commit, interpreter, [summaries[key] for key in keys], [cells[key] for key in keys])
        older = sum(key.commit != commit for key in keys)
        found.append(Current(whole, _groups(whole.cases, [cells[key] for key in keys]), older))
    return tuple(found)


def quiet(cells: Sequence[Cell]) -> Quiet:
    """Return how quiet the machine was, over the cells with at least three good blocks of times."""
    pair, between = [], []
    for cell in cells:
        if not cell.timed or len(cell.good_blocks) < 3:
            continue
        logs = np.log(cell.figures("off" if cell.has_pairs else "alone"))
        between.append(float(np.std(logs, ddof=1)))
        if cell.has_pairs:
            pair.append(float(np.std(logs - np.log(cell.figures("on")), ddof=1)))
    return Quiet(
        pair=float(np.median(pair)) if pair else math.nan,
        between=float(np.median(between)) if between else math.nan,
        pair_middle=_middle(pair),
        between_middle=_middle(between),
        cells=len(cells),
        blocks=sum(len(cell.blocks) for cell in cells),
        disturbed=sum(block.disturbed for cell in cells for block in cell.blocks),
    )


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """Return the lower and the upper quartile; NaN without values."""
    if not values:
        return math.nan, math.nan
    low, high = np.percentile(values, (25.0, 75.0))
    return float(low), float(high)


def _groups(cases: Sequence[CaseSummary], cells: Sequence[Cell]) -> tuple[GroupMean, ...]:
    of_group: dict[str, list[suite_mean.CaseMean]] = {}
    for mean in case_means(cases, cells):
        of_group.setdefault(suite_mean.group_of(mean.benchmark), []).append(mean)
    means = ((group, suite_mean.estimate(found, alpha=_SUITE_ALPHA)) for group, found in sorted(of_group.items()))
    return tuple(GroupMean(group, mean) for group, mean in means if mean is not None)


def _rank(key: CellKey, order: Mapping[str, int]) -> tuple[int, bool, tuple[int, str]]:
    return order.get(key.commit, len(order)), key.protocol != PROTOCOL, (-len(key.version), key.version)
