"""Machines that change on a date, and code that changes at a commit, measured in orders that tell them apart or do not.

A history is one machine with 20 cases and 100 commits; the noise is 1% between points. Each order of measuring is one
that people use. What is told of the machine where only code changed, or nothing did, is wrong; to say nothing is
allowed where the code of many cases changed as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.history.detection import find_changes
from asv_jit.analysis.history.levelling import stretches
from asv_jit.analysis.history.measuring_dates import Dated, by_date, dated_changes, machine_shifts
from asv_jit.analysis.history.series import CaseSeries, SeriesKey, Track
from asv_jit.model import CaseKey
from tests.acceptance.figure_3_series import share
from tests.acceptance.rows import Row

COMMITS, CASES, HISTORIES = 100, 20, 40
NOISE = 0.01
DAY_S = 86_400

Order = npt.NDArray[np.intp]
World = Callable[[np.random.Generator, Order], Floats]
"""Given the order of measuring, the logarithms of all times, shape (cases, commits), without noise."""


def nightly(rng: np.random.Generator) -> Order:
    """Each commit as it comes."""
    return np.arange(COMMITS)


def backfilled(rng: np.random.Generator) -> Order:
    """Half of the commits as they come, the others long after, in any order."""
    later = rng.permutation(COMMITS)[: COMMITS // 2]
    return np.concatenate([np.setdiff1d(np.arange(COMMITS), later), later])


def gap_filled(rng: np.random.Generator) -> Order:
    """A stretch of commits was left out, and is measured last, as who looks for a culprit does."""
    gap = np.arange(40, 60)
    return np.concatenate([np.setdiff1d(np.arange(COMMITS), gap), gap])


def newest_first(rng: np.random.Generator) -> Order:
    """A history that is measured back from its end, and then as it grows."""
    return np.concatenate([np.arange(60)[::-1], np.arange(60, COMMITS)])


def some_old(rng: np.random.Generator) -> Order:
    """Each commit as it comes, and now and then an old one: every fifth waits for up to 60 others."""
    waits = np.where(np.arange(COMMITS) % 5 == 0, rng.uniform(0.0, 60.0, COMMITS), 0.0)
    return np.argsort(np.arange(COMMITS) + waits, kind="stable")


def anyhow(rng: np.random.Generator) -> Order:
    """In no order at all."""
    return rng.permutation(COMMITS)


ORDERS: Mapping[str, Callable[[np.random.Generator], Order]] = {
    one.__name__.replace("_", " "): one for one in (nightly, backfilled, gap_filled, newest_first, some_old, anyhow)
}
TELLING = ("backfilled", "some old", "anyhow")
"""In these many old commits are measured after a date in the middle."""


def nothing(rng: np.random.Generator, order: Order) -> Floats:
    return np.zeros((CASES, COMMITS))


def code(rng: np.random.Generator, order: Order) -> Floats:
    """A commit that makes most cases slower or faster, each by 2% to 30%."""
    moved = (rng.random(CASES) < 0.8) * rng.uniform(0.02, 0.3, CASES) * rng.choice([-1.0, 1.0])
    return moved[:, None] * (np.arange(COMMITS) >= rng.integers(10, COMMITS - 10))


def code_and_back(rng: np.random.Generator, order: Order) -> Floats:
    """A commit that makes most cases slower, and a later one that takes it back."""
    first, last = np.sort(rng.choice(np.arange(5, COMMITS - 5), 2, replace=False))
    moved = (rng.random(CASES) < 0.8) * rng.uniform(0.02, 0.3, CASES)
    return moved[:, None] * ((np.arange(COMMITS) >= first) & (np.arange(COMMITS) < last))


def many_commits(rng: np.random.Generator, order: Order) -> Floats:
    """Each case changes at three commits of its own."""
    steps = np.zeros((CASES, COMMITS))
    for case in steps:
        for at in rng.integers(5, COMMITS - 5, 3):
            case[at:] += rng.uniform(0.02, 0.2) * rng.choice([-1.0, 1.0])
    return steps


def code_and_bad_days(rng: np.random.Generator, order: Order) -> Floats:
    """A commit that makes most cases slower, and 5 points that something disturbed, in all cases alike."""
    disturbed = np.zeros(COMMITS)
    disturbed[rng.choice(COMMITS, 5, replace=False)] = rng.uniform(0.05, 0.3, 5)
    return code(rng, order) + disturbed


def machine(rng: np.random.Generator, order: Order) -> Floats:
    """A machine that becomes faster or slower by about 10% after half of the points, each case somewhat unlike."""
    moved = rng.choice([-1.0, 1.0]) * rng.uniform(0.05, 0.15, CASES)
    later = np.zeros(COMMITS)
    later[order[COMMITS // 2 :]] = 1.0
    return moved[:, None] * later


def machine_and_code(rng: np.random.Generator, order: Order) -> Floats:
    """Both; the code changes every second case."""
    return machine(rng, order) + code(rng, order) * (np.arange(CASES) % 2)[:, None]


def shifts_of(order: Order, logs: Floats) -> list[tuple[Dated, ...]]:
    """What is told of the machine, by the dates of measuring."""
    measured = np.empty(COMMITS, dtype=np.int32)
    measured[order] = (np.arange(COMMITS) + 10_000) * DAY_S
    places = np.arange(COMMITS, dtype=np.int32)
    unknown = np.full(COMMITS, np.nan)
    keys = [SeriesKey("box", "py3.12", CaseKey(f"a.time_{number}", ()), "v1", "asv") for number in range(CASES)]
    dated = []
    for key, values in zip(keys, np.exp(logs), strict=True):
        tracks = {"plain": Track(values, unknown, unknown)}
        series = CaseSeries(key, "seconds", places, np.zeros_like(places), tracks, measured=measured)
        dated.append(by_date(stretches(series, ["3.12"], ())[0]))
    found = find_changes([(one, "seconds") for one in dated])
    changes = (
        Dated(key, 0, stretch, change)
        for key, stretch, mine in zip(keys, dated, found, strict=True)
        for change in dated_changes(stretch, mine)
    )
    return machine_shifts(changes, CASES)


def told(world: World, order: str, rng: np.random.Generator) -> list[tuple[Dated, ...]]:
    """What is told of one history of a world."""
    measured = ORDERS[order](rng)
    return shifts_of(measured, world(rng, measured) + NOISE * rng.standard_normal((CASES, COMMITS)))


def is_right(shift: tuple[Dated, ...]) -> bool:
    """Whether a shift is the one in the middle of the points, of most cases."""
    middle = (10_000 + COMMITS // 2) * DAY_S
    return shift[0].change.last_s < middle <= shift[0].change.first_s and len(shift) >= CASES / 2


def evidence(scale: float, seed: int) -> list[Row]:
    """All rows; at scale 1 about a minute of one core."""
    histories = max(round(HISTORIES * scale), 1)
    seeds = count(seed * 10_000)
    rows = []
    for world in (nothing, code, code_and_back, many_commits, code_and_bad_days):
        wrong = [
            bool(told(world, order, np.random.default_rng(next(seeds)))) for order in ORDERS for _ in range(histories)
        ]
        rate, interval = share(wrong)
        what = f"blamed on the machine: {world.__name__.replace('_', ' ')} ({len(wrong)} histories, all orders)"
        rows.append(Row("measuring dates", what, "<= 1%", f"{100 * rate:.1f}%", interval, rate <= 0.01))
    for world, bar in ((machine, 0.9), (machine_and_code, 0.7)):
        for order in TELLING:
            found = [told(world, order, np.random.default_rng(next(seeds))) for _ in range(histories)]
            rate, interval = share([sum(map(is_right, shifts)) == 1 == len(shifts) for shifts in found])
            what = f"found, and nothing else: {world.__name__.replace('_', ' ')}, {order} ({histories} histories)"
            rows.append(
                Row("measuring dates", what, f">= {100 * bar:.0f}%", f"{100 * rate:.1f}%", interval, rate >= bar)
            )
    return rows
