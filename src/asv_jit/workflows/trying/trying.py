"""`asv-jit try`: measures any program in pairs, off and on, without a project and without leaving files.

The program runs in the current folder with the user's environment; its output is compared between the modes and
dropped. Interpreters take turns, a pair each, so that a slow minute hits all alike and an interrupt leaves results of
each.
"""

from __future__ import annotations

import random
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.cells.cell import Cell, Progress, cells_of, progress
from asv_jit.analysis.cells.evidence import hot_functions
from asv_jit.analysis.cells.summary import Limits, summarise
from asv_jit.analysis.remaining import PairRule, Unfinished, forecast
from asv_jit.analysis.speedup import log_ratios
from asv_jit.errors import InterruptedRunError, UsageError
from asv_jit.machine_checks import default_cpu
from asv_jit.model import ARMS, Case, Trial
from asv_jit.settings import Settings
from asv_jit.system import locks
from asv_jit.trials.launch import Place, Program, workspace
from asv_jit.trials.program import case_of, run_program, trace_program
from asv_jit.trials.record import Context
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.trying.report import TriedOn, TryReport, complaint, suspicions_of, why_none
from asv_jit.workflows.trying.targets import Target, notes_of_shell, remedy, shell_variables, targets_of

FEWEST_PAIRS = 2  # whatever the budget, because fewer have no interval
_ATTEMPTS = 2  # a disturbed pair is repeated once, while most are not
_FEW_PAIRS = 10
_PROTOCOL = "try"


class Options(Struct, frozen=True):
    """The user's choices. `arguments` follow the interpreter: a script, or `-m` and a module, then their own.

    `seconds` limits all measuring together, `pairs` that on one interpreter, `timeout_s` one run; each run reads
    `stdin` from its start.
    """

    arguments: tuple[str, ...]
    pythons: tuple[str, ...] = ()
    seconds: float = 120.0
    pairs: int = 45
    timeout_s: float = 600.0
    stdin: Path | None = None
    pinned: bool = True


@dataclass(slots=True)
class _Turn:
    """One interpreter and its trials so far."""

    target: Target
    place: Place
    trials: list[Trial] = field(default_factory=list)
    failed: Trial | None = None
    pair_s: float = 0.0
    blocks: int = 0
    disturbed: int = 0

    @property
    def cell(self) -> Cell | None:
        """The pairs so far, as a cell."""
        return next(iter(cells_of(self.trials).values()), None)

    @property
    def pairs(self) -> int:
        """The number of pairs with figures."""
        cell = self.cell
        return 0 if cell is None else len(cell.good_blocks)

    @property
    def log_ratios(self) -> Floats:
        """Log of off/on for each pair so far."""
        return log_ratios(*((cell.figures("off"), cell.figures("on")) if (cell := self.cell) is not None else ((), ())))

    @property
    def usual_s(self) -> float:
        """Mean duration of a pair so far, in seconds; estimated from the first run before there is one."""
        spent_s = sum(trial.duration_s for trial in self.trials if trial.arm in ARMS)
        return spent_s / self.blocks if self.blocks else self.pair_s


