"""Histories made by hand: two machines, three lines, 200 commits, changes of level, gaps, and hostile names."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.attribution import Attribution, Cause
from asv_jit.analysis.history.events import Change, Event, State
from asv_jit.analysis.history.series import CaseSeries, History, SeriesKey, Track
from asv_jit.analysis.metrics import Metric
from asv_jit.git.repository import Commit
from asv_jit.model import PROTOCOL, CaseKey
from asv_jit.site.content.site_content import Machine, SiteContent
from asv_jit.site.content.timetable import Timetable
from tests.site import contents
from tests.site.contents import HOSTILE, OLDER, WITH_JIT, WITHOUT_JIT

COUNT = 200
MACHINES = ("bench-1", "bench-2 <i>")
LINES = {"3.15 from debian": WITH_JIT, "3.14 from debian": OLDER, "3.13 from debian": WITHOUT_JIT}
JUMP = 120
_DAY_S = 86_400
_VERBS = ("Speed up", "Rewrite", "Simplify", "Cache", "Inline", "Vectorise", "Avoid copies in", "Batch", "Stream")
_NOUNS = ("the tokenizer", "routing", "the scheduler", "JSON output", "graph search", "the renderer", "queries")


def commits(count: int = COUNT, *, hostile: bool = False) -> tuple[Commit, ...]:
    """Oldest first, about one a day."""
    rng = np.random.default_rng(11)
    found = []
    for place in range(count):
        digest = f"{int(rng.integers(1 << 62)):016x}" * 2 + f"{place:08x}"
        subject = f"{_VERBS[place % len(_VERBS)]} {_NOUNS[place % len(_NOUNS)]}"
        author = ("Ada Byron", "Grace Murray", "Alan Mathison")[place % 3]
        if hostile and place % 7 == 0:
            subject, author = HOSTILE[place // 7 % len(HOSTILE)], '<b onclick="x">'
        date = 1_773_000_000 + place * _DAY_S + int(rng.integers(40_000))
        found.append(Commit(digest, date, author, subject))
    return tuple(found)


def track(values: Floats, half_width: float, *, single: bool = False) -> Track:
    """Values with an interval of this share on each side; `single`: without intervals."""
    nothing = np.full(len(values), np.nan)
    if single:
        return Track(values, nothing, nothing)
    return Track(values, values * (1.0 - half_width), values * (1.0 + half_width))


def paired_series(
    case: CaseKey, machine: str, line: str, *, off_s: float, ratio: float, jump: float, seed: int, count: int = COUNT
) -> CaseSeries:
    """A case in both modes: with the JIT on it gets slower by `jump` at commit `JUMP`; some commits are missing."""
    rng = np.random.default_rng(seed)
    has_jit = LINES[line].has_jit
    places = np.flatnonzero(rng.random(count) > 0.1) if machine == MACHINES[0] else np.arange(count // 2, count)
    size = len(places)
    off = off_s * np.exp(rng.normal(0.0, 0.006, size))
    failed = rng.random(size) < 0.02
    off[failed] = np.nan
    tracks: dict[Metric, Track] = {"off": track(off, 0.004)}
    tracks["peak_memory_off"] = track(np.rint(30e6 + rng.normal(0.0, 5e4, size)), 0.002)
    if has_jit:
        on = off / ratio * np.where(places >= JUMP, 1.0 + jump, 1.0) * np.exp(rng.normal(0.0, 0.004, size))
        tracks |= {
            "on": track(on, 0.005),
            "speedup": track(off / on, 0.006),
            "peak_memory_on": track(np.rint(30.6e6 + rng.normal(0.0, 8e4, size)), 0.002),
            "warmup_on": track(0.21 * np.exp(rng.normal(0.0, 0.2, size)), 0.3),
        }
    key = SeriesKey(machine, line, case, "1", PROTOCOL, fingerprint="f1")
    order = list(LINES).index(line)
    builds = np.full(size, order, dtype=np.int32)
    blocks = (5 + places * 7 % 18).astype(np.int32)
    return CaseSeries(key, "seconds", places.astype(np.int32), builds, tracks, blocks=blocks)


def plain_series(case: CaseKey, machine: str, *, seed: int, count: int = COUNT, unit: str = "seconds") -> CaseSeries:
    """What asv measured by itself: one value a commit with asv's own interval, a step down, and a hole."""
    rng = np.random.default_rng(seed)
    places = np.setdiff1d(np.arange(count), np.arange(60, 75))
    level = np.where(places < 150, 0.0034, 0.0029) if unit == "seconds" else np.where(places < 150, 1234.0, 1300.0)
    values = level * np.exp(rng.normal(0.0, 0.01, len(places))) if unit == "seconds" else level
    key = SeriesKey(machine, "virtualenv-py3.12-numpy", case, "abc", "asv")
    found: dict[Metric, Track] = {"plain": track(values, 0.006, single=unit != "seconds")}
    return CaseSeries(key, unit, places.astype(np.int32), np.full(len(places), 3, dtype=np.int32), found)


