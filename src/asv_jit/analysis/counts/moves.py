"""Which cases' counts moved from one commit to a later one."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.counts.comparison import CountComparison, compare_counts
from asv_jit.analysis.counts.summary import CaseCount
from asv_jit.model import ARMS, CaseKey, Mode


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
