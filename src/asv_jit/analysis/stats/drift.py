"""The drift of a machine: the anchor's level in each session, relative to the first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from asv_jit.model import CaseKey, Mode, Trial

_What: TypeAlias = tuple[str, str, CaseKey, str, str, Mode]
"""Commit, interpreter, case, version, protocol, mode: what must be equal for two times to be comparable."""


class AnchorLevel(Struct, frozen=True):
    """One session's anchor: when it began (UTC, ISO), its time relative to the first session's, its trials."""

    started: str
    ratio: float
    trials: int


def anchor_levels(trials: Iterable[Trial]) -> tuple[AnchorLevel, ...]:
    """Return the anchor's level by session, oldest first, from the trials of purpose `anchor`.

    A session's level is the geometric mean over what it shares with the sessions before (same commit, interpreter,
    case and mode) of its median time over the median of the first session that has it: what only later sessions
    measure enters with the level of the session that brings it in, so that a new case moves nothing.
    """
    sessions: dict[str, dict[_What, list[float]]] = {}
    started: dict[str, str] = {}
    for trial in trials:
        if trial.purpose != "anchor" or trial.outcome != "ok" or trial.steady_s is None or trial.steady_s <= 0.0:
            continue
        what = trial.commit, trial.interpreter, trial.key, trial.benchmark_version, trial.protocol, trial.mode
        sessions.setdefault(trial.session, {}).setdefault(what, []).append(trial.steady_s)
        started[trial.session] = min(started.get(trial.session, trial.started), trial.started)
    reference: dict[_What, float] = {}
    levels, level = [], 1.0
    for session in sorted(sessions, key=lambda name: (started[name], name)):
        medians = {what: float(np.median(times)) for what, times in sessions[session].items()}
        known = [np.log(median / reference[what]) for what, median in medians.items() if what in reference]
        if known:
            level = float(np.exp(np.mean(known)))
        for what, median in medians.items():
            reference.setdefault(what, median / level)
        count = sum(len(times) for times in sessions[session].values())
        levels.append(AnchorLevel(started[session], level, count))
    return tuple(levels)
