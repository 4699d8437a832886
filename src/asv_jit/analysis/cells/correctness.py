"""Suspected JIT bugs: wrong answers, and crashes, exceptions and time-outs with the JIT on only.

A false alarm would be costly. Results are compared only between the modes of one interpreter (float sums of two
releases may differ) and under one hash seed (the order of a set depends on it), and only if each mode repeats its own
result (a repr with an address, a random number or a benchmark that changes its own state does not).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from asv_jit.model import ARMS, Mode, Trial

Answers: TypeAlias = Literal["agree", "digest differs", "no check"]

_REPEATS = 4
"""How often a mode must have repeated its answer. A benchmark that returns True or False at random passes for a
deterministic one, with different answers, with a chance of 2 / 2^5 / 2^5, or 0.2%, for 4 repeats in each mode."""

_BAD: Mapping[str, str] = {"crashed": "a crash", "failed": "an exception", "timeout": "a time-out"}
_CHANCE = 0.01


class AnswerCheck(Struct, frozen=True):
    """The comparison of the answers of both modes on one interpreter.

    `hash_seeds` are those under which the modes differ. With `no check` they are only a hint: `why` says what
    is missing; repeating those blocks with the same seeds may decide. `why` is empty otherwise.
    """

    interpreter: str
    answers: Answers
    hash_seeds: tuple[int, ...]
    why: str


class OnlyOn(Struct, frozen=True):
    """What ended badly with the JIT on and never with it off: a suspected JIT bug. Counts are of trials that ran.

    `endings`: how the bad trials ended: the names of signals, `an exception`, `a time-out`.
    """

    interpreter: str
    endings: tuple[str, ...]
    bad: int
    on_trials: int
    off_trials: int


def check_answers(trials: Iterable[Trial]) -> tuple[AnswerCheck, ...]:
    """Compare the modes' answers, per interpreter in order of name, over trials of one case and commit.

    `digest differs` needs under some hash seed different digests of the modes; no two digests within one mode
    and seed; and that each mode has repeated itself at least 4 times. A mode whose digest is the same
    under all seeds repeats itself with each trial after the first; where digests depend on the seed, only
    trials of the same seed count. Interpreters that ran a single mode are left out.
    """
    groups = _by_interpreter(trial for trial in trials if trial.outcome == "ok")
    paired = ((name, group) for name, group in groups if {trial.mode for trial in group} == {"off", "on"})
    return tuple(AnswerCheck(name, *_compared(group)) for name, group in paired)


def only_on(trials: Iterable[Trial]) -> tuple[OnlyOn, ...]:
    """Return the interpreters, sorted by name, on which mode on failed while mode off ran and never did.

    Takes the trials of one case and commit. One crash or time-out is enough. Exceptions may be a benchmark's own bad
    luck: they count where chance would not leave all of them in mode on once in a hundred times (Fisher's exact test).
    """
    findings = []
    for interpreter, group in _by_interpreter(trials):
        ran = [trial for trial in group if trial.outcome in ("ok", *_BAD)]
        off, on = ([trial for trial in ran if trial.mode == mode] for mode in ARMS)
        bad = [trial for trial in on if trial.outcome != "ok"]
        by_chance = math.comb(len(on), len(bad)) / math.comb(len(ran), len(bad))
        sure = any(trial.outcome != "failed" for trial in bad) or by_chance <= _CHANCE
        if bad and off and all(trial.outcome == "ok" for trial in off) and sure:
            endings = tuple(sorted({_ending(trial) for trial in bad}))
            findings.append(OnlyOn(interpreter, endings, len(bad), len(on), len(off)))
    return tuple(findings)


def _ending(trial: Trial) -> str:
    """Return the signal, or a description if there is none; a time-out ends by our own signal."""
    own = _BAD[trial.outcome]
    return own if trial.outcome == "timeout" else trial.signal or own


def _compared(trials: Sequence[Trial]) -> tuple[Answers, tuple[int, ...], str]:
    if any(trial.digest is None for trial in trials):
        return "no check", (), "the result is of a kind that cannot be compared"
    digests: dict[tuple[Mode, int], set[str | None]] = defaultdict(set)
    for trial in trials:
        digests[trial.mode, trial.hash_seed].add(trial.digest)
    if any(len(found) > 1 for found in digests.values()):
        return "no check", (), "the result varies within a mode and hash seed"
    shared = sorted(seed for mode, seed in digests if mode == "off" and ("on", seed) in digests)
    if not shared:
        return "no check", (), "the modes share no hash seed"
    differ = tuple(seed for seed in shared if digests["off", seed] != digests["on", seed])
    if not differ:
        return "agree", (), ""
    repeats = min(_repeats(trials, mode) for mode in ARMS)
    if repeats < _REPEATS:
        why = f"each mode must repeat its result {_REPEATS} times, found {repeats}: repeat these hash seeds"
        return "no check", differ, why
    return "digest differs", differ, ""


def _repeats(trials: Sequence[Trial], mode: Mode) -> int:
    """Return how often the mode repeated an answer that a deterministic benchmark must repeat."""
    of_mode = [trial for trial in trials if trial.mode == mode]
    if len({trial.digest for trial in of_mode}) == 1:
        return len(of_mode) - 1
    return len(of_mode) - len({trial.hash_seed for trial in of_mode})


def _by_interpreter(trials: Iterable[Trial]) -> list[tuple[str, list[Trial]]]:
    groups: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        groups[trial.interpreter].append(trial)
    return sorted(groups.items())
