"""What moved when a level changed: the code, the JIT, the interpreter, a release, or only the machine.

The times with the JIT `off` and `on` and those of an anchor, before and after the change, give three shifts of
log time. Five explanations of `off` and `on`, each with a machine that moved or did not, predict them:

    explanation   shift of off   shift of on    cause on the axis `commits`     on the axis `pythons`
    nothing       0              0              machine if it moved             machine if it moved
    both alike    x              x              code                            release
    only on       0              x              jit                             release (moved: on)
    only off      x              0              interpreter                     release (moved: off)
    unlike        x              y              mixed                           release (moved: unlike)

On the axis `pythons` the commit is the same on both sides, so no change is the code's: all are the release's,
and `moved` says which part of it. Where the requirements changed at the same commit, nothing tells them from the code:
the cause is `requirements` (`history/grouping.py`). Of the JIT that is `on`, of the interpreter proper `off`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy
from msgspec import Struct

from asv_jit.analysis import verdict
from asv_jit.analysis.arrays import Floats

Axis = Literal["commits", "pythons"]
Cause = Literal["code", "jit", "interpreter", "mixed", "release", "machine", "requirements", "unclear"]
Moved = Literal["both", "on", "off", "unlike", "none", "unclear"]
Sides: TypeAlias = tuple[npt.ArrayLike, npt.ArrayLike]
"""Steady times before and after the change, each of shape (blocks,), in the same unit; NaN = missing."""

_PRIOR: dict[Moved, float] = {"none": 0.2, "both": 0.3, "on": 0.2, "off": 0.1, "unlike": 0.2}
_MACHINE_MOVED = 0.15
_TYPICAL_SHIFT = 0.05
"""Standard deviation of a real shift of log time, and the prior odds; both are assumed, not measured."""

_STILL = 0.25
"""Standard deviation of the shift of a mode that did not change, in units of the equivalence."""

_CAUSES: dict[Moved, Cause] = {"both": "code", "on": "jit", "off": "interpreter", "unlike": "mixed"}


class Shift(Struct, frozen=True):
    """The ratio of times (after / before), with its interval at level 1 - alpha."""

    ratio: float
    low: float
    high: float


class Attribution(Struct, frozen=True):
    """The cause, and the posterior probability that it is the right one.

    For `unclear` the probability is that of the likeliest cause being wrong. `moved`: which modes did, less
    the machine's part. `off`, `on`, `anchor`: the shifts as observed; None where nothing was (enough) measured.
    """

    cause: Cause
    probability: float
    moved: Moved
    off: Shift | None = None
    on: Shift | None = None
    anchor: Shift | None = None


class _Observed(Struct, frozen=True):
    """Mean shifts (k,) of log time, and for each independent sample its covariance (k, k) and freedom."""

    shifts: Floats
    parts: tuple[tuple[Floats, int], ...]

    def covariance(self) -> Floats:
        return np.asarray(sum(part for part, _ in self.parts), dtype=np.float64)

    def along(self, direction: Floats) -> _Contrast:
        """Return a linear combination of the shifts, with degrees of freedom by Welch and Satterthwaite."""
        c = np.asarray(direction, dtype=np.float64)
        variances = [(float(c @ part @ c), freedom) for part, freedom in self.parts]
        total = sum(variance for variance, _ in variances)
        squares = sum(variance**2 / freedom for variance, freedom in variances)
        freedom = total**2 / squares if squares > 0.0 else 1.0
        return _Contrast(float(c @ self.shifts), math.sqrt(total), freedom)


class _Contrast(Struct, frozen=True):
    estimate: float
    error: float
    freedom: float

    def interval(self, alpha: float) -> tuple[float, float]:
        half = float(scipy.special.stdtrit(self.freedom, 1.0 - alpha / 2.0)) * self.error
        return self.estimate - half, self.estimate + half

    def is_significant(self, alpha: float) -> bool:
        low, high = self.interval(alpha)
        return low > 0.0 or high < 0.0

    def is_equivalent(self, equivalence: float) -> bool:
        """Run two one-sided tests at 5%."""
        narrow = verdict.quantile(self.freedom, verdict.EQUIVALENCE_ALPHA) * self.error
        return verdict.is_equivalent(self.estimate, narrow, equivalence)

    def shift(self, alpha: float) -> Shift:
        low, high = self.interval(alpha)
        return Shift(math.exp(self.estimate), math.exp(low), math.exp(high))


def attribute(
    off: Sides,
    on: Sides | None,
    anchor: Sides | None,
    *,
    axis: Axis,
    equivalence: float,
    alpha: float = 0.002,
    interleaved: bool = False,
) -> Attribution:
    """Find the cause of a change from the times on both sides.

    `off`, `on`: one steady time per trial or point before and after, `off[side][i]` and `on[side][i]` of one
    block; `on` is None without a JIT. `anchor`: the same of something that did not change; without it (None) the
    machine remains a possible cause of shifts that are alike. `equivalence`: a share, within which a shift counts as
    none. `interleaved`: `off[0][i]` and `off[1][i]` come from one block: then the shifts are paired, and the machine
    is no explanation.

    The cause is the likeliest explanation of the module's table if it is at least as likely as all others together and
    its tests agree, else `unclear`. The tests: each shift that the explanation needs is significant at `alpha`
    (Welch's t; log speedups are paired within blocks), and each other one is equivalent to none (two one-sided tests,
    Schuirmann 1987), because absence of significance proves nothing. The anchor's shift is subtracted if the machine
    probably moved. On the axis `pythons` one mode that moved is enough for `release`. The probability is a posterior
    over the table's rows, as good as the prior above. Fewer than two blocks on a side: `unclear`.

    Raises ValueError for times that are not positive, unequal numbers of `off` and `on`, or a bad fraction.
    """
    if not 0.0 < equivalence < 1.0:
        raise ValueError(f"expected an equivalence between 0 and 1, found {equivalence}")
    if axis not in ("commits", "pythons"):
        raise ValueError(f"expected axis 'commits' or 'pythons', found {axis!r}")
    if interleaved and anchor is not None:
        raise ValueError("sides that are interleaved need no anchor")
    observed = _observe_interleaved(off, on) if interleaved else _observe(off, on, anchor)
    if observed is None:
        return Attribution("unclear", 1.0, "unclear")
    machines = (False,) if interleaved else (False, True)
    posterior = _posterior(observed, equivalence, has_on=on is not None, machines=machines)
    machine_moved = anchor is not None and sum(p for (_, m), p in posterior.items() if m) >= 0.5
    tests = _tests(observed, has_on=on is not None, machine_moved=machine_moved, equivalence=equivalence, alpha=alpha)
    cause, probability, moved = _decide(posterior, tests, axis)
    count = len(observed.shifts)
    axes = np.eye(count)
    return Attribution(
        cause,
        probability,
        moved,
        off=observed.along(axes[0]).shift(alpha),
        on=observed.along(axes[1]).shift(alpha) if on is not None else None,
        anchor=observed.along(axes[count - 1]).shift(alpha) if anchor is not None else None,
    )


def _observe(off: Sides, on: Sides | None, anchor: Sides | None) -> _Observed | None:
    """Return the shifts of (off, [on], [anchor]); None if a side has fewer than two blocks."""
    modes = 1 if on is None else 2
    size = modes + (anchor is not None)
    shifts, parts = np.zeros(size), []
    for side, sign in ((0, -1.0), (1, 1.0)):
        samples = [(_paired_logs([off[side]] if on is None else [off[side], on[side]]), slice(0, modes))]
        if anchor is not None:
            samples.append((_paired_logs([anchor[side]]), slice(modes, size)))
        for logs, place in samples:
            count = logs.shape[1]
            if count < 2:
                return None
            shifts[place] += sign * logs.mean(axis=1)
            covariance = np.zeros((size, size))
            covariance[place, place] = np.cov(logs) / count
            parts.append((covariance, count - 1))
    return _Observed(shifts, tuple(parts))


def _observe_interleaved(off: Sides, on: Sides | None) -> _Observed | None:
    """Return the shifts of (off, [on]) within blocks; None for fewer than two blocks."""
    logs = _paired_logs([*off] if on is None else [*off, *on])
    shifts = logs[1::2] - logs[::2]
    count = shifts.shape[1]
    if count < 2:
        return None
    covariance = np.atleast_2d(np.cov(shifts)) / count
    return _Observed(shifts.mean(axis=1), ((covariance, count - 1),))


def _paired_logs(times: Sequence[npt.ArrayLike]) -> Floats:
    """Return the logarithms, shape (modes, blocks), of the blocks that have all modes."""
    arrays = [np.asarray(mode, dtype=np.float64) for mode in times]
    if any(a.ndim != 1 or a.shape != arrays[0].shape for a in arrays):
        raise ValueError(f"expected times of shape (blocks,), alike for off and on, found {[a.shape for a in arrays]}")
    table = np.stack(arrays)
    table = table[:, ~np.isnan(table).any(axis=0)]
    if np.any(table <= 0.0) or not np.all(np.isfinite(table)):
        raise ValueError("expected positive, finite times, or NaN for missing ones")
    return np.log(table)


def _posterior(
    observed: _Observed, equivalence: float, *, has_on: bool, machines: Sequence[bool]
) -> dict[tuple[Moved, bool], float]:
    """Return the probability of each explanation, with a machine that moved (True) or not, for each of `machines`.

    Real shifts are Gaussian about none; the observed ones have a multivariate t density about them.
    """
    size = len(observed.shifts)
    error = observed.covariance() + 1e-18 * np.eye(size)
    freedom = min(observed.along(axis).freedom for axis in np.eye(size))
    scores: dict[tuple[Moved, bool], float] = {}
    for moved, pattern in _patterns(has_on=has_on).items():
        for machine in machines:
            spread = np.zeros((size, size))
            modes = len(pattern)
            spread[:modes, :modes] = pattern * _TYPICAL_SHIFT**2 + np.eye(modes) * (_STILL * equivalence) ** 2
            spread += machine * _TYPICAL_SHIFT**2
            prior = _PRIOR[moved] * (_MACHINE_MOVED if machine else 1.0 - _MACHINE_MOVED)
            scores[moved, machine] = math.log(prior) + _log_density(observed.shifts, error + spread, freedom)
    top = max(scores.values())
    weights = {key: math.exp(score - top) for key, score in scores.items()}
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}


def _patterns(*, has_on: bool) -> dict[Moved, Floats]:
    """Return the covariance of the real shifts of (off, on) under each explanation, in typical shifts."""
    if not has_on:
        return {"none": np.zeros((1, 1)), "both": np.ones((1, 1))}
    return {
        "none": np.zeros((2, 2)),
        "both": np.ones((2, 2)),
        "on": np.diag([0.0, 1.0]),
        "off": np.diag([1.0, 0.0]),
        "unlike": np.eye(2),
    }


def _log_density(x: Floats, spread: Floats, freedom: float) -> float:
    """Return the log density of a multivariate t about 0, up to a constant."""
    distance = float(x @ np.linalg.solve(spread, x))
    logdet = float(np.linalg.slogdet(spread)[1])
    return -0.5 * logdet - 0.5 * (freedom + len(x)) * math.log1p(distance / freedom)


class _Tests(Struct, frozen=True):
    """Results of the tests on the shifts, less the machine's: did any mode move, and which explanations are allowed."""

    machine_moved: bool
    any_moved: bool
    allowed: frozenset[Moved]


