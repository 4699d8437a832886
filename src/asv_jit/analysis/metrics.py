"""The table of metrics: name, unit and better direction of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from asv_jit.analysis.history.series import Metric


class Row(Struct, frozen=True):
    """One metric. `words` label it next to a case, `phrase` names it in a sentence.

    `kind` is the kind of unit; a `value` has the case's own (seconds for a timing). `order` ranks the
    changes of an event for its headline, after those for the worse (see `history.grouping.headline_first`).
    """

    words: str
    phrase: str
    kind: Literal["value", "ratio", "bytes", "seconds"]
    order: int
    higher_is_better: bool = False


METRICS: Mapping[Metric, Row] = MappingProxyType(
    {
        "off": Row("JIT off", "time with the JIT off", "value", 0),
        "on": Row("JIT on", "time with the JIT on", "value", 0),
        "plain": Row("", "time", "value", 0),
        "speedup": Row("speedup", "speedup by the JIT", "ratio", 1, higher_is_better=True),
        "peak_memory_off": Row("peak memory, JIT off", "peak memory, JIT off", "bytes", 2),
        "peak_memory_on": Row("peak memory, JIT on", "peak memory, JIT on", "bytes", 2),
        "warmup_on": Row("warm-up", "warm-up with the JIT on", "seconds", 3),
    }
)
