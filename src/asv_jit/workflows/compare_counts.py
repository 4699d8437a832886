"""`asv-jit compare --count`: the instructions of two builds in each mode, exact, whatever else the machine does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from msgspec import Struct

from asv_jit import installations
from asv_jit.analysis.counts.comparison import CountComparison, are_same_calls
from asv_jit.analysis.counts.summary import ModeCount, case_counts, compared
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Repository
from asv_jit.installations import Installation
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import ARMS, HASH_SEEDS, Case, Mode
from asv_jit.system import processes
from asv_jit.trials.counted import first_calls, loaded
from asv_jit.trials.counter import Counter
from asv_jit.workflows.compare import Options, Side, install_sides, notes_of, sides_of
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.pairing import discover_suite, repository_folder
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.session import Session, locked_session


class ModeChange(Struct, frozen=True):
    """A case in one mode on both sides."""

    case: str
    mode: Mode
    before: ModeCount
    after: ModeCount
    found: CountComparison


class CountedSides(Struct, frozen=True):
    """Two sides: their changes, and for each case without an answer the reason.

    `broken`: the cases among these that gave counts before the change and fail after it. `unaffected`: the cases that
    do the same on both sides, which are not counted.
    """

    before: Side
    after: Side
    changes: tuple[ModeChange, ...]
    missing: tuple[tuple[str, str], ...]
    broken: tuple[str, ...]
    unaffected: tuple[str, ...] = ()


class CountOutcome(Struct, frozen=True):
    """What was found. `worse`: the changes to more instructions by at least `fail_on`; `unbuilt`, `notes`: as in
    `compare.Outcome`.
    """

    sides: tuple[CountedSides, ...]
    unbuilt: tuple[tuple[str, str], ...]
    worse: tuple[ModeChange, ...]
    fail_on: float
    notes: tuple[str, ...]

    @property
    def undecided(self) -> tuple[ModeChange, ...]:
        """The counts that may have grown, as they are not steady or not repeatable."""
        changes = (change for one in self.sides for change in one.changes)
        return tuple(change for change in changes if change.found.verdict in ("not steady", "not repeatable"))

    @property
    def is_worse(self) -> bool:
        """True if a case needs more instructions, or fails only after the change."""
        return bool(self.worse) or any(one.broken for one in self.sides)


def compare_counted(project: Project, options: Options, reporter: Reporter) -> CountOutcome:
    """Count both sides and compare them. Raises as `compare_sides`, and NoCounterError."""
    suite.refuse_unknown(project, options.bench)
    repository = Repository(repository_folder(project))
    wanted, _ = sides_of(project, repository, options)
    threshold = project.settings.count_threshold
    notes = notes_of(repository)
    counter = find_or_install().callgrind()
    found: list[CountedSides] = []
    unbuilt: list[tuple[str, str]] = []
    with locked_session(project, this_machine(options.machine), reporter, purpose="compare") as session:
        counting = Counting(session, counter, reporter)
        for before, after in wanted:
            built, broken = install_sides(session, (before, after), reporter)
            unbuilt += broken
            if not broken:
                reporter.stage("discovering the suite")
                described = discover_suite(project, session, list(reversed(built)))
                every = suite.select(described.cases, options.bench)
                cases = [case for case in every if case.benchmark.kind == "time"]
                if len(cases) < len(every):
                    notes.append(f"{len(every) - len(cases)} cases are not counted: only `time_` benchmarks are")
                reporter.stage("looking for cases that the change affects")
                affected = _affected(session, counter, reporter, built, cases, threshold)
                found.append(_sides(counting, (before, after), built, cases, affected, threshold))
        installations.prune([])
    if not found:
        raise UsageError("nothing can be compared:\n" + "\n".join(reason for _, reason in unbuilt))
    fail_on = threshold if options.fail_on is None else options.fail_on
    changes = [change for one in found for change in one.changes]
    worse = tuple(one for one in changes if one.found.verdict == "more" and (one.found.change or 0.0) >= fail_on)
    return CountOutcome(tuple(found), tuple(unbuilt), worse, fail_on, tuple(dict.fromkeys(notes)))


def _sides(
    counting: Counting,
    sides: tuple[Side, Side],
    built: Sequence[Installation],
    every: Sequence[Case],
    cases: Sequence[Case],
    threshold: float,
) -> CountedSides:
    """Count `cases`, which the change affects, once. Where that differs, count repeats and other seeds: elsewhere the
    case is `same` whatever they say.
    """
    counting.count(
        [one for case in cases for place in built for one in counting.missing(place, case, seeds=HASH_SEEDS[:1])]
    )
    moved = [case for case in cases if _has_changed(mode_changes(counting, built, case, threshold)[0])]
    counting.count(
        [one for case in moved for place in built for one in counting.missing(place, case, repeat=place is built[0])]
    )
    changes: list[ModeChange] = []
    missing: list[tuple[str, str]] = []
    broken: list[str] = []
    for case in cases:
        found, reasons, fails_after = mode_changes(counting, built, case, threshold)
        changes += found
        missing += [(str(case.key), reason) for reason in reasons]
        broken += [str(case.key)] if fails_after else []
    unaffected = tuple(str(case.key) for case in every if case not in cases)
    return CountedSides(*sides, tuple(changes), tuple(missing), tuple(broken), unaffected)


def _affected(
    session: Session,
    counter: Counter,
    reporter: Reporter,
    built: Sequence[Installation],
    cases: Sequence[Case],
    threshold: float,
) -> list[Case]:
    """The cases that are not known to do the same on both sides: to run the same code, by a run of each without
    valgrind, or else to execute the same instructions in their first calls.
    """
    a, b = built
    if a.interpreter.identity != b.interpreter.identity:
        return list(cases)

    def is_same_code(case: Case) -> bool:
        before, after = (loaded(session.place(place), case, place.folder) for place in built)
        return before is not None and before == after

    def is_same_count(mode: Mode, case: Case) -> bool:
        calls = [first_calls(counter, session.place(place), case, mode) for place in built]
        return are_same_calls(*calls, tolerance=threshold / 2.0)

    with ThreadPoolExecutor(processes.cores()) as pool:

        def same_by(is_same: Callable[[Case], bool], among: Sequence[Case], doing: str) -> list[Case]:
            found = []
            for number, (case, same) in enumerate(zip(among, pool.map(is_same, among), strict=True)):
                found += [case] if same else []
                reporter.advance(f"{doing} of {case.key}", number + 1, len(among), None)
            return found

        unaffected = same_by(is_same_code, cases, "the code") if a.requirements == b.requirements else []
        left = [case for case in cases if case not in unaffected]
        for mode in ARMS if a.interpreter.has_jit else ARMS[:1]:
            left = same_by(partial(is_same_count, mode), left, f"first calls with the JIT {mode}")
    return [case for case in cases if case not in (*unaffected, *left)]


def _has_changed(changes: Sequence[ModeChange]) -> bool:
    return any(one.found.verdict != "same" for one in changes)


def mode_changes(
    counting: Counting, built: Sequence[Installation], case: Case, threshold: float
) -> tuple[list[ModeChange], list[str], bool]:
    """The changes of a case by mode, why a mode has none, and whether the case fails after the change only."""
    a, b = (next(iter(case_counts(counting.known(place, case))), None) for place in built)
    changes: list[ModeChange] = []
    reasons: list[str] = []
    for mode in ARMS:
        before, after = (None if one is None else one.off if mode == "off" else one.on for one in (a, b))
        found = compared(before, after, threshold)
        if before is not None and after is not None and found is not None:
            changes.append(ModeChange(str(case.key), mode, before, after, found))
        elif before is not None or after is not None:
            reasons.append(f"JIT {mode}: counted on one side only")
    problems = list(dict.fromkeys(one.problem for one in (a, b) if one is not None and one.failed))
    if a is None and b is None:
        problems.append("no counts: every trial failed, or the benchmark asks not to be run")
    fails_after = b is not None and b.failed and not (a is not None and a.failed)
    return changes, [*problems, *reasons], fails_after
