"""Find the first bad commit between a good and a bad end from noisy measurements.

`search` runs a whole bisection; `Search` is the same one step at a time, for a caller that stores each measurement,
shows the posterior in between and resumes by recording the stored measurements again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import scipy
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats
from asv_jit.analysis.culprit.posterior import Posterior, culprit_posterior, expected_information
from asv_jit.analysis.stats.wild import centre

Outcome = Literal["found", "not_reproducible", "undecided", "unbuildable"]
EndsState = Literal["differ", "alike", "more"]

_FIRST_MEASUREMENTS = 4  # of each end, before any test
_REPRODUCED_T = 5.0
# Values further out, in robust standard deviations, are clipped; with fewer values than this their spread is too
# uncertain to clip by, and more will be measured.
_WILD = 5.0
_WILD_FROM = 8
_ROUNDING = 1e-9  # smaller differences are rounding errors of a metric without noise
_FUTILE = 0.002  # give up on the ends once |t| >= 5 at the limit is less probable than this
# After this many measurements between the ends, an end is measured again. The ends were measured until they
# differed, so on average they differ by too much, most of all where the difference is small; later measurements
# do not, and they are spread over time. If t falls below 5 again, only the ends are measured until it is back.
_BETWEEN_CONTROLS = 3
# The search stops when the posterior uses up this share of the doubt that the caller allows. The rest is for
# what the posterior cannot know: ends that differed by luck, drift that the anchor did not remove.
_DOUBT_USED = 0.5
# Numbers of measurements of a new commit that are weighed against its build: a build that pays only
# after ten measurements must not look worthless because one measurement tells little.
_REPEATS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])


class Unbuildable(Exception):  # noqa: N818 - the name is public API, and `measure` raises it as an answer, not a fault
    """Raised by `measure` if the commit cannot be built, installed or run."""


class Culprit(Struct, frozen=True):
    """The result of a search.

    `index` is the first bad commit if `outcome` is `found`, else None. `candidates` is the smallest set of commits,
    ascending, whose `probability` reaches the confidence; one commit if `found`. `posterior[k]` is the probability
    that commit k is the first bad one. Both are empty if the difference between the ends was not reproduced.
    `builds` counts the commits that were tried, whether or not they could be built.
    """

    index: int | None
    probability: float
    outcome: Outcome
    measurements: int
    builds: int
    candidates: tuple[int, ...]
    posterior: tuple[float, ...]


def search(
    count: int,
    measure: Callable[[int], float],
    *,
    build_cost: float = 10.0,
    confidence: float = 0.95,
    seed: int = 0,
    end_limit: int = 120,
    max_measurements: int = 600,
) -> Culprit:
    """Find the first bad of `count` commits; 0 is the known good end, count - 1 the known bad end.

    `measure(i)` returns a new measurement of commit i, positive, in the metric's unit, corrected for the
    machine's drift by the caller, or raises `Unbuildable`. Bad may be slower or faster. The first measurement
    of a commit costs `build_cost` measurements more than another. First the difference between the ends is
    reproduced, with at most `end_limit` measurements of each; then the commit with the most expected
    information per cost is measured until one commit holds `confidence`, or no further measurement can tell
    the remaining candidates apart, or `max_measurements` are spent. `seed` orders the measurements of the ends.

    Raises ValueError for fewer than two commits, and for measurements that are not positive and finite. The
    method is probabilistic bisection (Horstein 1963; Waeber, Frazier & Henderson 2013), choosing by expected
    information (Jedynak, Frazier & Sznitman 2012), with the answers' reliability learned from the measurements.
    """
    steps = Search(
        count,
        build_cost=build_cost,
        confidence=confidence,
        seed=seed,
        end_limit=end_limit,
        max_measurements=max_measurements,
    )
    while (index := steps.next_index()) is not None:
        try:
            value = measure(index)
        except Unbuildable:
            steps.record_unbuildable(index)
        else:
            steps.record(index, value)
    return steps.culprit()


class Search:
    """A search one step at a time: `next_index`, then `record` or `record_unbuildable`, until it is None.

    The next commit depends only on the arguments and the recorded measurements, so a search resumes by recording the
    stored measurements, in order, into a new object. The arguments are those of `search`, and `prior`: the probability
    of each commit to be the first bad one before anything is measured, shape (count,), 0 for the good end and positive
    elsewhere, in any scale; uniform by default. It never replaces a measurement: the difference between the ends is
    always reproduced first.
    """

    def __init__(
        self,
        count: int,
        *,
        build_cost: float = 10.0,
        confidence: float = 0.95,
        seed: int = 0,
        end_limit: int = 120,
        max_measurements: int = 600,
        prior: Sequence[float] | None = None,
    ) -> None:
        if count < 2:
            raise ValueError(f"a search needs a good and a bad commit, at least 2; it was given {count}")
        if not 0.5 < confidence < 1:
            raise ValueError(f"confidence must lie between 0.5 and 1, not {confidence}")
        if not build_cost >= 0:
            raise ValueError(f"build_cost is a number of measurements, at least 0, not {build_cost}")
        self._prior = _checked_prior(prior, count)
        self._count = count
        self._build_cost = build_cost
        self._confidence = confidence
        self._stop_at = 1 - _DOUBT_USED * (1 - confidence)
        self._seed = seed
        self._end_limit = max(end_limit, _FIRST_MEASUREMENTS)
        self._max_measurements = max_measurements
        self._commits: list[int] = []
        self._logs: list[float] = []
        self._unbuildable: set[int] = set()
        self._belief: Posterior | None = None
        self._outcome: Outcome | None = None

    def record(self, index: int, value: float) -> None:
        """Record a measurement of commit `index`, positive, in the metric's unit."""
        self._check(index)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"a measurement must be positive and finite; commit {index} gave {value}")
        self._commits.append(index)
        self._logs.append(math.log(value))
        self._conclude()

    def record_unbuildable(self, index: int) -> None:
        """Record that commit `index` cannot be built; it is not proposed again."""
        self._check(index)
        self._unbuildable.add(index)
        self._conclude()

    def next_index(self) -> int | None:
        """Return the commit to measure next, or None when the search is over."""
        if self._outcome is not None:
            return None
        if self._belief is None or self._control_is_due():
            return self._next_end()
        return self._most_informative(self._belief)

    @property
    def posterior(self) -> Floats:
        """P(commit k is the first bad one), shape (count,); empty while the ends do not differ."""
        return np.empty(0) if self._belief is None else self._belief.mass.copy()

    def culprit(self) -> Culprit:
        """Return the result; before the search is over, the current state with outcome `undecided`."""
        candidates = self._candidates()
        outcome = self._outcome or "undecided"
        return Culprit(
            index=candidates[0] if outcome == "found" else None,
            probability=float(self.posterior[list(candidates)].sum()) if candidates else 0.0,
            outcome=outcome,
            measurements=len(self._logs),
            builds=len(self._unbuildable.union(self._commits)),
            candidates=candidates,
            posterior=tuple(self.posterior.tolist()),
        )

    def _check(self, index: int) -> None:
        if not 0 <= index < self._count:
            raise ValueError(f"expected a commit from 0 to {self._count - 1}, found {index}")

    def _conclude(self) -> None:
        """Update posterior and outcome from all recorded measurements."""
        ends = compare_ends(*self._end_values(), limit=self._end_limit)
        self._belief = None
        if ends == "differ":
            belief = culprit_posterior(self._count, self._commits, self._logs)
            mass = belief.mass if self._prior is None else belief.mass * self._prior
            self._belief = Posterior(mass / mass.sum(), belief.separation)
        self._outcome = self._judge(ends)

    def _judge(self, ends: EndsState) -> Outcome | None:
        if not self._unbuildable.isdisjoint({0, self._count - 1}):
            return "unbuildable"
        if ends == "alike":
            return "not_reproducible"
        if self._belief is not None:
            if self._count > 2 and not self._testable().any():
                return "unbuildable"
            if self._belief.mass.max() >= self._stop_at:
                return "found"
            if self._heaviest_inseparable() >= self._stop_at:
                return "undecided"
        return "undecided" if len(self._logs) >= self._max_measurements else None

    def _end_values(self) -> tuple[Floats, Floats]:
        commits, logs = np.array(self._commits), np.array(self._logs)
        return logs[commits == 0], logs[commits == self._count - 1]

    def _next_end(self) -> int:
        """Return the end to measure: in pairs, each in random order, so that drift affects both alike."""
        good, bad = self._end_values()
        if good.size != bad.size:
            return 0 if good.size < bad.size else self._count - 1
        bad_first = np.random.default_rng([self._seed, good.size]).random() < 0.5
        return self._count - 1 if bad_first else 0

    def _control_is_due(self) -> bool:
        """Return True if the last measurements were all between the ends."""
        ends = {0, self._count - 1}
        return len(self._commits) > _BETWEEN_CONTROLS and ends.isdisjoint(self._commits[-_BETWEEN_CONTROLS:])

    def _testable(self) -> Flags:
        """Return the commits whose measurement can separate candidates: buildable ones between the ends."""
        testable = np.ones(self._count, dtype=np.bool_)
        testable[[0, -1, *self._unbuildable]] = False
        return testable

    def _heaviest_inseparable(self) -> float:
        """Return the largest total probability of a run of candidates that no measurement can separate.

        Only a measurement of commit k - 1 separates culprit k from culprit k - 1.
        """
        assert self._belief is not None
        run = np.concatenate([[0], np.cumsum(self._testable())[:-1]])
        return float(np.bincount(run, weights=self._belief.mass).max())

    def _most_informative(self, belief: Posterior) -> int:
        """Return the commit with the most expected information per cost, its build included.

        A measurement shows whether its commit is bad, so it is most informative where it halves the posterior. All
        commits not yet built cost the same, so only that one of them is considered.
        """
        p_bad = np.cumsum(belief.mass)
        testable = self._testable()
        built = np.zeros(self._count, dtype=np.bool_)
        built[self._commits] = True
        options = np.flatnonzero(testable & built)
        fresh = np.flatnonzero(testable & ~built)
        if fresh.size:
            options = np.append(options, fresh[np.argmin(np.abs(p_bad[fresh] - 0.5))])
        cost = _REPEATS + np.where(built[options], 0.0, self._build_cost)[:, None]
        bits = expected_information(p_bad[options, None], belief.separation * np.sqrt(_REPEATS))
        return int(options[np.argmax((bits / cost).max(axis=1))])

    def _candidates(self) -> tuple[int, ...]:
        """Return the smallest set of commits whose probability reaches the confidence."""
        if self._belief is None:
            return ()
        order = np.argsort(-self._belief.mass, kind="stable")
        held = np.cumsum(self._belief.mass[order])
        size = int(np.searchsorted(held, self._confidence - 1e-9)) + 1
        return tuple(sorted(int(index) for index in order[:size]))


