"""The values that modules exchange. All are frozen, names carry units, and `None` means "no data".

The journal stores every `Trial` permanently: new fields need a default, and no field may be renamed or change its
meaning.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec

Mode: TypeAlias = Literal["off", "on"]
Purpose: TypeAlias = Literal["run", "anchor", "compare", "bisect", "confirm", "quick"]
Outcome: TypeAlias = Literal["ok", "failed", "crashed", "timeout", "skipped", "unbuildable"]
Kind: TypeAlias = Literal["time", "timeraw", "track", "mem", "peakmem"]
SteadyKind: TypeAlias = Literal["flat", "warmup", "slowdown", "no_steady_state"]
Part: TypeAlias = Literal["loop", "jit", "interpreter", "extensions", "libc", "other"]

ARMS: tuple[Mode, Mode] = ("off", "on")

# How trials are run. Series never mix protocols: when a figure changes its meaning, the protocol gets a new number.
PROTOCOL = "2"
QUICK_PROTOCOL = "2-quick"
COUNT_PROTOCOL = "4"  # for counted trials, which have their own journals and series

# Bounds of what is read: any machine's results may be merged.
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z_+.-]{0,199}\Z")]
"""A hash, or an identity that asv-jit made: no separator of paths, and no option of git, whoever wrote the file."""
MaybeName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-Za-z][0-9A-Za-z_+.-]{0,199})?\Z")]
HashSeed: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Moment: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d")]
"""A date and time as `datetime.isoformat` writes it."""
Instructions: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1e12)]
SteadySeconds: TypeAlias = Annotated[float, msgspec.Meta(gt=0.0, le=1e12)]
Probability: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1.001)]  # a sum of many may be a rounding above 1
Bytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Calls: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
# A counted trial has at most 200 iterations; readers expand the curve, which may not fill the memory.
Repetitions: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1000)]
CountCurve: TypeAlias = Annotated[tuple[tuple[Repetitions, Instructions], ...], msgspec.Meta(max_length=1000)]

HASH_SEEDS = (1, 2, 3)
"""The hash seeds of counted trials, the same in all arms, so that counts are compared seed by seed.

Each seed also has a layout of memory of its own; see `lay_out` in trials/child/counting.py.
"""


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark as asv discovered it; `params` holds asv's texts, one tuple per parameter.

    `unused_attributes` names the asv attributes that the benchmark sets and asv-jit ignores, such as `rounds`.
    """

    name: str
    version: str
    kind: Kind
    unit: str
    params: tuple[tuple[str, ...], ...] = ()
    timeout_s: float
    setup_cache_key: str | None = None
    setup_cache_timeout_s: float | None = None
    code: str = ""
    unused_attributes: tuple[str, ...] = ()


class CaseKey(msgspec.Struct, frozen=True, order=True):
    """The name of a case in every table, file and page: the benchmark and its parameters as text."""

    benchmark: str
    params: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.benchmark}({', '.join(self.params)})" if self.params else self.benchmark


class Case(msgspec.Struct, frozen=True):
    """A benchmark with one combination of its parameters; `param_index` is its index in asv's product."""

    benchmark: Benchmark
    params: tuple[str, ...]
    param_index: int | None

    @property
    def key(self) -> CaseKey:
        """The case's name."""
        return CaseKey(self.benchmark.name, self.params)


