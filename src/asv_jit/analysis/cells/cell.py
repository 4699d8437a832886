"""Groups the journal's trials into blocks and cells."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import numpy as np
from msgspec import Struct

from asv_jit.analysis import speedup
from asv_jit.analysis.arrays import Floats
from asv_jit.model import CaseKey, Purpose, Trial

# A case that failed twice will fail again; one that times out costs too much to try again. One that raises an exception
# with the JIT on only may have found a JIT bug: five times out of five, and never with it off, is no coincidence.
_FAILED_BLOCKS = 2
_FAILED_ONLY_ON = 5
HOPELESS = ("timeout", "skipped", "unbuildable")
Progress = Literal["measure", "done", "failed"]
RUNS: tuple[Purpose, ...] = ("run",)


class CellKey(Struct, frozen=True, order=True):
    """The key of a cell. `version` is the benchmark's: an edited benchmark starts a new cell.

    `requirements` is the set that was installed: another version of a dependency is another measurement.
    """

    commit: str
    interpreter: str
    case: CaseKey
    version: str
    protocol: str
    requirements: str = ""

    @classmethod
    def of(cls, trial: Trial) -> CellKey:
        """Return the key of the cell that a trial belongs to."""
        version, protocol = trial.benchmark_version, trial.protocol
        return cls(trial.commit, trial.interpreter, trial.key, version, protocol, trial.requirements)


class Block(Struct, frozen=True):
    """The last attempt at a block: its trials by arm, and how often it was repeated because it was disturbed."""

    identity: str
    arms: tuple[tuple[str, Trial], ...]
    attempt: int

    def trial(self, arm: str) -> Trial | None:
        """Return the trial of one arm; None if the block was interrupted before it."""
        return dict(self.arms).get(arm)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return all trials of the block."""
        return tuple(trial for _, trial in self.arms)

    @property
    def disturbed(self) -> bool:
        """Return True if another process used the core during any of its trials."""
        return any(trial.disturbed for trial in self.trials)

    @property
    def failed(self) -> bool:
        """Return True if any of its trials has no figure."""
        return any(trial.outcome != "ok" for trial in self.trials)


class Cell(Struct, frozen=True):
    """One case of one commit on one interpreter: its complete blocks, in the order in which they were measured.

    `sampled` is the last trial that showed where the time goes, if there is one.
    """

    key: CellKey
    blocks: tuple[Block, ...]
    sampled: Trial | None = None

    @property
    def has_pairs(self) -> bool:
        """Return True if it was measured in both modes."""
        return any(len(block.arms) == 2 for block in self.blocks)

    @property
    def ratios(self) -> Floats:
        """Return log(off/on) of each timed pair; empty if there are none."""
        if not (self.has_pairs and self.timed):
            return np.empty(0)
        return speedup.log_ratios(self.figures("off"), self.figures("on"))

    @property
    def timed(self) -> bool:
        """Return True if its figures are times, so that their ratio is a speedup; a tracked value has none."""
        return all(trial.steady_s is not None for block in self.good_blocks for trial in block.trials)

    @property
    def good_blocks(self) -> tuple[Block, ...]:
        """Return the blocks in which every trial has a figure."""
        return tuple(block for block in self.blocks if not block.failed)

    def figures(self, arm: str) -> tuple[float, ...]:
        """Return the figure of each good block's trial in `arm` (seconds per call, or the tracked value)."""
        chosen = (block.trial(arm) for block in self.good_blocks)
        return tuple(trial.figure for trial in chosen if trial is not None and trial.figure is not None)

    def trials(self, arm: str) -> tuple[Trial, ...]:
        """Return the trial of each good block in `arm`."""
        return tuple(trial for block in self.good_blocks if (trial := block.trial(arm)) is not None)


def cells_of(trials: Iterable[Trial], purposes: Collection[Purpose] = RUNS) -> dict[CellKey, Cell]:
    """Group trials into cells. Interrupted blocks (an arm is missing) are skipped.

    Of a block that was repeated because it was disturbed, only the last whole attempt counts. The choice looks
    at what disturbed it, never at its durations, so that it selects nothing.
    """
    attempts: dict[tuple[CellKey, str], dict[int, dict[str, Trial]]] = {}
    for trial in trials:
        if trial.purpose in purposes:
            key = CellKey.of(trial)
            attempts.setdefault((key, trial.block), {}).setdefault(trial.attempt, {})[trial.arm] = trial
    blocks: dict[CellKey, list[Block]] = {}
    sampled: dict[CellKey, Trial] = {}
    for (key, identity), tries in attempts.items():
        for arms in tries.values():
            if "sample" in arms:
                sampled[key] = arms["sample"]
        whole = [attempt for attempt, arms in tries.items() if set(arms) in ({"off", "on"}, {"alone"})]
        if whole:
            arms = tries[max(whole)]
            block = Block(identity, tuple(sorted(arms.items())), max(whole))
            blocks.setdefault(key, []).append(block)
    return {key: Cell(key, tuple(found), sampled.get(key)) for key, found in blocks.items()}


def has_failed(blocks: Iterable[Block]) -> bool:
    """Return True if so many blocks failed that measuring more would add nothing."""
    failed = [block for block in blocks if block.failed]
    bad = [trial for block in failed for trial in block.trials if trial.outcome != "ok"]
    only_on = {(trial.mode, trial.outcome) for trial in bad} == {("on", "failed")}
    most = _FAILED_ONLY_ON if only_on else _FAILED_BLOCKS
    return len(failed) >= most or any(trial.outcome in HOPELESS for trial in bad)


def progress(
    cell: Cell | None, *, precision: float, min_pairs: int, max_pairs: int, equivalence: float = 0.02
) -> Progress:
    """Decide whether a cell needs another block: times until precise, other values up to `min_pairs` blocks.

    It needs none either if more pairs cannot decide, because it is too noisy (`speedup.next_step`).
    """
    if cell is None:
        return "measure"
    if has_failed(cell.blocks):
        return "failed"
    good = cell.good_blocks
    if not (cell.has_pairs and cell.timed) or len(good) < min_pairs:
        return "done" if len(good) >= min_pairs else "measure"
    step = speedup.next_step(
        cell.figures("off"),
        cell.figures("on"),
        precision=precision,
        min_pairs=min_pairs,
        max_pairs=max_pairs,
        equivalence=equivalence,
    )
    return "measure" if step == "measure" else "done"
