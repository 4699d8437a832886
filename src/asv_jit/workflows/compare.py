"""`asv-jit compare`: two commits (or two interpreters at one commit) in both modes, interleaved, case by case.

Both sides run the benchmarks of the working tree, so that only the code under test differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from asv_jit import installations
from asv_jit.analysis.attribution import Axis
from asv_jit.analysis.beside import log_ratios_of, progress
from asv_jit.analysis.cells.summary import Limits
from asv_jit.analysis.comparison import CaseComparison, Worsening, compare, means, undecided, worsenings
from asv_jit.analysis.metrics import Metric
from asv_jit.analysis.remaining import Forecast, PairRule, Unfinished, forecast
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.installations import Installation, UnbuildableError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.system import locks
from asv_jit.workflows.measuring.engine import Budget
from asv_jit.workflows.measuring.outlook import Outlook
from asv_jit.workflows.measuring.pairing import Pairing, discover_suite, modes_of, repository_folder
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.selection import interpreters_of
from asv_jit.workflows.measuring.session import Session


class Options(Struct, frozen=True):
    """What the user asked for: two commits on the configuration's interpreters, or one commit on `between`."""

    words: tuple[str, ...]
    between: tuple[str, str] | None = None
    bench: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    fail_on: float | None = None
    machine: str | None = None


class Side(Struct, frozen=True):
    """One side: what was built where."""

    commit: Commit
    interpreter: Interpreter

    def __str__(self) -> str:
        return f"{self.commit.short} on CPython {self.interpreter.identity}"


class Comparison(Struct, frozen=True):
    """The two sides of one table, its cases, and the suite's geometric mean of before / after in each mode."""

    before: Side
    after: Side
    axis: Axis
    cases: tuple[CaseComparison, ...]
    means: dict[Metric, SuiteSpeedup]


class Outcome(Struct, frozen=True):
    """The result. `unbuilt`: sides that could not be installed, with reasons; `worse`: what became worse by at least
    `fail_on`; `undecided`: what may have; `notes`: caveats for the reader."""

    comparisons: tuple[Comparison, ...]
    unbuilt: tuple[tuple[str, str], ...]
    worse: tuple[Worsening, ...]
    undecided: tuple[Worsening, ...]
    fail_on: float
    notes: tuple[str, ...]

    @property
    def unmeasured(self) -> bool:
        """Whether anything requested has no figures."""
        return bool(self.unbuilt) or any(case.fails_on for one in self.comparisons for case in one.cases)


def compare_sides(project: Project, options: Options, reporter: Reporter) -> Outcome:
    """Measure both sides and compare them.

    Raises UsageError if there is nothing to compare, NoInterpreterError, LockedError, StorageError.
    """
    suite.refuse_unknown(project, options.bench)
    repository = Repository(repository_folder(project))
    wanted, axis = sides_of(project, repository, options)
    fail_on = project.settings.equivalence if options.fail_on is None else options.fail_on
    notes = notes_of(repository)
    machine = this_machine(options.machine)
    comparisons, unbuilt = [], []
    with (
        locks.held(locks.measuring_lock(), doing="measure"),
        locks.held(locks.results_lock(project.results_dir), doing="write results"),
        Session(project, machine, reporter, purpose="compare") as session,
    ):
        for before, after in wanted:
            built, broken = install_sides(session, (before, after), reporter)
            unbuilt += broken
            if not broken:
                found = _compare(project, session, (before, after), built, axis, options, reporter)
                comparisons.append(found)
        installations.prune([])
    if not comparisons:
        raise UsageError("nothing can be compared:\n" + "\n".join(reason for _, reason in unbuilt))
    cases = [case for one in comparisons for case in one.cases]
    return Outcome(
        comparisons=tuple(comparisons),
        unbuilt=tuple(unbuilt),
        worse=worsenings(cases, fail_on=fail_on),
        undecided=undecided(cases, fail_on=fail_on, equivalence=project.settings.equivalence),
        fail_on=fail_on,
        notes=tuple(notes),
    )


def notes_of(repository: Repository) -> list[str]:
    """Return the caveats of every comparison."""
    notes = ["both sides run the benchmarks of the working tree"]
    if repository.is_dirty():
        notes.append("uncommitted changes of the working tree are not measured")
    return notes


