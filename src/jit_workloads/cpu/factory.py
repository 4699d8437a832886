"""A factory, simulated with objects that send parts to one another."""

from __future__ import annotations

from collections import deque

__all__ = ["factory"]


class _Part:
    __slots__ = ("born", "number", "passes")

    def __init__(self, number: int, born: int) -> None:
        self.number = number
        self.born = born
        self.passes = 0


class _Station:
    """Takes parts into a queue, works on one at a time, and sends it on."""

    def __init__(self, name: str, work_ticks: int) -> None:
        self.name = name
        self.work_ticks = work_ticks
        self.queue: deque[_Part] = deque()
        self.current: _Part | None = None
        self.ready_at = 0
        self.following: _Station | None = None
        self.busy_ticks = 0

    def accept(self, part: _Part) -> None:
        self.queue.append(part)

    def tick(self, now: int) -> None:
        if self.current is not None:
            self.busy_ticks += 1
            if now < self.ready_at:
                return
            part, self.current = self.current, None
            self.finish(part, now)
        if self.queue:
            self.current = self.queue.popleft()
            self.ready_at = now + self.duration(self.current)

    def duration(self, part: _Part) -> int:
        return self.work_ticks

    def finish(self, part: _Part, now: int) -> None:
        part.passes += 1
        if self.following is not None:
            self.following.accept(part)


class _Press(_Station):
    """Big parts take longer."""

    def duration(self, part: _Part) -> int:
        return self.work_ticks + part.number % 3


class _Oven(_Station):
    """A hot oven is quicker; it cools while nothing is in it."""

    heat = 0

    def tick(self, now: int) -> None:
        if self.current is None and self.heat:
            self.heat -= 1
        super().tick(now)

    def duration(self, part: _Part) -> int:
        if self.heat < 10:
            self.heat += 2
        return self.work_ticks + (10 - self.heat) // 4


class _Inspector(_Station):
    """Sends every seventh part back to be pressed again, once."""

    def __init__(self, name: str, work_ticks: int, rework: _Station) -> None:
        super().__init__(name, work_ticks)
        self.rework = rework
        self.rejected = 0

    def finish(self, part: _Part, now: int) -> None:
        if part.number % 7 == 0 and part.passes < 4:
            self.rejected += 1
            part.passes += 1
            self.rework.accept(part)
        else:
            super().finish(part, now)


class _Store(_Station):
    """Counts what arrives and how long it was on its way."""

    stored = 0
    travel_ticks = 0

    def finish(self, part: _Part, now: int) -> None:
        self.stored += 1
        self.travel_ticks += now - part.born


def factory(ticks: int = 100_000) -> tuple[int, int, int, int]:
    """Run the factory for `ticks` ticks: parts stored, parts rejected, ticks under way, ticks at work.

    Stresses: virtual methods, `super`, attributes of instances and of classes, and a queue, in a hierarchy of
    five classes. Claim: object-oriented code gains although a call site sees several classes.
    """
    press, oven = _Press("press", 3), _Oven("oven", 3)
    inspector, store = _Inspector("inspector", 2, press), _Store("store", 1)
    press.following, oven.following, inspector.following = oven, inspector, store
    stations = [press, oven, inspector, store]
    for now in range(ticks):
        if now % 5 == 0:
            press.accept(_Part(now // 5, now))
        for station in stations:
            station.tick(now)
    busy_ticks = sum([station.busy_ticks for station in stations])
    return store.stored, inspector.rejected, store.travel_ticks, busy_ticks
