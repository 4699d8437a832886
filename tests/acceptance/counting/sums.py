"""Figure 6: the parts of a steady iteration add up to what callgrind_annotate says of it, to the instruction."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from asv_jit.analysis.counts.split import Cost, part_of
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import ARMS, Part
from asv_jit.system.processes import base_environment, run
from asv_jit.trials.counter import Callgrind
from tests.acceptance.counting.trials import PROGRAMS, counted, python_of, workloads
from tests.acceptance.rows import Row

_LINE = re.compile(r"^ *([\d,]+) \( ?[\d.]+%\)  \S+:(\S+) \[(.+)\]$", re.MULTILINE)
_TOTAL = re.compile(r"^ *([\d,]+).*PROGRAM TOTALS", re.MULTILINE)


class Asking:
    """Callgrind as a counter that asks callgrind_annotate of the same file, before the trial's folder is gone."""

    def __init__(self, callgrind: Callgrind) -> None:
        self._callgrind = callgrind
        self.total = 0
        self.functions: dict[tuple[str, str], int] = {}

    @property
    def identity(self) -> str:
        """Callgrind's."""
        return self._callgrind.identity

    @property
    def variables(self) -> Mapping[str, str]:
        """Callgrind's."""
        return self._callgrind.variables

    def command(self, command: Sequence[str], counts: Path) -> list[str]:
        """Callgrind's."""
        return self._callgrind.command(command, counts)

    def without_messages(self, stderr: str) -> str:
        """Callgrind's."""
        return self._callgrind.without_messages(stderr)

    def costs(self, counts: Path, part: int) -> list[Cost]:
        """Callgrind's, once callgrind_annotate was asked."""
        path = counts.with_name(f"{counts.name}.{part}")
        command = ["callgrind_annotate", "--threshold=100", str(path)]
        said = run(command, env=base_environment(), timeout_s=60.0, keep_bytes=1 << 22).stdout
        (total,) = _TOTAL.findall(said)
        self.total = _number(total)
        self.functions = {(name, file): _number(cost) for cost, name, file in _LINE.findall(said)}
        return self._callgrind.costs(counts, part)


def evidence(programs: Sequence[str] = tuple(PROGRAMS)) -> list[Row]:
    """A row for each program and mode."""
    python = python_of()
    rows = []
    with tempfile.TemporaryDirectory(prefix="asv-jit-sums-") as name:
        suite = workloads(Path(name))
        for program in programs:
            for mode in ARMS:
                counter = Asking(find_or_install().callgrind())
                trial = counted(python, suite, program, mode, 1, counter=counter)
                assert trial.split is not None
                theirs: dict[Part, int] = {}
                for (function, file), cost in counter.functions.items():
                    part = part_of(Cost(file, function, cost))
                    theirs[part] = theirs.get(part, 0) + cost
                ours = {part: cost for part in theirs if (cost := getattr(trial.split, part))}
                # It lists a frame that is entered below the first counted one as if all that it calls were its own.
                same = trial.split.total == counter.total == trial.steady_instructions
                what = f"{program}, {mode}: parts beside callgrind_annotate"
                result = f"{trial.split.total:,} and {counter.total:,} instructions"
                detail = ", ".join(f"{part} {ours.get(part, 0):,}" for part in theirs)
                rows.append(Row("6", what, "equal to the instruction", result, detail, same))
    return rows


def _number(text: str) -> int:
    return int(text.replace(",", ""))
