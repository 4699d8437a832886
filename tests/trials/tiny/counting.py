"""Benchmarks for counted trials: small, deterministic but where the name says otherwise."""

import os
from pathlib import Path


def loop(n=5_000):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total


def time_loop():
    return loop()


def time_small():
    return loop(500)


async def time_awaited():
    return loop()


def time_marks():
    return os.sched_get_priority_max(os.SCHED_OTHER)


class WithSetup:
    def setup(self):
        self.items = list(range(100_000))  # more work than the benchmark

    def time_first(self):
        return self.items[0]


PLACED = object()


def time_place():
    """Where an object lies that is made when the suite is imported."""
    return id(PLACED)


def time_beside():
    """Reads a file beside the suite."""
    return (Path(__file__).parents[1] / "beside").read_text(encoding="utf-8")
