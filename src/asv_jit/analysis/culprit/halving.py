"""Find the first bad commit between a good and a bad end from exact measurements by plain bisection.

A commit belongs to the end with the nearer level, in logarithms. If several commits changed the metric, each step
follows the larger part of the change.
"""

from __future__ import annotations

import math

import numpy as np

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.culprit.searcher import Culprit, Outcome


class Halving:
    """A search one step at a time, with the methods of `Search`.

    `count` commits, 0 the known good end and count - 1 the known bad one; `threshold`: the smallest change that
    counts, a share. The next commit depends only on the recorded measurements, in order.
    """

    def __init__(self, count: int, *, threshold: float) -> None:
        if count < 2:
            raise ValueError(f"a search needs a good and a bad commit, at least 2; it was given {count}")
        self._count = count
        self._threshold = math.log1p(threshold)
        self._levels: dict[int, float] = {}
        self._unbuildable: set[int] = set()
        self._range = 0, count - 1
        self._failed = False  # since the range was last narrowed
        self._outcome: Outcome | None = None

    def record(self, index: int, value: float) -> None:
        """Record a measurement of commit `index`, positive, in the metric's unit."""
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"a measurement must be positive and finite; commit {index} gave {value}")
        self._levels[index] = math.log(value)
        low, high = self._range
        if low < index < high:
            nearer = (low, index) if self._jump(low, index) > self._jump(index, high) else (index, high)
            if self._jump(*nearer) < self._threshold:
                self._outcome = "undecided"  # several commits share the rest of the change
                return
            self._range, self._failed = nearer, False
        self._conclude()

    def record_unbuildable(self, index: int) -> None:
        """Record that commit `index` cannot be built or measured; it is not proposed again."""
        self._unbuildable.add(index)
        self._failed = True
        self._conclude()

    def next_index(self) -> int | None:
        """Return the commit to measure next, or None when the search is over."""
        if self._outcome is not None:
            return None
        ends = [end for end in (0, self._count - 1) if end not in self._levels]
        return ends[0] if ends else self._middle()

    @property
    def posterior(self) -> Floats:
        """Equal probabilities of all candidates, shape (count,); empty while the ends do not differ."""
        candidates = self._candidates()
        mass = np.zeros(self._count if candidates else 0)
        mass[list(candidates)] = 1.0 / max(1, len(candidates))
        return mass

    def culprit(self) -> Culprit:
        """Return the result; before the search is over, the current state with outcome `undecided`."""
        candidates = self._candidates()
        found = self._outcome == "found"
        return Culprit(
            index=candidates[0] if found else None,
            probability=1.0 if candidates else 0.0,
            outcome=self._outcome or "undecided",
            measurements=len(self._levels),
            builds=len(self._levels) + len(self._unbuildable),
            candidates=candidates,
            posterior=tuple(self.posterior.tolist()),
        )

    def _conclude(self) -> None:
        low, high = self._range
        if not self._unbuildable.isdisjoint({0, self._count - 1}):
            self._outcome = "unbuildable"
        elif not {0, self._count - 1} <= self._levels.keys():
            return
        elif self._jump(low, high) < self._threshold:
            self._outcome = "not_reproducible"
        elif high - low == 1:
            self._outcome = "found"
        elif not self._untried():
            self._outcome = "undecided" if self._levels.keys() - {0, self._count - 1} else "unbuildable"

    def _jump(self, a: int, b: int) -> float:
        return abs(self._levels[b] - self._levels[a])

    def _candidates(self) -> tuple[int, ...]:
        low, high = self._range
        if not {0, self._count - 1} <= self._levels.keys() or self._outcome == "not_reproducible":
            return ()
        return tuple(range(low + 1, high + 1))

    def _untried(self) -> list[int]:
        low, high = self._range
        return [index for index in range(low + 1, high) if index not in self._unbuildable]

    def _middle(self) -> int:
        """Return the middle of the range; after a failed build the commit furthest from the ends and from failures.

        Commits that cannot be built are often neighbours.
        """
        untried = self._untried()
        if not self._failed:
            return untried[len(untried) // 2]
        low, high = self._range
        taken = [low, high, *(index for index in self._unbuildable if low < index < high)]
        return max(untried, key=lambda index: min(abs(index - one) for one in taken))