class Disturbance(msgspec.Struct, frozen=True, kw_only=True):
    """Other activity on the core during a trial, as rates. A trial's duration never makes it disturbed.

    `steal` is the share of the trial that the hypervisor gave to other machines, `others` the share of the core that
    other processes used, `load` the load average before the trial; None if the platform does not report it.
    `fixed_work_s` is the median time of a fixed piece of arithmetic, run between the steady iterations: it shows how
    fast the core was.
    """

    steal: float | None = None
    others: float | None = None
    load: float | None = None
    involuntary_per_s: float | None = None
    frequency_mhz: float | None = None
    fixed_work_s: SteadySeconds | None = None
    reasons: tuple[str, ...] = ()

    @property
    def disturbed(self) -> bool:
        """True if the block should be repeated."""
        return bool(self.reasons)


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """The JIT traces of one function: executors, bytes of machine code, static micro-operations.

    `mentions` names the functions whose addresses the traces contain: those that they call or inline.
    """

    function: str
    executors: int
    code_bytes: int
    micro_ops: int
    names: dict[str, int] = {}
    mentions: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The traces that the JIT had compiled at the end of a trial; `harness` holds those of our own loop."""

    functions: tuple[Trace, ...] = ()
    harness: tuple[Trace, ...] = ()
    error: str | None = None


class TrialBase(msgspec.Struct, frozen=True, kw_only=True):
    """What the lines of both journals share: one fresh process, one case, one mode, one installation.

    `requirements` names the installed set of the matrix, such as `numpy==2.1.0 six`; it is empty if the matrix adds
    nothing, and in old lines. `steady_start` counts iterations from 0.
    """

    trial: str
    session: str
    purpose: Purpose
    commit: str
    interpreter: str
    installation: str
    benchmark: str
    benchmark_version: str
    params: tuple[str, ...]
    machine: str
    protocol: str
    mode: Mode
    jit_enabled: bool | None
    hash_seed: HashSeed
    inner_loops: Calls
    iterations: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    outcome: Outcome
    exit: int | None
    signal: str | None
    stderr: str
    started: Moment
    duration_s: Seconds
    requirements: str = ""
    steady_start: int | None = None
    digest: str | None = None
    evidence: Evidence | None = None

    @property
    def key(self) -> CaseKey:
        """The case that the trial ran."""
        return CaseKey(self.benchmark, self.params)


class Trial(TrialBase, frozen=True, kw_only=True):
    """One line of the journal of times.

    `steady_s` and `first_call_s` are per call; other times are of the whole step. `curve` holds at most 64 points
    (iterations, elapsed seconds), spaced evenly on a log scale. `start_s` runs from the start of the process to the
    harness's first instruction. `value` is the result of a `track_`, `mem_` or `peakmem_` benchmark, in the
    benchmark's unit. `samples` (function, count) come from trials of arm `sample`, which a timer interrupts and which
    are not timed.
    """

    block: str
    arm: str
    attempt: int
    cpu: int | None
    import_s: Seconds | None = None
    setup_s: Seconds | None = None
    first_call_s: Seconds | None = None
    steady_kind: SteadyKind | None = None
    steady_s: SteadySeconds | None = None
    warmup_s: Seconds | None = None
    curve: tuple[tuple[Calls, Seconds], ...] = ()
    peak_rss_bytes: Bytes | None = None
    disturbance: Disturbance | None = None
    start_s: Seconds | None = None
    value: float | None = None
    samples: tuple[tuple[str, int], ...] = ()

    @property
    def disturbed(self) -> bool:
        """True if another process used the trial's core."""
        return self.disturbance is not None and self.disturbance.disturbed

    @property
    def never_settled(self) -> bool:
        """True if its times reached no steady level."""
        return self.steady_kind == "no_steady_state"

    @property
    def figure(self) -> float | None:
        """The trial's result: its steady time in seconds per call, else its tracked value."""
        return self.steady_s if self.steady_s is not None else self.value


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Instructions of a steady iteration by part of the process; they sum exactly to the steady count.

    `loop`: the interpreter's loop, which a JIT can replace; `jit`: code generated by the JIT or another code generator
    in the process; `interpreter`: the interpreter's other C code; `extensions`: extension modules; `libc`: the C
    library.
    """

    loop: Instructions = 0
    jit: Instructions = 0
    interpreter: Instructions = 0
    extensions: Instructions = 0
    libc: Instructions = 0
    other: Instructions = 0

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.loop + self.jit + self.interpreter + self.extensions + self.libc + self.other


class FunctionCount(msgspec.Struct, frozen=True, kw_only=True):
    """A function's own instructions in a steady iteration; `name` is an address if the binary has no symbol."""

    part: Part
    name: str
    instructions: Instructions


class CountedTrial(TrialBase, frozen=True, kw_only=True):
    """One line of the journal of counts: one fresh process whose instructions were counted. Stored like `Trial`.

    `counter` names the counter (tool, version, the processor features that it shows to programs); a different counter
    starts a new series. Instructions are per iteration of `inner_loops` calls, except the first two iterations, which
    are single calls. `curve` holds (repetitions, instructions) of successive iterations from a cold start, as a
    run-length encoding. `functions` are the heaviest in the steady iteration that `split` describes.
    """

    counter: str
    inner_loops: Calls
    steady_instructions: Instructions | None = None
    warmup_instructions: Instructions | None = None
    curve: CountCurve = ()
    split: Split | None = None
    functions: tuple[FunctionCount, ...] = ()

    @property
    def per_call(self) -> float | None:
        """The trial's result: steady instructions per call."""
        return None if self.steady_instructions is None else self.steady_instructions / self.inner_loops

    @property
    def counts(self) -> tuple[int, ...]:
        """Instructions of each iteration, from a cold start."""
        return tuple(count for times, count in self.curve for _ in range(times))


def moment_s(started: str) -> float:
    """Convert a trial's `started` to seconds since 1970; 0 if it is invalid, as a foreign journal's may be."""
    try:
        return datetime.fromisoformat(started).timestamp()
    except (ValueError, OverflowError):
        return 0.0


_BESIDE = " with "


def build_of(identity: str, requirements: str) -> str:
    """Return the name of an interpreter with a set of requirements, as the site shows it."""
    return f"{identity}{_BESIDE}{requirements}" if requirements else identity


def interpreter_of(build: str) -> str:
    """Return the interpreter's identity in a name made by `build_of`."""
    return build.partition(_BESIDE)[0]


def version_of(identity: str) -> str:
    """Return an identity without its digest: `3.15.2` for `3.15.2+1a2b3c4d`; asv's `3.12` has none and is unchanged.

    A build keeps its requirements: `3.15.2 with six==1.16`.
    """
    interpreter, beside, requirements = identity.partition(_BESIDE)
    return interpreter.partition("+")[0] + beside + requirements


def minor_of(identity: str) -> str:
    """Return the minor version of an identity or a version, such as `3.15`."""
    return ".".join(version_of(interpreter_of(identity)).split(".")[:2])
