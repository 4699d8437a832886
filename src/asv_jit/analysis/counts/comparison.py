"""Compare exact counts within one mode, seed by seed. No verdict ever compares counts of two modes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from asv_jit.analysis.attribution import Cause, Moved

CountVerdict: TypeAlias = Literal["same", "more", "fewer", "not steady", "not repeatable"]

REPEATABLE = 0.0005
"""The largest relative difference of two repeatable runs of one hash seed; far below any useful threshold."""

_CLEAR = 2.0
"""How many times the spread of the seeds' changes the least of them must be. A change that only moves objects in memory
moves each seed at random, some cases by 1 to 3%: of three such changes, whatever their size, one in seventy passes."""

_ALIKE = 10.0
"""If one mode changed this many times as much as the other, the other did not change: a change of the code differs by
less between modes, and the environment moves a count by less than a tenth of the threshold."""


class CountComparison(Struct, frozen=True):
    """The change from A to B in one mode.

    `change`: B / A - 1 of the seed that changed least, which is compared with the threshold; None if not repeatable.
    `changes`: B / A - 1 by hash seed. `reason`: why the counts are not steady or not repeatable.
    """

    verdict: CountVerdict
    change: float | None
    changes: dict[int, float]
    reason: str = ""

    @property
    def agreed(self) -> float:
        """Return the smallest change of all seeds, a share; 0 if their signs differ."""
        least, most = min(self.changes.values()), max(self.changes.values())
        return least if least > 0.0 else most if most < 0.0 else 0.0


def compare_counts(
    a: Mapping[int, Sequence[float]], b: Mapping[int, Sequence[float]], *, threshold: float, drift: float = 0.0
) -> CountComparison:
    """Compare steady instructions per call, by hash seed, of one or more runs each.

    `more` or `fewer` where all seeds that both sides have agree in sign, and the least of them changed by at least
    `threshold` (a share) and by twice what the seeds differ by; otherwise `same`. But `not steady` where it changed by
    less than `drift`, the share by which the counts still moved when their trials ended. Raises ValueError where the
    sides share no seed.
    """
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        raise ValueError(f"expected a hash seed on both sides, found {sorted(a)} and {sorted(b)}")
    reason = unrepeatable(a) or unrepeatable(b)
    changes = {seed: _change(min(a[seed]), min(b[seed])) for seed in seeds}
    least = min(changes.values(), key=abs)
    if reason is not None:
        return CountComparison("not repeatable", None, changes, reason)
    spread = max(changes.values()) - min(changes.values())
    if abs(least) < max(threshold, _CLEAR * spread):  # with other signs the least is less than the spread
        return CountComparison("same", least, changes)
    if abs(least) < drift:
        return CountComparison("not steady", least, changes, f"the counts still moved by {drift:.2%} as trials ended")
    return CountComparison("more" if least > 0 else "fewer", least, changes)


def are_same_calls(a: Sequence[int], b: Sequence[int], *, tolerance: float) -> bool:
    """Return whether the calls of two builds execute as many instructions, one by one, but for `tolerance`, a share.

    The first of several calls may differ: it fills caches.
    """
    later = slice(1 if len(a) > 1 else 0, None)
    return len(a) == len(b) > 0 and all(
        abs(_change(*both)) <= tolerance for both in zip(a[later], b[later], strict=True)
    )


def cause_of(off: float, on: float | None) -> tuple[Cause, Moved]:
    """Return the cause of a change, and what moved, from the share by which all hash seeds changed in each mode.

    `code`: both modes changed in the same direction, or there is only one mode; `jit` or `interpreter`: only one mode
    changed; `mixed`: they changed in opposite directions.
    """
    if on is None:
        return "code", "both"
    if abs(on) >= _ALIKE * abs(off):
        return "jit", "on"
    if abs(off) >= _ALIKE * abs(on):
        return "interpreter", "off"
    return ("code", "both") if off * on > 0.0 else ("mixed", "unlike")


def _change(a: float, b: float) -> float:
    if a == 0:
        return 0.0 if b == 0 else math.inf
    return b / a - 1


def unrepeatable(runs: Mapping[int, Sequence[float]]) -> str | None:
    """Return why a count is not repeatable (two runs of one seed differ); None if it is, or no seed ran twice."""
    for seed, counts in sorted(runs.items()):
        spread = _change(min(counts), max(counts))
        if spread > REPEATABLE:
            return (
                f"two runs with hash seed {seed} differ by {spread:.2%}: the benchmark depends on something else, "
                "such as a clock, a random source or the network"
            )
    return None
