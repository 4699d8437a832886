"""The question of a bisection (an event or a range), its chain, and the stored one that `--resume` continues."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from asv_jit.analysis.history.events import Event
from asv_jit.analysis.metrics import METRICS, BisectMetric
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Repository
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import interpreter_of
from asv_jit.store.findings.bisections import Bisection
from asv_jit.text.event_words import moved_words, range_command
from asv_jit.workflows.bisection.chain import commit_chain, ends_of
from asv_jit.workflows.bisection.search import MODES
from asv_jit.workflows.events.choice import event_named
from asv_jit.workflows.events.regressions import find_events
from asv_jit.workflows.events.states import bisections_of, read_records
from asv_jit.workflows.measuring.selection import interpreters_here, interpreters_of
from asv_jit.workflows.reading.history import read_history


class Question(Struct, frozen=True):
    """What to search: a case and metric, the two ends, and what measures them.

    `good`, `bad`: commits as git names them (an empty `bad` is HEAD), or interpreters on the axis `pythons`, which are
    measured at `commit`. `python`: what measures commits, as `--python` or by identity; None is the newest with a JIT.
    `line`: the interpreter line that measures where that build is gone. `event`, `version`: the event's identity and
    its benchmark's version, both empty for a range. `requirements`: the set that it was measured with; empty for the
    matrix's first. `case` may be empty with `resume`: the newest unfinished bisection.
    """

    case: str = ""
    good: str = ""
    bad: str = ""
    metric: BisectMetric = "on"
    axis: str = "commits"
    python: str | None = None
    line: str = ""
    commit: str = "HEAD"
    machine: str | None = None
    event: str = ""
    version: str = ""
    requirements: str = ""
    all_commits: bool = False
    resume: bool = False
    installable: bool = True


class Chain(Struct, frozen=True):
    """The points to search, the good end first, and what measures them: `interpreter` commits, `commit` releases."""

    axis: str
    points: tuple[str, ...]
    commit: str = ""
    interpreter: str = ""

    @property
    def good(self) -> str:
        """The good end."""
        return self.points[0]

    @property
    def bad(self) -> str:
        """The bad end."""
        return self.points[-1]


def question_of(event: Event) -> Question:
    """The question that an event asks: its case, range, metric, mode and machine, and the interpreter that saw it."""
    good, bad = event.ends
    on_releases = event.axis == "pythons"
    return Question(
        case=str(event.key.case),
        good=good,
        bad=bad,
        metric=METRICS[event.searched.metric].bisect,
        axis=event.axis,
        python=None if on_releases else event.after,
        line="" if on_releases else interpreter_of(event.key.line),
        commit=event.commit if on_releases else "HEAD",
        machine=event.key.machine,
        event=event.identity,
        version=event.key.version,
        requirements=event.requirements,
    )


def question_about(project: Project, identity: str, machine: str | None, *, resume: bool) -> Question:
    """The question of the event that `identity`, or the start of it, names; with `resume` as it was asked before.

    `machine`: asv's name of this machine. Raises UsageError for an event that is unknown, that asv measured by itself,
    that another machine saw, or that has no unfinished bisection to resume.
    """
    try:
        event = event_named(find_events(project, read_history(project)), identity)
    except UsageError as error:
        raise UsageError(f"{error}; to search a range: asv-jit bisect CASE GOOD..BAD") from None
    if event.moved:
        raise UsageError(f"{event.identity} has no commit to search for: {moved_words(event)}")
    here = this_machine(machine).name
    if event.key.protocol == "asv":
        raise UsageError(
            f"{event.identity} was measured by asv, in its environment {event.key.line!r}, which asv-jit does not "
            f"measure; to search the same commits: {range_command(event)}"
        )
    if event.key.machine != here:
        raise UsageError(
            f"{event.identity} was seen on the machine {event.key.machine!r}, and this is {here!r}; run it there (with "
            f"--machine {event.key.machine} if it has another name now), or search here: {range_command(event)}"
        )
    question = question_of(event)
    if not resume:
        return question
    unfinished = [one for one in bisections_of(event, read_records(project)) if one.result is None]
    if not unfinished:
        raise UsageError(f"no bisection of {event.identity} is unfinished; start one without --resume")
    return as_asked(question, unfinished[0])


def resumed(question: Question, unfinished: Sequence[Bisection]) -> Question:
    """Return the question; with `resume` and no case, that of the newest unfinished bisection."""
    if not question.resume or question.case:
        return question
    if not unfinished:
        raise UsageError(
            "there is no unfinished bisection to resume; start one with `asv-jit bisect ID` or "
            "`asv-jit bisect CASE GOOD..BAD`"
        )
    return as_asked(question, unfinished[0])


def as_asked(question: Question, stored: Bisection) -> Question:
    """Return the question of a stored bisection, to resume it; the rest comes from `question`."""
    return msgspec.structs.replace(
        question,
        case=str(stored.case),
        good=stored.good,
        bad=stored.bad,
        metric=stored.metric,
        axis=stored.axis,
        python=stored.interpreter or None,
        line="",  # only the same build can go on
        commit=stored.commit or "HEAD",
        requirements=stored.requirements,
        all_commits=stored.all_commits,
        resume=True,
    )


def chain_of(
    project: Project, repository: Repository, question: Question, releases: tuple[str, ...]
) -> tuple[Chain, Interpreter | None]:
    """The points, and on the axis `commits` the interpreter that measures all of them."""
    if question.axis == "pythons":
        return Chain("pythons", releases, commit=repository.resolve(question.commit).hash), None
    good, bad = ends_of(repository, question.good, question.bad)
    interpreter = interpreter_for(project, question.python, question.metric, line=question.line)
    points = commit_chain(repository, good.hash, bad.hash)
    return Chain("commits", points, interpreter=interpreter.identity), interpreter


def interpreter_for(project: Project, python: str | None, metric: BisectMetric, *, line: str = "") -> Interpreter:
    """The interpreter that `python` means, else the newest of `line`; without either, the newest with a JIT.

    Raises NoInterpreterError where none is installed, and where the metric needs a JIT that it does not have.
    """
    try:
        found = interpreters_of(project, (python,) if python else ())
    except NoInterpreterError:
        here = interpreters_here(project)
        # The identity of a build that asv.conf.json names by its path is known only after probing it.
        found = [one for one in here if one.identity == python] or [one for one in here if one.line == line]
        if not found:
            raise
    chosen = max(found, key=lambda one: (one.has_jit, one.release))
    if "on" in MODES[metric] and not chosen.has_jit:
        raise NoInterpreterError(
            f"--metric {metric} needs an interpreter with the JIT, and CPython {chosen.identity} has none; "
            "take --metric off, or install one with `asv-jit pythons install 3.15`"
        )
    return chosen


def matching(unfinished: Sequence[Bisection], chain: Chain, question: Question) -> Bisection | None:
    """The unfinished bisection of the same question, if it is to be resumed. Raises UsageError where there is none."""
    if not question.resume:
        return None
    for one in unfinished:
        same = (one.axis, one.good, one.bad, one.commit, one.interpreter) == (
            chain.axis,
            chain.good,
            chain.bad,
            chain.commit,
            chain.interpreter,
        )
        named = question.case in (str(one.case), one.case.benchmark, one.case.benchmark.rpartition(".")[2])
        if same and named and (one.metric, one.all_commits) == (question.metric, question.all_commits):
            return one
    known = "; ".join(f"{one.identity}: {one.case} {one.good[:12]}..{one.bad[:12]} {one.metric}" for one in unfinished)
    raise UsageError(f"no unfinished bisection matches; unfinished are: {known or 'none'}")
