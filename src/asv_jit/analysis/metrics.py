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
    kind: Literal["value", "ratio", "bytes", "seconds", "instructions"]
    order: int
    higher_is_better: bool = False


METRICS: Mapping[Metric, Row] = MappingProxyType(
    {
        "off": Row("JIT off", "time with the JIT off", "value", 0),
        "on": Row("JIT on", "time with the JIT on", "value", 0),
        "plain": Row("", "time", "value", 0),
        "speedup": Row("speedup", "speedup by the JIT", "ratio", 2, higher_is_better=True),
        "peak_memory_off": Row("peak memory, JIT off", "peak memory, JIT off", "bytes", 3),
        "peak_memory_on": Row("peak memory, JIT on", "peak memory, JIT on", "bytes", 3),
        "warmup_on": Row("warm-up", "warm-up with the JIT on", "seconds", 4),
        "instructions_off": Row("JIT off", "instructions per call, JIT off", "instructions", 1),
        "instructions_on": Row("JIT on", "instructions per call, JIT on", "instructions", 1),
    }
)
