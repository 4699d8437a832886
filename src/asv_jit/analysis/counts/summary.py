"""Summarises the counted trials of a commit: one value a case and interpreter, for tables and pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.counts.comparison import CountComparison, compare_counts, unrepeatable
from asv_jit.analysis.counts.curve import break_even_calls, drift
from asv_jit.model import ARMS, CaseKey, CountedTrial, Evidence, FunctionCount, Mode, Part, Split

_MOVED_SHOWN = 5


class CountKey(Struct, frozen=True, order=True):
    """The key by which counts are grouped; `requirements` as in `CellKey`.

    Another `counter` (tool, version, processor features) is another series.
    """

    commit: str
    interpreter: str
    case: CaseKey
    version: str
    counter: str
    protocol: str
    requirements: str = ""

    @classmethod
    def of(cls, trial: CountedTrial) -> CountKey:
        """Return the key that a trial belongs to."""
        names = trial.commit, trial.interpreter, trial.key, trial.benchmark_version
        return cls(*names, trial.counter, trial.protocol, trial.requirements)


class ModeCount(Struct, frozen=True):
    """A case in one mode. Instructions are per call, but those of `split` and `functions`: of an iteration.

    `per_call`: of the middle one of the hash seeds, whose trial the rest is of; `by_seed`: all runs of each seed;
    `evidence`: what the JIT had compiled; `drift`: how far the level still moved when a trial ended, a share (0: not).
    """

    per_call: float
    by_seed: dict[int, tuple[float, ...]]
    warmup_instructions: int
    inner_loops: int
    curve: tuple[tuple[int, int], ...]
    split: Split
    functions: tuple[FunctionCount, ...]
    evidence: Evidence | None = None
    drift: float = 0.0


class CaseCount(Struct, frozen=True):
    """The counts of a case on an interpreter at a commit.

    `problem`: why there is no figure in a mode, or why its figures are not repeatable or steady. `break_even_calls`:
    after how many calls the JIT has saved the instructions that its warm-up took; None where it never does. `failed`: a
    trial failed, crashed or was too slow, where others were at most skipped. `measured`: when its last trial started.
    """

    key: CountKey
    off: ModeCount | None
    on: ModeCount | None
    break_even_calls: int | None
    problem: str = ""
    failed: bool = False
    measured: str = ""


def case_counts(trials: Iterable[CountedTrial]) -> list[CaseCount]:
    """Summarise trials of any number of cases, in the order of their keys."""
    by_key: dict[CountKey, list[CountedTrial]] = {}
    for trial in trials:
        by_key.setdefault(CountKey.of(trial), []).append(trial)
    return [_case_count(key, by_key[key]) for key in sorted(by_key)]


def mode_count(trials: Sequence[CountedTrial], mode: Mode) -> ModeCount | None:
    """Summarise the trials of one case in one mode; None where none has a count."""
    good = [one for one in trials if one.mode == mode and one.per_call is not None and one.split is not None]
    if not good:
        return None
    by_seed: dict[int, tuple[float, ...]] = {}
    for trial in good:
        by_seed[trial.hash_seed] = (*by_seed.get(trial.hash_seed, ()), trial.per_call or 0.0)
    middle = sorted(good, key=lambda trial: (trial.per_call or 0.0, trial.hash_seed))[(len(good) - 1) // 2]
    return ModeCount(
        per_call=middle.per_call or 0.0,
        by_seed=dict(sorted(by_seed.items())),
        warmup_instructions=middle.warmup_instructions or 0,
        inner_loops=middle.inner_loops,
        curve=middle.curve,
        split=middle.split or Split(),
        functions=middle.functions,
        evidence=middle.evidence,
        drift=max(drift(trial.curve, trial.inner_loops) for trial in good),
    )


def moved(before: ModeCount, after: ModeCount) -> tuple[tuple[str, float], ...]:
    """Return the instructions per call that parts, and the heaviest functions of both sides, gained or lost."""
    sides = before, after
    parts = [{part: getattr(one.split, part) / one.inner_loops for part in get_args(Part)} for one in sides]
    functions = [{(f.part, f.name): f.instructions / one.inner_loops for f in one.functions} for one in sides]
    inner = {
        name: functions[1][part, name] - functions[0][part, name]
        for part, name in functions[0].keys() & functions[1].keys()
        if part not in ("jit", "loop")  # which are one function, or have no names to compare
    }
    heaviest = sorted(inner.items(), key=lambda item: (-abs(item[1]), item[0]))[:_MOVED_SHOWN]
    found = [*((part, parts[1][part] - parts[0][part]) for part in parts[0]), *heaviest]
    return tuple((what, by) for what, by in found if by)


def _case_count(key: CountKey, trials: Sequence[CountedTrial]) -> CaseCount:
    off, on = mode_count(trials, "off"), mode_count(trials, "on")
    reasons = [f"{trial.mode}: {_reason(trial)}" for trial in trials if trial.outcome != "ok"]
    for mode, found in (("off", off), ("on", on)):
        if found is not None:
            said = unrepeatable(found.by_seed), _unsettled(found)
            reasons += [f"{mode}: {reason}" for reason in said if reason is not None]
    calls = None
    if off is not None and on is not None:
        warmups = {"off_warmup": off.warmup_instructions, "on_warmup": on.warmup_instructions}
        calls = break_even_calls(off=off.per_call, on=on.per_call, **warmups)
    failed = any(trial.outcome not in ("ok", "skipped") for trial in trials)
    return CaseCount(
        key, off, on, calls, "; ".join(dict.fromkeys(reasons)), failed, max(trial.started for trial in trials)
    )


def _unsettled(found: ModeCount) -> str | None:
    if not found.drift:
        return None
    calls = f"{sum(times for times, _ in found.curve) * found.inner_loops:,}"
    return f"not steady: after about {calls} calls the count still moved by {found.drift:.2%}"


def _reason(trial: CountedTrial) -> str:
    said = trial.stderr.strip().splitlines()
    ending = f"killed by {trial.signal}" if trial.signal else trial.outcome
    return f"{ending}: {said[-1]}" if said else ending


class Move(Struct, frozen=True):
    """A case on an interpreter whose count at `commit` differs from that at `before`.

    `changes`: the share by mode; `seeds`: with how many hash seeds it was counted at both commits, in each mode.
    """

    commit: str
    before: str
    interpreter: str
    case: CaseKey
    changes: dict[Mode, float]
    seeds: int

    @property
    def size(self) -> float:
        """Return the larger change of the modes, without its sign."""
        return max(abs(change) for change in self.changes.values())

    def __str__(self) -> str:
        """Return the change in each mode that moved: `off +1.25%, on +0.80%`."""
        return ", ".join(f"{mode} {change:+.2%}" for mode, change in self.changes.items())


def moves_between(before: Iterable[CaseCount], after: Iterable[CaseCount], *, threshold: float) -> list[Move]:
    """Return the cases that changed by at least `threshold` (a share) in a mode, the largest change first.

    Only counts of one interpreter, counter, protocol, benchmark version and set of requirements are compared.
    """
    by_series = {replace(one.key, commit=""): one for one in before}
    moves = []
    for new in after:
        old = by_series.get(replace(new.key, commit=""))
        if old is None:
            continue
        found = {mode: one for mode in ARMS if (one := _compared(old, new, mode, threshold)) is not None}
        changes = {mode: one.change or 0.0 for mode, one in found.items() if one.verdict in ("more", "fewer")}
        if changes:
            seeds = min(len(one.changes) for one in found.values())
            moves.append(Move(new.key.commit, old.key.commit, new.key.interpreter, new.key.case, changes, seeds))
    return sorted(moves, key=lambda move: (-move.size, move.case))


def _compared(old: CaseCount, new: CaseCount, mode: Mode, threshold: float) -> CountComparison | None:
    """Compare one mode; None where the sides share no seed."""
    a, b = (one.off if mode == "off" else one.on for one in (old, new))
    if a is None or b is None or not a.by_seed.keys() & b.by_seed.keys():
        return None
    return compare_counts(a.by_seed, b.by_seed, threshold=max(threshold, a.drift, b.drift))