class _Bench:
    """Runs the program; holds what the interpreters share."""

    def __init__(self, options: Options, folder: Path, reporter: Reporter) -> None:
        self._options = options
        self._settings = Settings()
        self._reporter = reporter
        self._rng = random.Random(secrets.randbits(64))
        self._cpu = default_cpu() if options.pinned else None
        self._variables = {**shell_variables(), "PYTHONPYCACHEPREFIX": str(folder / "pycache")}
        self._program = Program(options.arguments, Path.cwd(), stdin_file(options.stdin, folder), options.timeout_s)
        self.name = shlex.join(options.arguments)
        self._case: Case = case_of(self.name, self._program)
        self._least = min(self._settings.pairs.min, options.pairs)
        self._began = time.monotonic()
        self.out_of_time = False

    def turn(self, target: Target) -> _Turn:
        """Prepare an interpreter."""
        return _Turn(target, Place(target.executable, self._program.folder, self._variables, self._cpu))

    def warm_up(self, turn: _Turn) -> None:
        """Run once in mode `off` without measuring, to fill caches, write bytecode and detect errors."""
        self._reporter.stage(f"CPython {turn.target.interpreter.identity}: a first run, not counted")
        with workspace() as space:
            context = self._context(turn, "warm-up")
            trial = run_program(turn.place, self._program, self._case, "warm-up", "off", 0, context, space)
        turn.pair_s = 2 * trial.duration_s
        if trial.outcome != "ok":
            turn.failed = trial

    def wants_pair(self, turn: _Turn) -> bool:
        """Return True if another pair is needed and there is time for it."""
        if self._step(turn) != "measure":
            return False
        if turn.blocks >= FEWEST_PAIRS and turn.pair_s > self._left_s:
            self.out_of_time = True
            return False
        return True

    @property
    def _left_s(self) -> float:
        """The rest of --seconds."""
        return max(self._options.seconds - (time.monotonic() - self._began), 0.0)

    def _step(self, turn: _Turn) -> Progress:
        if turn.failed is not None:
            return "failed"
        most = self._options.pairs
        return progress(turn.cell, precision=self._settings.precision, min_pairs=self._least, max_pairs=most)

    def pair(self, turn: _Turn) -> None:
        """Run both modes in random order, again if something disturbed them."""
        turn.blocks += 1
        seed = self._rng.randrange(1, 2**32)
        for attempt in range(1, _ATTEMPTS + 1):
            began = time.monotonic()
            trials = []
            for mode in self._rng.sample(ARMS, len(ARMS)):
                with workspace() as space:
                    context = self._context(turn, f"{turn.blocks:05d}", attempt)
                    trials.append(run_program(turn.place, self._program, self._case, mode, mode, seed, context, space))
            turn.trials += trials
            turn.pair_s = max(turn.pair_s, time.monotonic() - began)
            if not any(trial.disturbed for trial in trials):
                break
            turn.disturbed += attempt == 1
            if turn.blocks > _FEW_PAIRS and 2 * turn.disturbed > turn.blocks:
                break

    def trace(self, turn: _Turn) -> None:
        """Run once more to see what the JIT compiled; ignores a run that fails."""
        self._reporter.stage(f"CPython {turn.target.interpreter.identity}: what the JIT compiled, one more run")
        with workspace() as space:
            context = self._context(turn, "sample")
            trial = trace_program(turn.place, self._program, self._case, context, space)
        if trial.outcome == "ok":
            turn.trials.append(trial)

    def announce(self, turns: list[_Turn]) -> None:
        """Warn if even the fewest pairs take longer than --seconds."""
        least_s = FEWEST_PAIRS * sum(turn.pair_s for turn in turns)
        if least_s > self._options.seconds:
            self._reporter.warn(
                f"one run takes up to {max(turn.pair_s for turn in turns) / 2:.0f} s, so that {FEWEST_PAIRS} pairs on "
                f"each interpreter take about {least_s / 60:.0f} min, more than --seconds: --python names a single "
                "one, and Ctrl-C reports what there is"
            )

    def advance(self, turns: list[_Turn], turn: _Turn) -> None:
        """Report progress."""
        done = 2 * sum(one.blocks for one in turns)
        rule = PairRule(self._settings.precision, self._least, self._options.pairs, self._settings.equivalence)
        going = [one for one in turns if self._step(one) == "measure"]
        unfinished = [Unfinished((one.log_ratios,), max(self._least - one.blocks, 1), 2, one.usual_s) for one in going]
        known = [one.log_ratios for one in turns if one not in going]
        found = forecast(unfinished, rule, known=known, seed=0)
        most_s = max(self._left_s, sum(max(FEWEST_PAIRS - one.blocks, 0) * one.pair_s for one in going))
        left_s = (min(found.seconds.low, most_s), min(found.seconds.high, most_s))
        total = done + max(round(found.trials.middle), 2)
        self._reporter.advance(f"CPython {turn.target.interpreter.identity}", done, total, left_s)

    def result(self, turn: _Turn) -> TriedOn:
        """Summarise the trials of one interpreter."""
        tried = TriedOn(turn.target.interpreter.identity, str(turn.target.executable), None)
        if turn.failed is not None:
            return replace(
                tried, complaint=complaint(turn.failed), remedy=remedy(turn.failed.stderr, turn.target, self.name)
            )
        cell = turn.cell
        if cell is None or len(cell.good_blocks) < FEWEST_PAIRS:
            return replace(tried, suspicions=suspicions_of(turn.trials, None), complaint=why_none(turn.trials))
        summary = summarise(cell, Limits(self._settings.alpha, self._settings.equivalence))
        sampled = next((trial for trial in turn.trials if trial.arm == "sample"), None)
        if sampled is not None:
            hot = hot_functions(sampled.samples, sampled.evidence)
            summary = replace(summary, evidence=sampled.evidence, hot=hot)
        return replace(tried, summary=summary, suspicions=suspicions_of(turn.trials, summary))

    @property
    def alpha(self) -> float:
        """One minus the level of the intervals."""
        return self._settings.alpha

    def _context(self, turn: _Turn, block: str, attempt: int = 1) -> Context:
        return Context(
            session=_PROTOCOL,
            block=block,
            attempt=attempt,
            purpose="run",
            interpreter=turn.target.interpreter.identity,
            installation=str(turn.target.executable),
            protocol=_PROTOCOL,
            cpu=self._cpu,
        )


