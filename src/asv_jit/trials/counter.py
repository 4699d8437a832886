"""Counters of instructions: the protocol, and callgrind, the only one, with its command and a parser of its files.

Hardware counters (`perf_event_open`) could be a second one; no machine was available to test them.
`count` in child/counting.py describes how each iteration becomes a file of its own, a part. Valgrind's manual
describes the format ("Callgrind Format Specification").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from asv_jit.analysis.counts.split import Cost


class Counter(Protocol):
    """Counts the instructions of a process, iteration by iteration."""

    @property
    def identity(self) -> str:
        """Tool, version and processor features: counts of one identity make a series."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that the counter needs."""
        ...

    def command(self, command: Sequence[str], counts: Path) -> list[str]:
        """Return the command that runs `command` and writes counts to files whose names begin with `counts`."""
        ...

    def without_messages(self, stderr: str) -> str:
        """Return the process's stderr without the counter's own messages."""
        ...

    def costs(self, counts: Path, part: int) -> list[Cost]:
        """Return the costs of one part's functions, which add up to its count. Raises ValueError."""
        ...


# Names are numbered at their first use in a file: `fn=(12) name`, and later `fn=(12)`.
_NAMED = re.compile(r"(?P<key>ob|fn|cob|cfn)=\((?P<number>\d+)\)(?: (?P<name>.*))?")
_PLAIN = re.compile(r"(?P<key>ob|fn|cob|cfn)=(?P<name>.*)")
_OPTIONS = (
    "--tool=callgrind",
    "--quiet",
    "--vgdb=no",  # no pipes in /tmp
)
_MARK = "--dump-before=sched_get_priority_max"  # see `mark` in child/counting.py
_MESSAGE = re.compile(r"^--\d+-- .*\n?", re.MULTILINE)
_RECURSION = re.compile(r"'\d+$")  # callgrind's suffix of a function that called itself


class Callgrind(Struct, frozen=True):
    """The tool at `program`, which is started without valgrind's launcher: no shell script, nothing is looked up.

    `library` is valgrind's folder of tools; `identity` as in `Counter`. `starts_late`: the child tells when to begin
    counting, as it can on processors whose client request it knows; elsewhere all of the process is counted.
    """

    program: Path
    library: Path
    identity: str
    starts_late: bool

    @property
    def variables(self) -> Mapping[str, str]:
        """The folder of valgrind's parts, and its launcher, which it requires."""
        return {"VALGRIND_LIB": str(self.library), "VALGRIND_LAUNCHER": str(self.program)}

    def command(self, command: Sequence[str], counts: Path) -> list[str]:
        """Return the command that counts `command`."""
        late = ["--instr-atstart=no"] if self.starts_late else []
        return [str(self.program), *_OPTIONS, _MARK, *late, f"--callgrind-out-file={counts}", *command]

    def command_of_program(self, command: Sequence[str], counts: Path, blocks: int) -> list[str]:
        """Return the command that counts `command` from start to end, with separate files for each forked process.

        A file holds a slice of `blocks` basic blocks: `<counts>.<pid>.1`, `.2` …; the last one has no number.
        """
        return [
            str(self.program), *_OPTIONS, f"--dump-every-bb={blocks}", f"--callgrind-out-file={counts}.%p", *command,
        ]  # fmt: skip

    def without_messages(self, stderr: str) -> str:
        """Return a program's stderr without valgrind's messages, such as those about unknown system calls."""
        return _MESSAGE.sub("", stderr)

    def costs(self, counts: Path, part: int) -> list[Cost]:
        """Return the costs of one part's functions. Raises ValueError."""
        path = counts.with_name(f"{counts.name}.{part}")
        try:
            return parse_costs(path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise ValueError(f"expected counts at {path.name}, but it cannot be read ({error.strerror})") from None


def parse_costs(text: str) -> list[Cost]:
    """Return each function's own instructions: the first event of a callgrind file.

    The line after `calls=` holds the cost of a called function, which is skipped. Raises ValueError if the sum is not
    the total that the file states.
    """
    sums: dict[tuple[str, str], int] = {}
    for place, called, instructions in _lines_of_cost(text.splitlines()):
        if not called:
            sums[place] = sums.get(place, 0) + instructions
    total = _total(text)
    if sum(sums.values()) != total:
        raise ValueError(f"expected functions that add up to {total:,} instructions, found {sum(sums.values()):,}")
    return [Cost(*place, instructions) for place, instructions in sums.items() if instructions]


def cost_of_calls(text: str, functions: Collection[str]) -> int:
    """Return the inclusive instructions of all calls of `functions`; calls among themselves count once."""
    return sum(
        instructions
        for (_, caller), called, instructions in _lines_of_cost(text.splitlines())
        if without_recursion(called) in functions and without_recursion(caller) not in functions
    )


def without_recursion(function: str) -> str:
    """Return a function's name without callgrind's suffix for the depth of recursion."""
    return _RECURSION.sub("", function)


def _lines_of_cost(lines: Iterable[str]) -> Iterator[tuple[tuple[str, str], str, int]]:
    """Yield ((object, function), called, instructions) for every line of cost; `called` is empty for its own."""
    names: dict[tuple[str, str], str] = {}
    current = {"ob": "", "fn": "", "cfn": ""}
    of_a_call = False
    for line in lines:
        if line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            _position, *events = line.split()
            called = current["cfn"] if of_a_call else ""
            yield (current["ob"], current["fn"]), called, int(events[0]) if events else 0
            of_a_call = False
        elif line.startswith("calls="):
            of_a_call = True
        elif match := _NAMED.fullmatch(line) or _PLAIN.fullmatch(line):
            found = match.groupdict()
            kind = found["key"][-2:]  # `cob` and `cfn` number the same names
            name = found["name"]
            if found.get("number"):
                if name is not None:
                    names[kind, found["number"]] = name
                name = names.get((kind, found["number"]), "???")
            if found["key"] in current:
                current[found["key"]] = name


def _total(text: str) -> int:
    match = re.search(r"^summary: (\d+)", text, re.MULTILINE)
    if match is None:
        raise ValueError("expected a callgrind file with a line `summary:`, found none")
    return int(match[1])
