"""Bridges between releases: measurements with two interpreters at one commit, which make the releases comparable.

Within a line each release is bridged to the one before; between two lines of one provider, such as 3.14 and 3.15, the
newest releases that share a commit stand for their lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.cell import Block, Cell
from asv_jit.analysis.history.series import Bridge, SeriesKey
from asv_jit.analysis.metrics import JUDGED, METRICS, Metric

ENOUGH_BLOCKS = 15
"""The interleaved blocks that a bridge needs; a shorter bridge adds blocks of other commits."""

_FEWEST_BLOCKS = 2
_Figures: TypeAlias = dict[Metric, tuple[Floats, Floats]]


class Measured(Struct, frozen=True):
    """A cell with its series, its interpreter's identity and place in release order, and its commit's place."""

    key: SeriesKey
    interpreter: str
    release: int
    place: int
    cell: Cell


class _Common(Struct, frozen=True):
    """The blocks of one commit with both interpreters."""

    place: int
    before: Sequence[Block]
    after: Sequence[Block]
    interleaved: bool


def bridges_of(cells: Iterable[Measured]) -> list[Bridge]:
    """Return the bridges in `cells`, at most one per case and pair of neighbouring releases."""
    cases: dict[tuple[object, ...], list[Measured]] = {}
    for one in cells:
        key = one.key
        cases.setdefault((key.machine, key.case, key.version, key.protocol, key.fingerprint), []).append(one)
    return [bridge for mine in cases.values() for bridge in _of_case(mine)]


def line_order(line: str) -> tuple[str, tuple[int, ...]]:
    """What lines must share to be compared (provider, threads), and their order: `3.15t from debian`, `3.15`."""
    minor, _, provider = line.partition(" from ")
    numbers = tuple(int(part) for part in minor.rstrip("t").split(".") if part.isdecimal())
    return f"{provider} {'t' if minor.endswith('t') else ''}", numbers


def _of_case(cells: Sequence[Measured]) -> Iterator[Bridge]:
    lines: dict[str, dict[int, list[Measured]]] = {}
    for one in cells:
        lines.setdefault(one.key.line, {}).setdefault(one.release, []).append(one)
    for releases in lines.values():
        for before, after in pairwise(sorted(releases)):
            bridge = _bridge(releases[before], releases[after])
            if bridge is not None:
                yield bridge
    families: dict[str, list[str]] = {}
    for line in sorted(lines, key=lambda line: line_order(line)[1]):
        families.setdefault(line_order(line)[0], []).append(line)
    for family in families.values():
        for older, newer in pairwise(family):
            bridge = _newest(lines[older], lines[newer])
            if bridge is not None:
                yield bridge


def _newest(older: Mapping[int, list[Measured]], newer: Mapping[int, list[Measured]]) -> Bridge | None:
    """Return the bridge of the newest releases that have one."""
    for after in sorted(newer, reverse=True):
        for before in sorted(older, reverse=True):
            bridge = _bridge(older[before], newer[after])
            if bridge is not None:
                return bridge
    return None


def _bridge(before: Sequence[Measured], after: Sequence[Measured]) -> Bridge | None:
    old = {(one.place, one.cell.key.requirements): one for one in before}
    alike = [(old[place], one) for one in after if (place := (one.place, one.cell.key.requirements)) in old]
    shared = [common for one, other in alike if (common := _common(one, other)) is not None]
    if not shared:
        return None
    shared.sort(key=lambda common: (common.interleaved, common.place), reverse=True)
    chosen: list[_Common] = []
    while (
        len(chosen) < len(shared)
        and min(sum(len(common.before) for common in chosen), sum(len(common.after) for common in chosen))
        < ENOUGH_BLOCKS
    ):
        chosen.append(shared[len(chosen)])
    figures = _joined([_figures(common) for common in chosen])
    if not figures:
        return None
    return Bridge(
        after[0].key,
        before[0].interpreter,
        after[0].interpreter,
        max(common.place for common in chosen),
        figures,
        all(common.interleaved for common in chosen),
        after[-1].cell.key.requirements,
    )


def _common(before: Measured, after: Measured) -> _Common | None:
    """Return the blocks of sessions that measured both; all blocks if no session did."""
    old, new = before.cell.good_blocks, after.cell.good_blocks
    both = {block.trials[0].session for block in old} & {block.trials[0].session for block in new}
    old_both, new_both = ([block for block in blocks if block.trials[0].session in both] for blocks in (old, new))
    if min(len(old_both), len(new_both)) >= _FEWEST_BLOCKS:
        return _Common(after.place, old_both, new_both, interleaved=True)
    return _Common(after.place, old, new, interleaved=False) if min(len(old), len(new)) >= _FEWEST_BLOCKS else None


def _figures(common: _Common) -> _Figures:
    """Return one figure per block on each side, for each metric that both sides have."""
    found: _Figures = {}
    for metric in JUDGED:
        sides = (_column(common.before, metric), _column(common.after, metric))
        if all(len(side) and np.all(side > 0.0) for side in sides):
            found[metric] = sides
    return found


def _column(blocks: Sequence[Block], metric: Metric) -> Floats:
    (mode,) = METRICS[metric].modes
    figures = []
    for block in blocks:
        trial = next((trial for trial in block.trials if trial.mode == mode), None)
        if trial is not None:
            figure = trial.peak_rss_bytes if METRICS[metric].kind == "bytes" else trial.figure
            figures.append(np.nan if figure is None else figure)
    return np.array(figures, dtype=np.float64)


def _joined(parts: Sequence[_Figures]) -> _Figures:
    """Merge several commits: scale each to the level of the first, which changes none of the shifts."""
    joined: _Figures = {}
    for metric in JUDGED:
        if all(metric in part for part in parts):
            levels = [np.mean([np.mean(np.log(side)) for side in part[metric]]) for part in parts]
            scaled = [
                [side * np.exp(levels[0] - at) for side in part[metric]] for part, at in zip(parts, levels, strict=True)
            ]
            joined[metric] = (np.concatenate([one[0] for one in scaled]), np.concatenate([one[1] for one in scaled]))
    return joined
