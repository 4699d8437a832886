"""The values that pass between the parts. All are frozen; units stand in the names; `None` means "no data".

`Trial` is the record that the journal keeps for ever: fields may be added with a default, never renamed,
never given another meaning.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Mode: TypeAlias = Literal["off", "on"]
Purpose: TypeAlias = Literal["run", "anchor", "compare", "bisect", "confirm", "quick"]
Outcome: TypeAlias = Literal["ok", "failed", "crashed", "timeout", "skipped", "unbuildable"]
Kind: TypeAlias = Literal["time", "timeraw", "track", "mem", "peakmem"]
Part: TypeAlias = Literal["loop", "jit", "interpreter", "extensions", "libc", "other"]

ARMS: tuple[Mode, Mode] = ("off", "on")

# How trials are made. Series never mix protocols; a change of what a figure means gets a new number.
PROTOCOL = "2"
QUICK_PROTOCOL = "2-quick"
COUNT_PROTOCOL = "1"  # of counted trials, which have journals and series of their own

HASH_SEEDS = (1, 2, 3)
"""The hash seeds of counted trials: the same in all arms, so that counts can be compared seed by seed."""


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark as asv discovered it; `params` are asv's texts, one tuple a parameter.

    `unused_attributes` are asv's attributes that it sets and that mean nothing here, such as `rounds`.
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
    """What names a case in every table, file and page: the benchmark and the texts of its parameters."""

    benchmark: str
    params: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.benchmark}({', '.join(self.params)})" if self.params else self.benchmark


class Case(msgspec.Struct, frozen=True):
    """A benchmark with one combination of its parameters; `param_index` is its place in asv's product."""

    benchmark: Benchmark
    params: tuple[str, ...]
    param_index: int | None

    @property
    def key(self) -> CaseKey:
        """The case's name."""
        return CaseKey(self.benchmark.name, self.params)


class Disturbance(msgspec.Struct, frozen=True, kw_only=True):
    """What else happened on the core while a trial ran. Rates only: durations never enter the rule.

    `steal` is the share of the trial that the hypervisor gave to others, `others` the share of the core that
    other processes used, `load` the load average before; None where the platform does not tell. `fixed_work_s`: how
    long the same piece of arithmetic took beside the steady iterations, the median: how fast the core was.
    """

    steal: float | None = None
    others: float | None = None
    load: float | None = None
    involuntary_per_s: float | None = None
    frequency_mhz: float | None = None
    fixed_work_s: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def disturbed(self) -> bool:
        """Whether the block should be repeated."""
        return bool(self.reasons)


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs on one function's code: executors, bytes of machine code, static micro-operations.

    `mentions` names the functions whose addresses the traces hold: what they call or have inlined.
    """

    function: str
    executors: int
    code_bytes: int
    micro_ops: int
    names: dict[str, int] = {}
    mentions: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the JIT had compiled at the end of a trial; `harness` is what it compiled of our own loop."""

    functions: tuple[Trace, ...] = ()
    harness: tuple[Trace, ...] = ()
    error: str | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal: one fresh process, one case, one mode, one installation.

    Seconds are per call where the name says `steady` or `first_call`, else of the whole step. `curve` holds at
    most 64 points (iterations done, seconds of running until then), spaced evenly in the logarithm. `start_s`
    is from the start of the process to the harness's first instruction. `value` is what `track_`, `mem_` and
    `peakmem_` benchmarks measured, in the benchmark's unit. `requirements` names the set of the matrix that was
    installed, such as `numpy==2.1.0 six`; empty where the matrix adds nothing, and in lines from before it was
    recorded. `samples` (function, count) come from a trial of arm `sample`, which is interrupted by a timer and not
    timed.
    """

    trial: str
    session: str
    block: str
    arm: str
    purpose: Purpose
    attempt: int
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
    hash_seed: int
    cpu: int | None
    inner_loops: int
    iterations: int
    outcome: Outcome
    exit: int | None
    signal: str | None
    stderr: str
    started: str
    duration_s: float
    import_s: float | None = None
    setup_s: float | None = None
    first_call_s: float | None = None
    steady_kind: str | None = None
    steady_start: int | None = None
    steady_s: float | None = None
    warmup_s: float | None = None
    curve: tuple[tuple[int, float], ...] = ()
    peak_rss_bytes: int | None = None
    digest: str | None = None
    disturbance: Disturbance | None = None
    evidence: Evidence | None = None
    start_s: float | None = None
    value: float | None = None
    requirements: str = ""
    samples: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> CaseKey:
        """The case that was run."""
        return CaseKey(self.benchmark, self.params)

    @property
    def disturbed(self) -> bool:
        """Whether something else used its core."""
        return self.disturbance is not None and self.disturbance.disturbed

    @property
    def figure(self) -> float | None:
        """The one number of a trial: its steady time in seconds per call, else the value it tracked."""
        return self.steady_s if self.steady_s is not None else self.value


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Where the instructions of a steady iteration go; the sum is the steady count, to the instruction.

    `loop`: the interpreter's loop, what a JIT can replace; `jit`: code made by the JIT, or by another code generator
    in the process; `interpreter`: the interpreter's C code; `extensions`: extension modules; `libc`: the C library.
    """

    loop: int = 0
    jit: int = 0
    interpreter: int = 0
    extensions: int = 0
    libc: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.loop + self.jit + self.interpreter + self.extensions + self.libc + self.other


