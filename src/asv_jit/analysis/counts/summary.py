"""Summarizes counted trials: one value per case and interpreter, the current ones, and what moved between commits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.cells.summary import CaseSummary
from asv_jit.analysis.counts.comparison import CountComparison, compare_counts, unrepeatable
from asv_jit.analysis.counts.curve import break_even_calls, drift
from asv_jit.model import ARMS, COUNT_PROTOCOL, CaseKey, CountedTrial, Evidence, FunctionCount, Mode, Part, Split

_MOVED_SHOWN = 5


class CountKey(Struct, frozen=True, order=True):
    """The key by which counts are grouped; `requirements` as in `CellKey`.

    A new `counter` (tool, version, processor features) starts a new series.
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
    """A case in one mode. Instructions are per call; those of `split` and `functions` are per iteration.

    `per_call`: of the trial with the median count, which also gives the other fields; `by_seed`: all runs of each seed;
    `evidence`: what the JIT had compiled; `drift`: share by which the level still moved when a trial ended (0: steady).
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

    `problem`: why a mode has no figure, or why its figures are not repeatable or steady. `break_even_calls`: the number
    of calls after which the JIT has saved the instructions of its warm-up; None if it never does. `failed`: a trial
    failed, crashed or timed out, rather than being skipped. `measured`: when its last trial started.
    """

    key: CountKey
    off: ModeCount | None
    on: ModeCount | None
    break_even_calls: int | None
    problem: str = ""
    failed: bool = False
    measured: str = ""


def case_counts(trials: Iterable[CountedTrial]) -> list[CaseCount]:
    """Summarize the trials of any number of cases, sorted by key."""
    by_key: dict[CountKey, list[CountedTrial]] = {}
    for trial in trials:
        by_key.setdefault(CountKey.of(trial), []).append(trial)
    return [_case_count(key, by_key[key]) for key in sorted(by_key)]


def mode_count(trials: Sequence[CountedTrial], mode: Mode) -> ModeCount | None:
    """Summarize the trials of one case in one mode; None if none has a count."""
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
    """Return the instructions per call that each part, and the functions that changed most, gained or lost."""
    sides = before, after
    parts = [{part: getattr(one.split, part) / one.inner_loops for part in get_args(Part)} for one in sides]
    functions = [{(f.part, f.name): f.instructions / one.inner_loops for f in one.functions} for one in sides]
    inner = {
        name: functions[1][part, name] - functions[0][part, name]
        for part, name in functions[0].keys() & functions[1].keys()
        if part not in ("jit", "loop")  # one function, or no names to compare
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

    `changes`: the share by mode; `seeds`: the number of hash seeds counted at both commits in each mode.
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
        sides = {"off": (old.off, new.off), "on": (old.on, new.on)}
        found = {mode: one for mode in ARMS if (one := compared(*sides[mode], threshold)) is not None}
        changes = {mode: one.change or 0.0 for mode, one in found.items() if one.verdict in ("more", "fewer")}
        if changes:
            seeds = min(len(one.changes) for one in found.values())
            moves.append(Move(new.key.commit, old.key.commit, new.key.interpreter, new.key.case, changes, seeds))
    return sorted(moves, key=lambda move: (-move.size, move.case))


def compared(a: ModeCount | None, b: ModeCount | None, threshold: float) -> CountComparison | None:
    """Compare one mode of two builds; None if a side was not counted or they share no seed."""
    if a is None or b is None or not a.by_seed.keys() & b.by_seed.keys():
        return None
    return compare_counts(a.by_seed, b.by_seed, threshold=threshold, drift=max(a.drift, b.drift))


class Disagreement(Struct, frozen=True):
    """A case whose `counts`, instructions off / on, and `times`, time off / on, are both known."""

    case: CaseKey
    interpreter: str
    counts: float
    times: float

    @property
    def factor(self) -> float:
        """Return the larger ratio over the smaller, at least 1."""
        return max(self.counts / self.times, self.times / self.counts)


def current_counts(counts: Iterable[CaseCount], places: Mapping[str, int]) -> tuple[CaseCount, ...]:
    """Return the newest count of each case and interpreter; `places` gives each commit's age (0 is the newest).

    Ties at one commit: a count with figures wins, then one of the current protocol, then the latest counter.
    """
    newest: dict[tuple[CaseKey, str], CaseCount] = {}

    def rank(one: CaseCount) -> tuple[int, bool, bool]:
        place = places.get(one.key.commit, len(places))
        return place, one.off is None and one.on is None, one.key.protocol != COUNT_PROTOCOL

    for one in sorted(counts, key=lambda one: one.key, reverse=True):
        name = one.key.case, one.key.interpreter
        if name not in newest or rank(one) < rank(newest[name]):
            newest[name] = one
    return tuple(newest[name] for name in sorted(newest))


def mean_jit_share(counts: Iterable[CaseCount]) -> float | None:
    """Return the share of the instructions that code made by the JIT executes with it on; None without counts.

    It is the mean over the cases counted in both modes, all on one interpreter; each case counts alike.
    """
    both = [(share(one.off, "jit"), share(one.on, "jit")) for one in counts]
    made = [on for off, on in both if off is not None and on is not None]
    return math.fsum(made) / len(made) if made else None


def count_ratio(one: CaseCount) -> float | None:
    """Return instructions per call, off / on; None unless both modes have them."""
    if one.off is None or one.on is None or min(one.off.per_call, one.on.per_call) <= 0.0:
        return None
    return one.off.per_call / one.on.per_call


def widest_disagreement(counts: Iterable[CaseCount], cases: Iterable[CaseSummary]) -> Disagreement | None:
    """Return the case whose count and time disagree most on one machine; None if no case has both.

    Times with an unclear verdict are ignored.
    """
    times = {
        (case.key.case, case.key.interpreter): case.speedup.ratio
        for case in cases
        if case.speedup is not None and case.verdict in ("faster", "slower", "same") and case.speedup.ratio > 0.0
    }
    found = [
        Disagreement(one.key.case, one.key.interpreter, ratio, times[one.key.case, one.key.interpreter])
        for one in counts
        if (one.key.case, one.key.interpreter) in times and (ratio := count_ratio(one)) is not None
    ]
    return max(found, key=lambda one: one.factor, default=None)


def share(count: ModeCount | None, part: Part) -> float | None:
    """Return the fraction of a steady call's instructions spent in a part; None without a count."""
    if count is None or count.split.total <= 0:
        return None
    instructions: int = getattr(count.split, part)
    return instructions / count.split.total