def _checked_prior(prior: Sequence[float] | None, count: int) -> Floats | None:
    if prior is None:
        return None
    mass = np.asarray(prior, dtype=np.float64)
    if mass.shape != (count,) or mass[0] != 0 or not (np.all(mass[1:] > 0) and np.all(np.isfinite(mass))):
        raise ValueError(f"a prior needs {count} finite values, 0 for the good end and positive ones for the others")
    return mass


def compare_ends(good: Floats, bad: Floats, *, limit: int) -> EndsState:
    """Return whether the logs measured at both ends `differ` (|t| >= 5), are `alike`, or need `more` measurements.

    The ends are alike if `limit` measurements of each do not separate them, or earlier, once it is improbable that
    they will: stochastic curtailment with the predictive distribution of t at the
    limit under a flat prior (Spiegelhalter, Freedman & Blackburn 1986).
    """
    size = min(good.size, bad.size)
    if size < _FIRST_MEASUREMENTS:
        return "more"
    # On a shared host a third of all measurements may be wild, which lowers the t of the means: take the larger t.
    t = max(_pooled_t(good, bad), _centres_t(good, bad))
    if t >= _REPRODUCED_T:
        return "differ"
    if size >= limit:
        return "alike"
    still_expected = (t * math.sqrt(limit / size) - _REPRODUCED_T) / math.sqrt(limit / size - 1)
    return "alike" if still_expected < float(scipy.special.ndtri(_FUTILE)) else "more"


