"""The summary of a cell: times, speedup, verdict, memory, warm-up, break-even and correctness, as a frozen value.

The table of `asv-jit run`, `--json` and the site show this value and compute nothing themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from asv_jit.analysis import reasons, speedup, steady
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells import break_even, correctness
from asv_jit.analysis.cells.cell import Cell, CellKey
from asv_jit.analysis.cells.doubt import doubt
from asv_jit.analysis.cells.evidence import Hot, hot_functions
from asv_jit.analysis.cells.levels import Level, level, middle
from asv_jit.analysis.speedup import Speedup, check_share
from asv_jit.analysis.stats import suite_mean
from asv_jit.analysis.verdict import quantile
from asv_jit.model import Evidence, Trial

FEWEST_ITERATIONS = 30


class Limits(Struct, frozen=True):
    """The settings that decide verdicts: `alpha` of the intervals, `equivalence` as a fraction."""

    alpha: float = 0.002
    equivalence: float = 0.02


class PeakMemory(Struct, frozen=True):
    """Peak resident set in bytes: the level of each mode, and the difference, on minus off.

    `difference_bytes` is the mean over the pairs, positive if the JIT costs memory; `low_bytes` and
    `high_bytes` bound it at level 1 - alpha; `error_bytes` is its standard error. With a single pair they are infinite.
    """

    off_bytes: float
    on_bytes: float
    difference_bytes: float
    low_bytes: float
    high_bytes: float
    pairs: int
    error_bytes: float = math.inf


class CaseSummary(Struct, frozen=True):
    """One cell. `verdict` is `none` without a JIT; `reason` says why a verdict is `unclear`, or despite what it holds.

    Times are seconds per call; `warmup_*_s` is the running time before the steady state, `first_call_*_s` the time of
    the very first call. `tracked` is off / on of a positive tracked value (a latency, say), which is no speedup and
    decides no verdict. `unit` is that of the values: `seconds`, `bytes`, or what a tracked value says; else `unit`.
    """

    key: CellKey
    timed: bool
    pairs: int
    off: Level | None
    on: Level | None
    speedup: Speedup | None
    verdict: str
    reason: str
    memory: PeakMemory | None
    peak_off_bytes: float | None
    break_even: break_even.TypicalBreakEven | None
    steady_off: str
    steady_on: str
    warmup_off_s: float | None
    warmup_on_s: float | None
    first_call_off_s: float | None
    first_call_on_s: float | None
    start_off_s: float | None
    start_on_s: float | None
    answers: correctness.AnswerCheck | None
    only_on: correctness.OnlyOn | None
    failures: tuple[tuple[str, int], ...]
    complaint: str
    disturbed: int
    repeated: int
    evidence: Evidence | None
    hot: tuple[Hot, ...]
    measured: str
    tracked: Speedup | None = None
    unit: str = "unit"

    @property
    def is_wrong(self) -> bool:
        """Return True if a JIT bug is suspected: a different answer or a failure with the JIT on only."""
        return _is_wrong(self.answers, self.only_on)


class SuiteSummary(Struct, frozen=True):
    """All cases of one commit on one interpreter with one set of requirements."""

    commit: str
    interpreter: str
    cases: tuple[CaseSummary, ...]
    mean: suite_mean.SuiteSpeedup | None
    alerts: tuple[CellKey, ...]
    requirements: str = ""


def summarise(cell: Cell, limits: Limits, *, unit: str = "unit") -> CaseSummary:
    """Summarize a cell; never raises for its content. `unit` is that of tracked values."""
    off_arm = "off" if cell.has_pairs else "alone"
    off, on = cell.trials(off_arm), cell.trials("on") if cell.has_pairs else ()
    doubted = _doubted(cell)
    bound = doubt(cell.good_blocks, {"off": 1, "on": -1}) if doubted and cell.timed else 0.0
    estimate = _ratio(cell, limits, bound) if cell.timed else None
    tracked = None if cell.timed else _ratio(cell, limits)
    every = tuple(trial for block in cell.blocks for trial in block.trials)
    answers = next(iter(correctness.check_answers(every)), None)
    only_on = next(iter(correctness.only_on(every)), None)
    verdict, reason = _verdict(cell, off, estimate or tracked, doubted)
    if verdict != "skipped" and _is_wrong(answers, only_on):
        verdict, reason = "failed", "a JIT bug is suspected: what is wrong is not fast"
    failures = Counter(
        f"{trial.outcome} in mode {trial.mode}" for trial in every if trial.outcome not in ("ok", "skipped")
    )
    return CaseSummary(
        key=cell.key,
        timed=cell.timed,
        pairs=len(cell.good_blocks) if cell.has_pairs else 0,
        off=level(cell.figures(off_arm), limits.alpha),
        on=level(cell.figures("on"), limits.alpha) if cell.has_pairs else None,
        speedup=estimate,
        verdict=verdict,
        reason=reason,
        memory=_memory(off, on, limits.alpha),
        peak_off_bytes=middle(trial.peak_rss_bytes for trial in off),
        break_even=_break_even(off, on, limits.alpha) if cell.timed and on else None,
        steady_off=_agreement(off),
        steady_on=_agreement(on),
        warmup_off_s=middle(trial.warmup_s for trial in off),
        warmup_on_s=middle(trial.warmup_s for trial in on),
        first_call_off_s=middle(trial.first_call_s for trial in off),
        first_call_on_s=middle(trial.first_call_s for trial in on),
        start_off_s=middle(start_up_s(trial) for trial in off),
        start_on_s=middle(start_up_s(trial) for trial in on),
        answers=answers,
        only_on=only_on,
        failures=tuple(sorted(failures.items())),
        complaint=next((trial.stderr for trial in reversed(every) if trial.outcome != "ok"), ""),
        disturbed=sum(block.disturbed for block in cell.blocks),
        repeated=sum(block.attempt - 1 for block in cell.blocks),
        evidence=next((trial.evidence for trial in on if trial.evidence is not None), None),
        hot=hot_functions(cell.sampled.samples, cell.sampled.evidence) if cell.sampled is not None else (),
        measured=max((trial.started for trial in every), default=""),
        tracked=tracked,
        unit="seconds" if cell.timed else unit,
    )


def summarise_suite(
    commit: str, interpreter: str, cases: Sequence[CaseSummary], cells: Sequence[Cell], requirements: str = ""
) -> SuiteSummary:
    """Return the mean over the cases with pairs, and which cases differ after correction for their number.

    Both exclude cases with a suspected JIT bug, whose programs may not do the same work in both modes.
    """
    mean = suite_mean.estimate(case_means(cases, cells), alpha=0.05)
    p_values = [
        case.speedup.p_value if case.speedup is not None and case.verdict != "failed" else math.nan for case in cases
    ]
    flags = suite_mean.alerts(p_values) if cases else ()
    alerts = tuple(case.key for case, flag in zip(cases, flags, strict=True) if flag)
    return SuiteSummary(commit, interpreter, tuple(cases), mean, alerts, requirements)


def case_means(cases: Sequence[CaseSummary], cells: Sequence[Cell]) -> list[suite_mean.CaseMean]:
    """Return the mean speedup of each case with at least two pairs of times and without a suspected JIT bug.

    `cells`: those of the cases, in their order.
    """
    return [
        suite_mean.case_mean(case.key.case.benchmark, cell.figures("off"), cell.figures("on"), case.speedup.doubt)
        for case, cell in zip(cases, cells, strict=True)
        if case.speedup is not None and len(cell.good_blocks) >= 2 and case.verdict != "failed"
    ]


def _is_wrong(answers: correctness.AnswerCheck | None, only_on: correctness.OnlyOn | None) -> bool:
    return only_on is not None or (answers is not None and answers.answers == "digest differs")


def _doubted(cell: Cell) -> str:
    """Return why the speedup is in doubt: too many trials never settled or were disturbed; empty if it is not."""
    off, on = cell.trials("off"), cell.trials("on")
    disturbed, blocks = sum(block.disturbed for block in cell.good_blocks), len(cell.good_blocks)
    return reasons.not_steady([(reasons.with_the_jit("off"), off), (reasons.with_the_jit("on"), on)]) or (
        reasons.disturbed(disturbed, blocks) if disturbed > reasons.DISTURBED_SHARE * blocks else ""
    )


def _ratio(cell: Cell, limits: Limits, doubt: float = 0.0) -> Speedup | None:
    """Return the ratio off / on of the figures; None unless they are pairs of positive ones."""
    off, on = cell.figures("off"), cell.figures("on")
    if not (cell.has_pairs and cell.good_blocks) or len(off) != len(on):
        return None
    if not cell.timed and not all(math.isfinite(value) and value > 0.0 for value in (*off, *on)):
        return None
    return speedup.estimate(off, on, alpha=limits.alpha, equivalence=limits.equivalence, doubt=doubt)


def _value_words(cell: Cell, tracked: Speedup | None) -> str:
    """Describe how a tracked value changes with the JIT on, without judging it better or worse."""
    off, on = cell.figures("off"), cell.figures("on")
    if off == on:
        return "same value"
    if tracked is None:
        if not (off and on):  # NaN in one mode, which a journal holds as no value
            return "values differ"
        return "values differ" if max(off) < min(on) or max(on) < min(off) else "no clear difference"
    words = {"same": "same value", "faster": "lower with the JIT", "slower": "higher with the JIT"}
    return words.get(tracked.verdict, "no clear difference")


def _verdict(cell: Cell, off: Sequence[Trial], ratio: Speedup | None, doubted: str) -> tuple[str, str]:
    if cell.blocks and all(trial.outcome == "skipped" for block in cell.blocks for trial in block.trials):
        return "skipped", "the benchmark asks not to be run with these parameters"
    if not cell.good_blocks:
        return "failed", "no block of trials came to its end"
    if ratio is None or not cell.timed:
        return "none", _value_words(cell, ratio) if cell.has_pairs else "no JIT"
    single = any(trial.steady_kind is None for trial in off)  # timeraw_: each trial is one process by itself
    if not single and any(trial.iterations < FEWEST_ITERATIONS for trial in off):
        return "unclear", reasons.too_short(FEWEST_ITERATIONS)
    if ratio.verdict == "unclear":
        return "unclear", doubted or reasons.too_imprecise(len(cell.good_blocks), "pairs")
    return ratio.verdict, reasons.withstood(doubted)


def _memory(off: Sequence[Trial], on: Sequence[Trial], alpha: float) -> PeakMemory | None:
    pairs = [
        (a.peak_rss_bytes, b.peak_rss_bytes)
        for a, b in zip(off, on, strict=False)
        if a.peak_rss_bytes and b.peak_rss_bytes
    ]
    return peak_memory([a for a, _ in pairs], [b for _, b in pairs], alpha=alpha) if pairs else None


def _agreement(trials: Sequence[Trial]) -> str:
    kinds = [trial.steady_kind for trial in trials if trial.steady_kind is not None]
    return steady.agreement(kinds) if kinds else ""


def start_up_s(trial: Trial) -> float | None:
    """Return the seconds from the start of the process to the first call; None if not recorded."""
    parts = (trial.start_s, trial.import_s, trial.setup_s)
    known = [part for part in parts if part is not None]
    return math.fsum(known) if known else None


def _break_even(off: Sequence[Trial], on: Sequence[Trial], alpha: float) -> break_even.TypicalBreakEven | None:
    timelines = [(_timeline(a), _timeline(b)) for a, b in zip(off, on, strict=False)]
    pairs = [break_even.break_even(a, b) for a, b in timelines if a is not None and b is not None]
    return break_even.typical(pairs, alpha=alpha)


def _timeline(trial: Trial) -> break_even.Timeline | None:
    """Rebuild the iterations from the stored curve: exact sums at its points, interpolated linearly between them."""
    if len(trial.curve) < 2 or trial.steady_s is None or trial.steady_kind is None:
        return None  # without a figure, or the figure is of the first calls
    done, elapsed = (np.array(column, dtype=np.float64) for column in zip(*trial.curve, strict=True))
    counts = np.diff(done, prepend=0.0)
    each = np.diff(elapsed, prepend=0.0) / counts
    return break_even.Timeline(
        startup_s=start_up_s(trial) or 0.0,
        iterations_s=np.maximum(np.repeat(each, counts.astype(int)), 1e-12),
        inner_loops=trial.inner_loops,
        steady_s=trial.steady_s * trial.inner_loops,
    )


def peak_memory(
    off_bytes: Sequence[int] | Floats, on_bytes: Sequence[int] | Floats, *, alpha: float
) -> PeakMemory | None:
    """Return the peak memory of each mode and the paired difference with a t interval; None without pairs.

    Both arguments have shape (pairs,), the peak resident set of each trial in bytes, paired by index. The
    difference is in bytes, not a ratio: what the JIT takes hardly depends on the size of the program's data.
    The level holds for a fixed number of pairs; the adaptive rule looks at times, not at memory.
    Raises ValueError for unequal lengths, sizes that are not positive and finite, or an `alpha` outside (0, 1).
    """
    check_share("alpha", alpha)
    off, on = (np.asarray(arm, dtype=np.float64) for arm in (off_bytes, on_bytes))
    if off.ndim != 1 or off.shape != on.shape:
        raise ValueError(f"off and on must pair by index, found shapes {off.shape} and {on.shape}")
    if not all(np.all(np.isfinite(arm) & (arm > 0.0)) for arm in (off, on)):
        raise ValueError("peak memory must be positive and finite, in bytes")
    pairs = len(off)
    levels = middle(off), middle(on)
    if levels[0] is None or levels[1] is None:
        return None
    differences = on - off
    mean, half, error = float(np.mean(differences)), math.inf, math.inf
    if pairs > 1:
        error = float(np.std(differences, ddof=1)) / math.sqrt(pairs)
        half = quantile(pairs - 1, alpha) * error
    return PeakMemory(levels[0], levels[1], mean, mean - half, mean + half, pairs, error)
