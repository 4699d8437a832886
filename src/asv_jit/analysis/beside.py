"""Read the blocks of a comparison: a baseline A and a candidate B, measured interleaved.

The arms are `a-off`, `a-on`, `b-off`, `b-on`, or those of one mode. All four share core, hash seed and effort, so a
ratio within a block is free of the machine's drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from asv_jit.analysis import speedup
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.cell import Block, Progress, has_failed
from asv_jit.analysis.metrics import METRICS, Metric
from asv_jit.analysis.stats.wild import tempered
from asv_jit.model import Mode, Trial

Side: TypeAlias = Literal["a", "b"]


def blocks_of(trials: Iterable[Trial], modes: Sequence[Mode]) -> tuple[Block, ...]:
    """Group the trials of one case into complete blocks, in the order in which they were measured.

    Of a block that was repeated because it was disturbed, the last whole attempt counts. A block for which no
    process was started (`setup_cache` failed) is one trial, and whole.
    """
    wanted = {f"{side}-{mode}" for side in ("a", "b") for mode in modes}
    tries: dict[str, dict[int, dict[str, Trial]]] = {}
    for trial in trials:
        tries.setdefault(trial.block, {}).setdefault(trial.attempt, {})[trial.arm] = trial
    blocks = []
    for identity, attempts in tries.items():
        whole = [n for n, arms in attempts.items() if arms.keys() == wanted or _was_not_started(arms.values())]
        if whole:
            blocks.append(Block(identity, tuple(sorted(attempts[max(whole)].items())), max(whole)))
    return tuple(blocks)


def side_of(trials: Iterable[Trial], side: Side) -> list[Trial]:
    """Return the trials of one side."""
    return [trial for trial in trials if trial.arm.startswith(f"{side}-")]


def good_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks in which every trial has a figure."""
    return [block for block in blocks if not block.failed]


def is_timed(blocks: Iterable[Block]) -> bool:
    """Return True if the figures are times, so that the ratio of the modes is a speedup."""
    return all(trial.steady_s is not None for block in blocks for trial in block.trials)


def values(blocks: Sequence[Block], side: Side, metric: Metric) -> Floats | None:
    """Return the metric of one side in each block, shape (blocks,); None unless all blocks have it."""
    found = [figure_of(block, side, metric) for block in blocks]
    known = [value for value in found if value is not None]
    return np.array(known, dtype=np.float64) if known and len(known) == len(found) else None


def figure_of(block: Block, side: Side, metric: Metric) -> float | None:
    """Return one side's figure in one block, positive, in the metric's unit; None if it was not measured.

    The warm-up is counted until the first steady iteration has ended, so that a trial that is flat from the
    start has one too; of a trial that never gets steady it is the whole running time, which is the least it can be.
    """
    if metric == "speedup":
        off, on = figure_of(block, side, "off"), figure_of(block, side, "on")
        return off / on if off is not None and on is not None else None
    row = METRICS[metric]
    trial = block.trial(f"{side}-{row.modes[0]}") if row.modes else None
    if trial is None or trial.outcome != "ok":
        return None
    value = trial.figure
    if row.kind == "bytes":
        value = trial.peak_rss_bytes
    elif row.kind == "seconds":
        value = _warmup_s(trial)
    return float(value) if value is not None and math.isfinite(value) and value > 0 else None


def tempered_sides(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return both sides of the blocks, shape (blocks,), with outlying ratios of b to a tempered."""
    logs = np.log(b / a)
    calm = tempered(logs)
    return (a, b) if calm is logs else (a, a * np.exp(calm))


def progress(
    blocks: Sequence[Block], modes: Sequence[Mode], *, precision: float, min_blocks: int, max_blocks: int
) -> Progress:
    """Decide whether another block is needed, which ends once each mode's change is known to within `precision`.

    Only the spread counts, never whether a difference shows. Values that are no times get `min_blocks`.
    """
    if has_failed(blocks):
        return "failed"
    good = good_blocks(blocks)
    if len(good) < min_blocks:
        return "measure"
    for mode in modes if is_timed(good) else ():
        a, b = values(good, "a", mode), values(good, "b", mode)
        if a is None or b is None:
            continue
        step = speedup.next_step(a, b, precision=precision, min_pairs=min_blocks, max_pairs=max_blocks)
        if step == "measure":
            return "measure"
    return "done"


def log_ratios_of(blocks: Sequence[Block], modes: Sequence[Mode]) -> list[Floats]:
    """Return the log ratio of A to B in each good block, per mode that must become precise; empty without blocks."""
    good = good_blocks(blocks)
    if not good:
        return [np.empty(0) for _ in modes]
    sides = [(values(good, "a", mode), values(good, "b", mode)) for mode in modes] if is_timed(good) else []
    return [speedup.log_ratios(a, b) for a, b in sides if a is not None and b is not None]


def _was_not_started(trials: Iterable[Trial]) -> bool:
    return any(trial.outcome != "ok" and trial.exit is None and trial.duration_s == 0.0 for trial in trials)


def _warmup_s(trial: Trial) -> float | None:
    if trial.steady_s is None or not trial.curve:
        return None
    whole_s = trial.curve[-1][1]
    return whole_s if trial.warmup_s is None else min(trial.warmup_s + trial.steady_s * trial.inner_loops, whole_s)