class FunctionCount(msgspec.Struct, frozen=True, kw_only=True):
    """A function's own instructions in a steady iteration; `name` is an address where the binary has no name."""

    part: Part
    name: str
    instructions: int


class CountedTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal of counts: one fresh process under a counter of instructions. Kept for ever, as `Trial`.

    `counter` names what counted (tool, version, the processor features that it shows to programs): another one starts
    a new series. Instructions are of a whole iteration, which is `inner_loops` calls; only the first two iterations
    are single calls. `curve` holds (how often, instructions) of successive iterations from cold, equal ones joined.
    `steady_start` counts iterations from 0. `functions` are the heaviest of the steady iteration that `split` is of.
    `purpose`, `outcome` and the fields that are not named here mean what they mean in `Trial`.
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
    requirements: str
    counter: str
    mode: Mode
    jit_enabled: bool | None
    hash_seed: int
    inner_loops: int
    iterations: int
    outcome: Outcome
    exit: int | None
    signal: str | None
    stderr: str
    started: str
    duration_s: float
    steady_instructions: int | None = None
    steady_start: int | None = None
    warmup_instructions: int | None = None
    curve: tuple[tuple[int, int], ...] = ()
    split: Split | None = None
    functions: tuple[FunctionCount, ...] = ()
    digest: str | None = None
    evidence: Evidence | None = None

    @property
    def key(self) -> CaseKey:
        """The case that was counted."""
        return CaseKey(self.benchmark, self.params)

    @property
    def per_call(self) -> float | None:
        """Steady instructions per call: the one number of a counted trial."""
        return None if self.steady_instructions is None else self.steady_instructions / self.inner_loops

    @property
    def counts(self) -> tuple[int, ...]:
        """The instructions of each iteration from cold."""
        return tuple(count for times, count in self.curve for _ in range(times))


def moment_s(started: str) -> float:
    """A trial's `started` in seconds since 1970; 0 for one that no clock wrote: journals can come from elsewhere."""
    try:
        return datetime.fromisoformat(started).timestamp()
    except (ValueError, OverflowError):
        return 0.0


_BESIDE = " with "


def build_of(identity: str, requirements: str) -> str:
    """What stands beside others on the site: an interpreter, with what tells its set of requirements from others."""
    return f"{identity}{_BESIDE}{requirements}" if requirements else identity


def interpreter_of(build: str) -> str:
    """The interpreter's identity in what `build_of` made."""
    return build.partition(_BESIDE)[0]


def version_of(identity: str) -> str:
    """`3.15.2` of an interpreter's `3.15.2+1a2b3c4d`; what has no digest, such as asv's `3.12`, stays as it is.

    Of a build with requirements, those stay: `3.15.2 with six==1.16`.
    """
    interpreter, beside, requirements = identity.partition(_BESIDE)
    return interpreter.partition("+")[0] + beside + requirements


def minor_of(identity: str) -> str:
    """The minor version of an identity or a version: `3.15`."""
    return ".".join(version_of(interpreter_of(identity)).split(".")[:2])
