"""What a provider of counts is. Callgrind is the only one.

Hardware counters (`perf_event_open`) could be a second one. It is not written: no machine at hand could test it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from asv_jit.analysis.counts.split import Cost


class Counter(Protocol):
    """Counts the instructions of a process, iteration by iteration."""

    @property
    def identity(self) -> str:
        """Tool, version and processor features: counts of one identity make a series."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """What the counter needs in the environment."""
        ...

    def command(self, command: Sequence[str], counts: Path) -> list[str]:
        """The command that runs `command` and writes counts to files that begin with the path `counts`."""
        ...

    def without_messages(self, stderr: str) -> str:
        """What the process wrote to stderr, without the counter's own remarks."""
        ...

    def costs(self, counts: Path, part: int) -> list[Cost]:
        """The functions of the part with this number: their instructions add up to its count. Raises ValueError."""
        ...