def try_program(options: Options, reporter: Reporter) -> TryReport:
    """Measure a program on each interpreter until precise or out of time; an interrupt returns what there is.

    Raises UsageError for a missing script or input, NoInterpreterError without an interpreter with a JIT,
    LockedError while another process measures.
    """
    check_script(options.arguments)
    targets = targets_of(options.pythons)
    with (
        locks.held(locks.measuring_lock(), doing="measure"),
        tempfile.TemporaryDirectory(prefix="asv-jit-try-") as folder,
    ):
        bench = _Bench(options, Path(folder), reporter)
        turns = [bench.turn(target) for target in targets]
        interrupted = False
        try:
            _measure(bench, turns)
        except (KeyboardInterrupt, InterruptedRunError):
            interrupted = True
        return TryReport(
            program=bench.name,
            results=tuple(bench.result(turn) for turn in turns if turn.blocks or turn.failed is not None),
            notes=(*notes_of_shell(), *_notes_of_platform(options)),
            alpha=bench.alpha,
            out_of_time=bench.out_of_time,
            interrupted=interrupted,
        )


def _measure(bench: _Bench, turns: list[_Turn]) -> None:
    for turn in turns:
        bench.warm_up(turn)
    going = [turn for turn in turns if turn.failed is None]
    bench.announce(going)
    while going:
        for turn in going:
            bench.advance(turns, turn)
            bench.pair(turn)
        going = [turn for turn in going if bench.wants_pair(turn)]
    for turn in turns:
        if turn.pairs:
            bench.trace(turn)


def check_script(arguments: tuple[str, ...]) -> None:
    """Raise UsageError if the script does not exist."""
    if arguments[0] != "-m" and not Path(arguments[0]).exists():
        raise UsageError(
            f"expected the path of a Python script, found no file {arguments[0]} (a module: try -m MODULE)"
        )


def stdin_file(given: Path | None, folder: Path) -> Path:
    """Return the file for each run's standard input: the null device, `given`, or a copy of our own input for `-`."""
    if given is None:
        return Path("/dev/null") if sys.platform != "win32" else Path("NUL")
    if str(given) == "-":
        copy = folder / "stdin"
        with copy.open("wb") as stream:
            shutil.copyfileobj(sys.stdin.buffer, stream)
        return copy
    if not given.is_file():
        raise UsageError(f"--stdin: expected a file to read from, found none at {given}")
    return given.absolute()


def _notes_of_platform(options: Options) -> list[str]:
    if not options.pinned:
        return ["not pinned to a core, as asked for: expect more noise"]
    if sys.platform != "linux":
        return ["this system can neither pin a process to a core nor tell what else used it: expect more noise"]
    return []