def _pooled_t(good: Floats, bad: Floats) -> float:
    """Return |t| of the means, wild values clipped; infinite if the ends differ and have no noise at all."""
    if min(good.size, bad.size) >= _WILD_FROM:
        good, bad = _without_wild_values(good, bad)
    difference = abs(float(bad.mean() - good.mean()))
    if difference <= _ROUNDING:
        return 0.0
    squares = float(((good - good.mean()) ** 2).sum() + ((bad - bad.mean()) ** 2).sum())
    error = math.sqrt(squares / (good.size + bad.size - 2) * (1 / good.size + 1 / bad.size))
    return difference / error if error > 0 else math.inf


def _centres_t(good: Floats, bad: Floats) -> float:
    """Return |t| of the ends' robust locations; 0 if an end has none."""
    ends = centre(good), centre(bad)
    if ends[0] is None or ends[1] is None:
        return 0.0
    return abs(ends[1][0] - ends[0][0]) / math.hypot(ends[0][1], ends[1][1])


def _without_wild_values(good: Floats, bad: Floats) -> tuple[Floats, Floats]:
    """Winsorise both ends at five robust standard deviations from their medians."""
    centres = float(np.median(good)), float(np.median(bad))
    residuals = np.concatenate([good - centres[0], bad - centres[1]])
    reach = _WILD * 1.4826 * float(np.median(np.abs(residuals)))
    if reach == 0:  # more than half of the values are equal, which says nothing about the spread
        return good, bad
    clipped = np.clip(residuals, -reach, reach)
    return centres[0] + clipped[: good.size], centres[1] + clipped[good.size :]
