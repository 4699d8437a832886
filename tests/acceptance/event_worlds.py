"""Whole histories through timeline, detection, grouping and attribution: what is told wrongly, and what is found.

A history is one machine that measures 60 commits, each in a session of its own, 5 pairs of trials a case, and an
anchor in each session; the noise is 0.5% between commits and 0.8% between blocks unless a world says otherwise. Five
metrics of each case are looked at, each of which may raise a false alarm, and the events of one case count together.
There is no bar for noise that grows, as in figure 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.history.events import Event
from tests.acceptance.figure_3_series import share
from tests.acceptance.rows import Row
from tests.analysis.worlds import Truth, World, place_of, release, steady, step

Floats = npt.NDArray[np.float64]

HISTORIES = 40
CASES = 5
OLD, NEW = "3.15.1+aaaaaaaa", "3.15.2+bbbbbbbb"
NEAR = 2
"""An event is at its place if it is at most this many commits from it."""


@dataclass(frozen=True)
class Expected:
    """The one event that each case should have; its place does not matter on the axis `pythons`."""

    axis: str
    cause: str
    place: int = 30
    worse: bool = True

    def is_told_by(self, event: Event) -> bool:
        there = self.axis == "pythons" or abs(place_of(event.commit) - self.place) <= NEAR
        return (event.axis, event.worse) == (self.axis, self.worse) and there


@dataclass(frozen=True)
class Scenario:
    """A kind of history. `bar`: at most this share of cases may have an event that should not be there; None: none."""

    name: str
    make: Callable[[dict[str, Truth]], World]
    truth: Truth = steady
    expected: Expected | None = None
    bar: float | None = 0.03


def spikes(rng: np.random.Generator, n: int) -> Floats:
    return 0.005 * rng.standard_normal(n) + (rng.random(n) < 0.03) * rng.uniform(0.05, 0.3, n)


def heavy(rng: np.random.Generator, n: int) -> Floats:
    return 0.005 * rng.standard_t(3, n) / np.sqrt(3.0)


def drift(rng: np.random.Generator, n: int) -> Floats:
    return 0.005 * rng.standard_normal(n) + np.linspace(0.0, rng.uniform(0.0, 0.025), n)


def louder(rng: np.random.Generator, n: int) -> Floats:
    return 0.005 * rng.standard_normal(n) * np.where(np.arange(n) < n // 2, 1.0, 3.0)


def scenarios() -> list[Scenario]:
    """Every world of the table."""
    plain = World
    releases = {OLD: 0, NEW: 30}

    def swayed(sway: Callable[[np.random.Generator, int], Floats]) -> Callable[[dict[str, Truth]], World]:
        return lambda cases: World(cases, between=sway)

    return [
        Scenario("nothing happens", plain),
        Scenario("t3 noise between commits", swayed(heavy)),
        Scenario("3% spikes", swayed(spikes)),
        Scenario("drift of up to 2.5%", swayed(drift)),
        Scenario("noise that grows threefold", swayed(louder), bar=None),
        Scenario("a third of the commits unmeasured", lambda c: World(c, unmeasured=frozenset(range(1, 60, 3)))),
        Scenario("the machine is replaced", lambda c: World(
            c, fingerprint=lambda s: "f2" if s >= 30 else "f1", machine_factor=lambda s: 1.3 if s >= 30 else 1.0)),
        Scenario("a release without effect", lambda c: World(c, interpreters=releases)),
        Scenario("a release without effect, 5 blocks", lambda c: World(c, interpreters=releases, bridges=5)),
        Scenario("a release of 5%, no bridge", lambda c: World(c, interpreters=releases, bridges=0),
                 release(NEW, 0.05)),
        Scenario("code, 3%", plain, step(30, 0.03), Expected("commits", "code")),
        Scenario("code, 3%, 8 points after it", plain, step(52, 0.03), Expected("commits", "code", 52)),
        Scenario("code, -3%", plain, step(30, -0.03), Expected("commits", "code", worse=False)),
        Scenario("only the JIT, 3%", plain, step(30, 0.03, modes=("on",)), Expected("commits", "jit")),
        Scenario("only the interpreter, 3%", plain, step(30, 0.03, modes=("off",)), Expected("commits", "interpreter")),
        Scenario("code, 5%, in a gap of 10", lambda c: World(c, unmeasured=frozenset(range(26, 36))), step(30, 0.05),
                 Expected("commits", "code", 36)),
        Scenario("the machine, 5%, with anchor", lambda c: World(c, machine_factor=lambda s: 1.05 if s >= 30 else 1.0),
                 expected=Expected("commits", "machine")),
        Scenario("a release, 5%", lambda c: World(c, interpreters=releases), release(NEW, 0.05),
                 Expected("pythons", "release")),
        Scenario("a release, only on, 5%", lambda c: World(c, interpreters=releases),
                 release(NEW, 0.05, modes=("on",)), Expected("pythons", "release")),
        Scenario("code, 4%, after a release", lambda c: World(c, interpreters=releases), step(40, 0.04),
                 Expected("commits", "code", 40)),
    ]  # fmt: skip


def rows_of(scenario: Scenario, histories: int, seed: int) -> list[Row]:
    """How many cases have an event too many; how many have theirs, and with its cause."""
    extra: list[bool] = []
    found: list[bool] = []
    told: list[bool] = []
    wrong = 0
    for number in range(histories):
        world = scenario.make({f"case{n}": scenario.truth for n in range(CASES)})
        by_case: dict[str, list[Event]] = {name: [] for name in world.cases}
        for event in world.events(seed * 10_000 + number):
            by_case[event.key.case.benchmark].append(event)
        for events in by_case.values():
            hits = [event for event in events if scenario.expected is not None and scenario.expected.is_told_by(event)]
            extra.append(len(events) > len(hits[:1]))
            if scenario.expected is not None:
                found.append(bool(hits))
                told += [hit.attribution.cause == scenario.expected.cause for hit in hits[:1]]
                wrong += sum(hit.attribution.cause not in (scenario.expected.cause, "unclear") for hit in hits[:1])
    cases = f"{scenario.name} ({len(extra)} cases)"
    rate, interval = share(extra)
    bar = "for comparison" if scenario.bar is None else f"<= {100 * scenario.bar:.0f}%"
    passed = scenario.bar is None or rate <= scenario.bar
    rows = [Row("events", f"one too many: {cases}", bar, f"{100 * rate:.1f}%", interval, passed)]
    if scenario.expected is not None:
        rate, interval = share(found)
        rows.append(Row("events", f"found: {cases}", ">= 95%", f"{100 * rate:.1f}%", interval, rate >= 0.95))
        rate, interval = share(told)
        rows.append(Row("events", f"its cause: {cases}", ">= 80%", f"{100 * rate:.1f}%", interval, rate >= 0.8))
        rate = wrong / max(len(told), 1)
        rows.append(Row("events", f"another cause: {cases}", "<= 5%", f"{100 * rate:.1f}%", "", rate <= 0.05))
    return rows


def evidence(scale: float, seed: int) -> list[Row]:
    """All rows; at scale 1 some ten minutes of one core."""
    histories = max(round(HISTORIES * scale), 1)
    return [row for scenario in scenarios() for row in rows_of(scenario, histories, seed)]