def event(key: SeriesKey, commit: Commit, parent: Commit, *, identity: str, metric: Metric = "on",
          before: float = 0.006, ratio: float = 1.08, cause: Cause = "jit", state: State = "candidate",
          worse: bool = True, suspects: Sequence[Commit] = ()) -> Event:  # fmt: skip
    """One change of level."""
    after = before * ratio
    change = Change(metric, before, before * 0.995, before * 1.005, after, after * 0.995, after * 1.005, 3e-9, (60, 80))
    gain = Change("speedup", 2.0, 1.98, 2.02, 2.0 / ratio, 1.97 / ratio, 2.03 / ratio, 4e-7)
    hashes = tuple(one.hash for one in suspects) or (commit.hash,)
    moved = "on" if cause == "jit" else "both"
    return Event(identity, key, "commits", worse, (change, gain) if metric == "on" else (change,), commit.hash,
                 parent.hash, hashes, "", "", Attribution(cause, 0.97, moved), state)  # fmt: skip


def history(
    cases: Sequence[CaseKey], *, count: int = COUNT, hostile: bool = False
) -> tuple[History, tuple[Event, ...]]:
    """Series of `cases` on both machines and all lines, and what changed in them; the last case is only asv's."""
    known = commits(count, hostile=hostile)
    series: list[CaseSeries] = []
    events: list[Event] = []
    for number, case in enumerate(cases):
        if case.benchmark.startswith("asv_only"):
            unit = "objects" if "track" in case.benchmark else "seconds"
            series.append(plain_series(case, MACHINES[0], seed=900 + number, count=count, unit=unit))
            if unit == "seconds" and count > 150:
                found = event(series[-1].key, known[150], known[149], identity=f"c{number:09x}", metric="plain",
                              before=0.0034, ratio=0.853, cause="code", worse=False)  # fmt: skip
                events.append(found)
            continue
        off_s = 0.0004 * 3.1**number
        for machine in MACHINES:
            for place, line in enumerate(LINES):
                ratio = (1.9, 1.1, 1.0)[place] - 0.05 * number
                jump = 0.08 if number % 3 == 0 and place == 0 else 0.0
                seed = number * 10 + place + 1000 * MACHINES.index(machine)
                made = paired_series(case, machine, line, off_s=off_s, ratio=ratio, jump=jump, seed=seed, count=count)
                series.append(made)
                if jump and machine == MACHINES[0] and count > JUMP:
                    found = event(made.key, known[JUMP], known[JUMP - 1], identity=f"e{number:09x}",
                                  before=off_s / ratio, suspects=known[JUMP - 1 : JUMP + 1])  # fmt: skip
                    events.append(found)
    names = tuple(release.identity for release in LINES.values())
    dates = np.array([commit.date for commit in known], dtype=np.int64)
    hashes = tuple(commit.hash for commit in known)
    return History(hashes, dates, "git", (*names, "3.12"), tuple(series)), tuple(events)


def rich(*, hostile: bool = False) -> SiteContent:
    """`contents.rich` or a hostile one with years behind it, a second machine, and cases that only asv measured."""
    made = contents.rich()
    cases = sorted({case.key.case for suite in made.machines[0].suites for case in suite.cases})
    cases = [case for case in cases if "Crash" not in case.benchmark and "track" not in case.benchmark]
    cases += [CaseKey("asv_only.Old.time_parse", ("10",)), CaseKey("asv_only.track_objects")]
    if hostile:
        cases += [CaseKey(name, (name,)) for name in HOSTILE]
    found, events = history(cases, hostile=hostile)
    known = commits(hostile=hostile)
    first = made.machines[0]
    second = Machine(MACHINES[1], (("CPU", "Other 1"),), suites=first.suites[-1:], trials=first.trials,
                     current=first.current[:1])  # fmt: skip
    return msgspec.structs.replace(
        made, commits=(*made.commits, *known[::-1]), table=Timetable.of(found), events=events, machines=(first, second)
    )