def _tests(observed: _Observed, *, has_on: bool, machine_moved: bool, equivalence: float, alpha: float) -> _Tests:
    """Allow the explanations whose shifts are significant and whose other shifts are equivalent to none."""
    unit = np.eye(len(observed.shifts))
    machine = unit[-1] if machine_moved else 0.0 * unit[-1]
    off, on = unit[0], unit[1 if has_on else 0]
    contrasts = [observed.along(c) for c in (off - machine, on - machine, off - on)]
    off_moved, on_moved, unlike = (contrast.is_significant(alpha) for contrast in contrasts)
    off_still, on_still, alike = (contrast.is_equivalent(equivalence) for contrast in contrasts)
    holds: dict[Moved, bool] = {
        "none": off_still and on_still,
        "both": off_moved and on_moved and alike,
        "on": unlike and off_still,
        "off": unlike and on_still,
        "unlike": unlike and off_moved and on_moved,
    }
    return _Tests(machine_moved, off_moved or on_moved, frozenset(moved for moved, is_so in holds.items() if is_so))


def _decide(posterior: dict[tuple[Moved, bool], float], tests: _Tests, axis: Axis) -> tuple[Cause, float, Moved]:
    moves: dict[Moved, float] = {}
    for (moved, _), p in posterior.items():
        moves[moved] = moves.get(moved, 0.0) + p
    likeliest = max(moves, key=moves.__getitem__)
    allowed: Moved = likeliest if likeliest in tests.allowed else "unclear"
    causes: dict[Cause, float] = {"machine": posterior.get(("none", True), 0.0)}
    if axis == "pythons":
        causes["release"] = 1.0 - moves["none"]
    else:
        causes |= {_CAUSES[moved]: p for moved, p in moves.items() if moved != "none"}
    best = max(causes, key=causes.__getitem__)
    if best == "machine":
        sound = tests.machine_moved and allowed == "none"
    elif axis == "pythons":
        sound = tests.any_moved
    else:
        sound = allowed != "unclear" and _CAUSES.get(allowed) == best
    sound = sound and causes[best] >= 0.5
    return (best, causes[best], allowed) if sound else ("unclear", 1.0 - causes[best], allowed)
