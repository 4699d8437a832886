"""`asv-jit try --count`: the instructions of a whole program, once in each mode on each interpreter."""

from __future__ import annotations

import math
import shlex
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.errors import InterruptedRunError
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import ARMS, Mode
from asv_jit.system import locks, processes
from asv_jit.trials.counter import Callgrind
from asv_jit.trials.launch import Place, Program, launch_program, workspace
from asv_jit.trials.program import ProgramCount, count_program
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.trying.targets import Target, notes_of_shell, remedy, shell_variables, targets_of
from asv_jit.workflows.trying.trying import Options, check_script, stdin_file

_HASH_SEED = 0
_SLOWDOWN = 50  # of a program's own work under callgrind
_STARTING_S = 4.0  # Python's start under callgrind
_SLICES = 50  # about how many slices a run is cut into
_BLOCKS_A_SECOND = 8e8  # basic blocks that a processor executes per second, roughly
_LEAST_BLOCKS = 1 << 19


class CountedOn(Struct, frozen=True):
    """The counts on one interpreter; `plain_s`: the duration of one run in mode `off` without valgrind.

    Without counts, `complaint` is the reason and `remedy` what the user can do.
    """

    interpreter: str
    executable: str
    plain_s: float | None = None
    off: ProgramCount | None = None
    on: ProgramCount | None = None
    complaint: str = ""
    remedy: str = ""


class CountReport(Struct, frozen=True):
    """The result of `asv-jit try --count`; `interrupted`: the user stopped it."""

    program: str
    counter: str
    hash_seed: int
    results: tuple[CountedOn, ...]
    notes: tuple[str, ...]
    interrupted: bool


def count_by_mode(options: Options, reporter: Reporter) -> CountReport:
    """Count a program on each interpreter, both modes in parallel; an interrupt returns what there is.

    Raises UsageError for a missing script or input, NoInterpreterError without an interpreter with a JIT,
    NoCounterError if valgrind is missing and cannot be installed, LockedError while another process measures.
    """
    check_script(options.arguments)
    targets = targets_of(options.pythons)
    counter = find_or_install().callgrind()
    results: list[CountedOn] = []
    interrupted = False
    with (
        locks.held(locks.measuring_lock(), doing="measure"),
        # After an interrupt, children may still write here until they end with this process.
        tempfile.TemporaryDirectory(prefix="asv-jit-try-", ignore_cleanup_errors=True) as folder,
    ):
        program = Program(options.arguments, Path.cwd(), stdin_file(options.stdin, Path(folder)), options.timeout_s)
        variables = {**shell_variables(), "PYTHONPYCACHEPREFIX": str(Path(folder) / "pycache")}
        try:
            plain = [_plain(target, program, variables, reporter) for target in targets]
            _announce(plain, reporter)
            for target, before in zip(targets, plain, strict=True):
                results.append(_counted(counter, target, program, variables, before, reporter))
        except (KeyboardInterrupt, InterruptedRunError):
            interrupted = True
    return CountReport(
        program=shlex.join(options.arguments),
        counter=counter.identity,
        hash_seed=_HASH_SEED,
        results=tuple(results),
        notes=tuple(notes_of_shell()),
        interrupted=interrupted,
    )


def expected_s(plain_s: float, cores: int) -> float:
    """Return about how long both modes take under valgrind, in seconds."""
    return (_STARTING_S + _SLOWDOWN * plain_s) * (1 if cores > 1 else len(ARMS))


def slice_blocks(plain_s: float) -> int:
    """The basic blocks of a slice: a power of two, so that most runs of a program are cut in the same places."""
    return max(_LEAST_BLOCKS, 1 << round(math.log2(max(plain_s, 1e-3) * _BLOCKS_A_SECOND / _SLICES)))


def _place(target: Target, program: Program, variables: dict[str, str]) -> Place:
    return Place(target.executable, program.folder, variables, None)


def _plain(target: Target, program: Program, variables: dict[str, str], reporter: Reporter) -> CountedOn:
    """Run once in mode `off` without valgrind, for the duration and to see whether the program works."""
    identity = target.interpreter.identity
    reporter.stage(f"CPython {identity}: a first run without valgrind")
    with workspace() as space:
        launched = launch_program(_place(target, program, variables), program, "off", _HASH_SEED, space)
    found = CountedOn(identity, str(target.executable))
    if launched.answer is None:
        help_ = remedy(launched.finished.stderr, target, shlex.join(program.arguments))
        return replace(found, complaint=f"with the JIT off: {launched.complaint}", remedy=help_)
    return replace(found, plain_s=launched.answer.durations_ns[0] / 1e9)


def _announce(plain: list[CountedOn], reporter: Reporter) -> None:
    """Report how long counting will take."""
    times = [one.plain_s for one in plain if one.plain_s is not None]
    if times:
        total_s = sum(expected_s(one, processes.cores()) for one in times)
        each = ", ".join(f"{one:.2f} s" for one in times)
        reporter.stage(
            f"a plain run takes {each}: about {total_s:.0f} s under valgrind (about {_SLOWDOWN} times slower)"
        )


def _counted(
    counter: Callgrind,
    target: Target,
    program: Program,
    variables: dict[str, str],
    before: CountedOn,
    reporter: Reporter,
) -> CountedOn:
    plain_s = before.plain_s
    if plain_s is None:
        return before
    reporter.stage(f"CPython {before.interpreter}: counting, JIT off and on")
    place = _place(target, program, variables)
    slow = replace(program, timeout_s=None if program.timeout_s is None else program.timeout_s * _SLOWDOWN)

    def count(mode: Mode) -> ProgramCount | str:
        return count_program(counter, place, slow, mode, _HASH_SEED, slice_blocks=slice_blocks(plain_s))

    pool = ThreadPoolExecutor(min(processes.cores(), len(ARMS)))
    try:
        counts = dict(zip(ARMS, pool.map(count, ARMS), strict=True))
    finally:  # after an interrupt, too; running children end with our process group
        pool.shutdown(wait=False, cancel_futures=True)
    complaints = [f"with the JIT {mode}, under valgrind: {it}" for mode, it in counts.items() if isinstance(it, str)]
    good = {mode: it for mode, it in counts.items() if not isinstance(it, str)}
    return replace(before, off=good.get("off"), on=good.get("on"), complaint="\n".join(complaints))
