"""What a provider of counts is, and callgrind, the only one: its command, and a parser of what it writes.

Hardware counters (`perf_event_open`) could be a second one. It is not written: no machine at hand could test it.
How an iteration becomes a part, a file of its own, is said at `count` in child/counting.py. The format is described in
valgrind's manual, "Callgrind Format Specification".
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
        """Where valgrind's parts are; it insists on being told of a launcher."""
        return {"VALGRIND_LIB": str(self.library), "VALGRIND_LAUNCHER": str(self.program)}

    def command(self, command: Sequence[str], counts: Path) -> list[str]:
        """The command that counts `command`."""
        late = ["--instr-atstart=no"] if self.starts_late else []
        return [str(self.program), *_OPTIONS, _MARK, *late, f"--callgrind-out-file={counts}", *command]

    def command_of_program(self, command: Sequence[str], counts: Path, blocks: int) -> list[str]:
        """The command that counts `command` from start to end, with files of its own for each process that it forks.

        A file holds a slice of the run, of `blocks` basic blocks: `<counts>.<pid>.1`, `.2` …, and the last one without
        a number.
        """
        return [
            str(self.program), *_OPTIONS, f"--dump-every-bb={blocks}", f"--callgrind-out-file={counts}.%p", *command,
        ]  # fmt: skip

    def without_messages(self, stderr: str) -> str:
        """A program's stderr without valgrind's remarks, such as of system calls that it does not know."""
        return _MESSAGE.sub("", stderr)

    def costs(self, counts: Path, part: int) -> list[Cost]:
        """The functions of one part. Raises ValueError."""
        path = counts.with_name(f"{counts.name}.{part}")
        try:
            return parse_costs(path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise ValueError(f"expected counts at {path.name}, but it cannot be read ({error.strerror})") from None


def parse_costs(text: str) -> list[Cost]:
    """Each function's own instructions, in the order of a callgrind file's first event.

    What a function called stands on the line after `calls=`, and is not its own. Raises ValueError where the sum is
    not the total that the file states.
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
    """The instructions of all calls of `functions`, with all that these called; calls among themselves count once."""
    return sum(
        instructions
        for (_, caller), called, instructions in _lines_of_cost(text.splitlines())
        if without_recursion(called) in functions and without_recursion(caller) not in functions
    )


def without_recursion(function: str) -> str:
    """A function's name without callgrind's suffix for the depth of its recursion."""
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
