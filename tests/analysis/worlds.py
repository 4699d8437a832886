"""Whole histories with a known truth, as the trials that a nightly run would have left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from asv_jit.analysis.history.detection import find_changes
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.grouping import Scene, commit_events
from asv_jit.analysis.history.levelling import stretches
from asv_jit.analysis.history.releases import release_events
from asv_jit.analysis.history.timeline import Axes, Timeline, timeline
from asv_jit.model import PROTOCOL, Mode, Purpose, Trial

EQUIVALENCE = 0.02
PAIRS: tuple[Mode, Mode] = ("off", "on")

Truth = Callable[[int, str, Mode], float]
"""By how much the time of (place of the commit, interpreter, mode) is longer than at first: 1.05 is 5% slower."""


def steady(place: int, interpreter: str, mode: Mode) -> float:
    return 1.0


def step(at: int, size: float, *, modes: Sequence[Mode] = PAIRS, until: int = 1 << 30) -> Truth:
    """Slower by `size` from one commit until another."""
    return lambda place, _, mode: 1.0 + size if at <= place < until and mode in modes else 1.0


def release(identity: str, size: float, *, modes: Sequence[Mode] = PAIRS) -> Truth:
    """Slower by `size` on one interpreter."""
    return lambda _, interpreter, mode: 1.0 + size if interpreter == identity and mode in modes else 1.0


@dataclass(frozen=True)
class World:
    """A machine that measures each commit in a session of its own, 5 pairs a case, the anchor in each session.

    `noise`: between commits and between blocks, as shares. `since`: from which place on an interpreter is used.
    `machine_factor` and `fingerprint`: what the machine is in a session. `unmeasured`: places without results.
    `bridges`: blocks that are measured with both of two releases when the later one comes, at its first commit.
    """

    cases: Mapping[str, Truth]
    commits: int = 60
    interpreters: Mapping[str, int] = field(default_factory=lambda: {"3.15.2+e451c8ba": 0})
    between: Callable[[np.random.Generator, int], np.ndarray] = lambda rng, n: 0.005 * rng.standard_normal(n)
    within: float = 0.008
    blocks: int = 5
    machine_factor: Callable[[int], float] = lambda session: 1.0
    fingerprint: Callable[[int], str] = lambda session: "f0000001"
    unmeasured: frozenset[int] = frozenset()
    bridges: int = 15
    anchored: bool = True
    memory: Mapping[str, Truth] = field(default_factory=dict)

    def trials(self, seed: int) -> Iterator[Trial]:
        """Everything that was measured, session by session."""
        rng = np.random.default_rng(seed)
        sway = {case: self.between(rng, self.commits) for case in self.cases}
        known: list[str] = []
        for place in range(self.commits):
            current = [name for name, first in self.interpreters.items() if first <= place]
            if place in self.unmeasured:
                continue
            if self.anchored:
                for case in self.cases:
                    yield from self._cell(rng, case, 0, current[0], place, "anchor", 0.0, self.blocks)
            fresh = [name for name in current if name not in known]
            if known and fresh and self.bridges:
                for case in self.cases:
                    for name in (known[-1], fresh[0]):
                        yield from self._cell(rng, case, place, name, place, "run", sway[case][place], self.bridges)
            else:
                for case in self.cases:
                    yield from self._cell(rng, case, place, current[-1], place, "run", sway[case][place], self.blocks)
            known = current

    def _cell(
        self,
        rng: np.random.Generator,
        case: str,
        place: int,
        interpreter: str,
        session: int,
        purpose: Purpose,
        sway: float,
        blocks: int,
    ) -> Iterator[Trial]:
        for block in range(blocks):
            both = rng.normal(0.0, self.within)
            for mode in PAIRS:
                base = 0.01 if mode == "off" else 0.007
                level = base * self.cases[case](place, interpreter, mode) * self.machine_factor(session)
                memory = self.memory.get(case, steady)(place, interpreter, mode)
                yield trial(
                    case=case,
                    place=place,
                    session=session,
                    block=f"{purpose}{interpreter}{case}{block}",
                    mode=mode,
                    interpreter=interpreter,
                    purpose=purpose,
                    seconds=float(level * np.exp(sway + both + rng.normal(0.0, self.within / 2.0))),
                    memory=int(30e6 * memory * (1.0 + 0.001 * rng.standard_normal())),
                    fingerprint=self.fingerprint(session),
                )

    def events(self, seed: int) -> list[Event]:
        """The events of the history, oldest first."""
        return events_of(list(self.trials(seed)), self.commits, list(self.interpreters))


def commit_of(place: int) -> str:
    return f"{place:08x}" * 5


def place_of(commit: str) -> int:
    return int(commit[:8], 16)


def trial(
    *,
    case: str,
    place: int,
    session: int,
    block: str,
    mode: Mode,
    interpreter: str,
    purpose: Purpose,
    seconds: float,
    memory: int,
    fingerprint: str,
) -> Trial:
    name = f"s{session:04d}.{block}"
    return Trial(
        trial=f"{name}-{mode}",
        session=f"s{session:04d}",
        block=name,
        arm=mode,
        purpose=purpose,
        attempt=1,
        commit=commit_of(place),
        interpreter=interpreter,
        installation="i",
        benchmark=case,
        benchmark_version="1",
        params=(),
        machine=fingerprint,
        protocol=PROTOCOL,
        mode=mode,
        jit_enabled=mode == "on",
        hash_seed=1,
        cpu=1,
        inner_loops=1,
        iterations=100,
        outcome="ok",
        exit=0,
        signal=None,
        stderr="",
        started=f"2026-{1 + session // 28:02d}-{1 + session % 28:02d}T03:00:00.000+00:00",
        duration_s=1.0,
        steady_kind="flat",
        steady_start=0,
        steady_s=seconds,
        warmup_s=0.01,
        peak_rss_bytes=memory,
    )


def requirement_sets_of(trials: Sequence[Trial]) -> list[str]:
    return sorted({one.requirements for one in trials})


def timeline_of(trials: Sequence[Trial], commits: int, interpreters: Sequence[str]) -> Timeline:
    sessions = sorted({one.session for one in trials})
    axes = Axes(
        commits={commit_of(place): place for place in range(commits)},
        interpreters={name: place for place, name in enumerate(interpreters)},
        sessions={name: place for place, name in enumerate(sessions)},
        lines={name: ".".join(name.split(".")[:2]) + " from debian" for name in interpreters},
        units={},
        requirement_sets={name: place for place, name in enumerate(requirement_sets_of(trials))},
    )
    return timeline("m1", trials, axes, alpha=0.002)


def events_of(trials: Sequence[Trial], commits: int, interpreters: Sequence[str]) -> list[Event]:
    found = timeline_of(trials, commits, interpreters)
    hashes = [commit_of(place) for place in range(commits)]
    scene = Scene(hashes, list(interpreters), EQUIVALENCE, requirement_sets=requirement_sets_of(trials))
    events = release_events(found.bridges, found.series, hashes, equivalence=EQUIVALENCE)
    for series in found.series:
        bridges = [bridge for bridge in found.bridges if bridge.key == series.key]
        parts = stretches(series, interpreters, bridges)
        anchors = [one for one in found.anchors if one.fingerprint == series.key.fingerprint]
        found_in = find_changes([(part, series.unit) for part in parts])
        events += commit_events(series, scene, list(zip(parts, found_in, strict=True)), anchors)
    return sorted(events, key=lambda event: place_of(event.commit))
