"""The table of metrics: their names, units and better directions, what they are measured in, and what asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from asv_jit.analysis.history.series import BisectMetric, Metric
from asv_jit.model import Mode


class Row(Struct, frozen=True):
    """One metric. `words` label it next to a case, `phrase` names it in a sentence.

    `kind` is the kind of unit; a `value` has the case's own (seconds for a timing). `order` ranks the
    changes of an event for its headline, after those for the worse (see `history.grouping.headline_first`).
    `modes`: those that a figure needs, none for what asv measured by itself. `bisect`: what `--metric` calls it.
    `searched`: whether its series are searched for changes amid noise; a warm-up has too much of it, a count none.
    """

    words: str
    phrase: str
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
    phrase = f"instructions per call, JIT {mode}"
    return Row(f"JIT {mode}", phrase, "instructions", 1, (mode,), bisect, searched=False)


METRICS: Mapping[Metric, Row] = MappingProxyType(
    {
        "off": Row("JIT off", "time with the JIT off", "value", 0, ("off",), "off"),
        "on": Row("JIT on", "time with the JIT on", "value", 0, ("on",), "on"),
        "plain": Row("", "time", "value", 0, (), "off"),
        "speedup": Row("speedup", "speedup by the JIT", "ratio", 2, ("off", "on"), "speedup", higher_is_better=True),
        "peak_memory_off": Row("peak memory, JIT off", "peak memory, JIT off", "bytes", 3, ("off",), "peak_memory_off"),
        "peak_memory_on": Row("peak memory, JIT on", "peak memory, JIT on", "bytes", 3, ("on",), "peak_memory"),
        "warmup_on": Row("warm-up", "warm-up with the JIT on", "seconds", 4, ("on",), "warmup", searched=False),
        "instructions_off": _counted("off", "instructions_off"),
        "instructions_on": _counted("on", "instructions"),
    }
)

SEARCHED: tuple[Metric, ...] = tuple(metric for metric, row in METRICS.items() if row.searched)
COMPARED: tuple[Metric, ...] = tuple(m for m, row in METRICS.items() if row.modes and row.kind != "instructions")
JUDGED: tuple[Metric, ...] = tuple(m for m, row in METRICS.items() if row.searched and len(row.modes) == 1)
"""What a change is blamed for; a speedup alone may shrink because mode off became faster."""

SERIES_METRIC: Mapping[BisectMetric, Metric] = {row.bisect: metric for metric, row in METRICS.items() if row.modes}