def sides_of(project: Project, repository: Repository, options: Options) -> tuple[list[tuple[Side, Side]], Axis]:
    """Return the pairs of sides that the user asked for, and what differs between them."""
    if options.between is not None:
        if len(options.words) > 1 or options.pythons:
            raise UsageError("expected `compare --pythons X Y [COMMIT]`: two interpreters and at most one commit")
        commit = repository.resolve(options.words[0] if options.words else "HEAD")
        x, y = (interpreters_of(project, [spec])[0] for spec in options.between)
        if x.identity == y.identity:
            raise UsageError(f"both of {' and '.join(options.between)} mean CPython {x.identity}; give two releases")
        return [(Side(commit, x), Side(commit, y))], "pythons"
    a, b = _commits(repository, options.words)
    if a.hash == b.hash:
        raise UsageError(f"both sides are commit {a.short} ({a.subject}); give two commits")
    found = interpreters_of(project, options.pythons)
    chosen = [one for one in found if one.has_jit]
    if not chosen and not options.pythons:
        raise NoInterpreterError(
            f"expected at least one CPython with the JIT, found only {', '.join(one.identity for one in found)}; "
            "install one with `asv-jit pythons install 3.15`, or compare without the JIT by naming it with --python"
        )
    return [(Side(a, one), Side(b, one)) for one in (found if options.pythons else chosen)], "commits"


def _commits(repository: Repository, words: Sequence[str]) -> tuple[Commit, Commit]:
    """Parse `A`, `A B`, `A..B`, or `A...B`: from their merge base to B, as for a pull request."""
    if not words or len(words) > 2:
        raise UsageError("expected one or two commits: `asv-jit compare main` or `asv-jit compare v1.0 v1.1`")
    first, dots, rest = words[0].partition("...")
    if not dots:
        first, dots, rest = words[0].partition("..")
    if dots and len(words) > 1:
        raise UsageError(f"expected one range or two commits, found {' '.join(words)!r}")
    b = repository.resolve((rest if dots else words[-1] if len(words) > 1 else "") or "HEAD")
    a = repository.resolve(first or "HEAD")
    if dots == "...":
        base = repository.merge_base(a.hash, b.hash)
        if base is None:
            raise UsageError(f"{first} and {b.short} have no commit in common; give two commits")
        a = base
    return a, b


def install_sides(
    session: Session, sides: Sequence[Side], reporter: Reporter
) -> tuple[list[Installation], list[tuple[str, str]]]:
    """Return the installations, and the sides that could not be built with their reasons."""
    built, broken = [], []
    for side in sides:
        reporter.stage(f"installing {side}")
        try:
            built.append(session.install(side.interpreter, side.commit.hash))
        except UnbuildableError as error:
            reporter.warn(str(error))
            broken.append((str(side), str(error)))
    return built, broken


def _compare(
    project: Project,
    session: Session,
    sides: tuple[Side, Side],
    built: Sequence[Installation],
    axis: Axis,
    options: Options,
    reporter: Reporter,
) -> Comparison:
    """Measure a block of each unfinished case in random order, round after round, so that a slow minute hits all."""
    reporter.stage("discovering the suite")
    cases = suite.select(discover_suite(project, session, list(reversed(built))).cases, options.bench)
    modes = modes_of(*(side.interpreter for side in sides))
    session.learn_efforts(cases, sides[0].interpreter.identity)
    everything = [Pairing(session, built[0], built[1], case, modes) for case in cases]
    unfinished, clock = list(everything), Budget()
    outlook = Outlook(
        reporter,
        lambda: _forecast(project, everything, outlook.pace),
        spent_s=lambda: clock.spent_s,
        most_s=lambda: clock.left_s,
    )
    while unfinished:
        session.rng.shuffle(unfinished)
        for position, pairing in enumerate(unfinished):
            outlook.show(f"{pairing.case.key} on both sides", position, len(unfinished))
            first = not pairing.blocks
            outlook.count(pairing.measure().trials, first=first)
        unfinished = [one for one in unfinished if _step(project, one) == "measure"]
    settings = project.settings
    limits = Limits(alpha=settings.alpha, equivalence=settings.equivalence)
    found = [compare(one.case.key, one.blocks, modes, limits, axis=axis) for one in everything]
    return Comparison(sides[0], sides[1], axis, tuple(found), means(found, [one.blocks for one in everything]))


def _forecast(project: Project, everything: Sequence[Pairing], pace: float) -> Forecast:
    """Forecast the unfinished pairings, whose change must become precise in each mode."""
    settings = project.settings
    unfinished, known = [], []
    for one in everything:
        ratios = log_ratios_of(one.blocks, one.modes)
        if _step(project, one) != "measure":
            known += ratios
            continue
        trials = [trial for block in one.blocks for trial in block.trials]
        trial_s = sum(trial.duration_s for trial in trials) / len(trials) if trials else settings.trial_seconds + 0.5
        arms = 2 * len(one.modes)
        least = max(settings.pairs.min - len(one.blocks), 1)
        unfinished.append(Unfinished(tuple(ratios), least, arms, pace * arms * trial_s))
    rule = PairRule(settings.precision, settings.pairs.min, settings.pairs.max, settings.equivalence)
    return forecast(unfinished, rule, known=known, seed=0)


def _step(project: Project, pairing: Pairing) -> str:
    settings = project.settings
    pairs = settings.pairs
    return progress(
        pairing.blocks, pairing.modes, precision=settings.precision, min_blocks=pairs.min, max_blocks=pairs.max
    )
