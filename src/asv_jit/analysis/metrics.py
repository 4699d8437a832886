"""The table of metrics: their names, units and better directions, what they are measured in, and what asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from asv_jit.model import Mode

Metric = Literal[
    "off",
    "on",
    "speedup",
    "peak_memory_off",
    "peak_memory_on",
    "warmup_on",
    "plain",
    "instructions_off",
    "instructions_on",
]
"""`off`, `on`: the steady time in seconds per call (or the tracked value in its unit) in that mode; `speedup`:
off / on; `peak_memory_*`: bytes; `warmup_on`: seconds of running before the steady state with the JIT on;
`plain`: what asv measured by itself, without `PYTHON_JIT` set; `instructions_*`: counted, per call, in series of
their own."""

BisectMetric = Literal[
    "on", "off", "speedup", "peak_memory", "peak_memory_off", "warmup", "instructions", "instructions_off"
]
"""A metric as `bisect --metric` and `check --metric` name it; without `_off`, memory, warm-up and instructions are
those with the JIT on."""


class Row(Struct, frozen=True):
    """One metric. `words` label it next to a case, `phrase` names it in a sentence, `title` heads a column; `how` says
    on the Method page what is measured.

    `kind` is the kind of unit; a `value` has the case's own (seconds for a timing). `order` ranks the
    changes of an event for its headline, after those for the worse (see `history.grouping.headline_first`).
    `modes`: those that a figure needs, none for what asv measured by itself. `bisect`: what `--metric` calls it.
    `searched`: whether its series are searched for changes amid noise; a warm-up has too much of it, a count none.
    """

    words: str
    phrase: str
    title: str
    how: str
    kind: Literal["value", "ratio", "bytes", "seconds", "instructions"]
    order: int
    modes: tuple[Mode, ...]
    bisect: BisectMetric
    higher_is_better: bool = False
    searched: bool = True

    @property
    def is_time(self) -> bool:
        """Return True for a case's own value in one mode."""
        return self.kind == "value" and len(self.modes) == 1


def _counted(mode: Literal["off", "on"], bisect: BisectMetric) -> Row:
    title, phrase = f"Instructions, JIT {mode}", f"instructions per call, JIT {mode}"
    how = "counted by valgrind: the count of a steady call that occurs most often"
    return Row(f"JIT {mode}", phrase, title, how, "instructions", 1, (mode,), bisect, searched=False)


def _time(mode: Literal["off", "on"]) -> Row:
    how = "median of the steady part of a trial (or the tracked value), geometric mean over the trials"
    return Row(f"JIT {mode}", f"time with the JIT {mode}", f"JIT {mode}", how, "value", 0, (mode,), mode)


def _memory(mode: Literal["off", "on"], bisect: BisectMetric) -> Row:
    title, words = f"Peak memory, JIT {mode}", f"peak memory, JIT {mode}"
    how = "peak resident set of the process, geometric mean over the trials"
    return Row(words, words, title, how, "bytes", 3, (mode,), bisect)


METRICS: Mapping[Metric, Row] = MappingProxyType(
    {
        "off": _time("off"),
        "on": _time("on"),
        "plain": Row("", "time", "asv’s result", "what asv measured by itself", "value", 0, (), "off"),
        "speedup": Row(
            "speedup",
            "speedup by the JIT",
            "Speedup",
            "time with the JIT off ÷ time with it on, geometric mean over the pairs",
            "ratio",
            2,
            ("off", "on"),
            "speedup",
            higher_is_better=True,
        ),
        "peak_memory_off": _memory("off", "peak_memory_off"),
        "peak_memory_on": _memory("on", "peak_memory"),
        "warmup_on": Row(
            "warm-up",
            "warm-up with the JIT on",
            "Warm-up, JIT on",
            "running time before the steady state, from a cold start",
            "seconds",
            4,
            ("on",),
            "warmup",
            searched=False,
        ),
        "instructions_off": _counted("off", "instructions_off"),
        "instructions_on": _counted("on", "instructions"),
    }
)

COUNTED_IN: Mapping[Mode, Metric] = {row.modes[0]: m for m, row in METRICS.items() if row.kind == "instructions"}
COUNTED: tuple[Metric, ...] = tuple(COUNTED_IN.values())
"""Metrics that are counted and have no noise, of mode off and on."""

SEARCHED: tuple[Metric, ...] = tuple(metric for metric, row in METRICS.items() if row.searched)
COMPARED: tuple[Metric, ...] = tuple(m for m, row in METRICS.items() if row.modes and row.kind != "instructions")
JUDGED: tuple[Metric, ...] = tuple(m for m, row in METRICS.items() if row.searched and len(row.modes) == 1)
"""What a change is blamed for; a speedup alone may shrink because mode off became faster."""

SERIES_METRIC: Mapping[BisectMetric, Metric] = {row.bisect: metric for metric, row in METRICS.items() if row.modes}
