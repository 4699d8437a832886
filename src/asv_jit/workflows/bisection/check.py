"""`asv-jit check`: is the commit that is checked out worse than a baseline? The question that `git bisect run` asks."""

from __future__ import annotations

import math
import tomllib
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.beside import figure_of, side_of
from asv_jit.analysis.cells.cell import HOPELESS
from asv_jit.analysis.culprit import Unbuildable
from asv_jit.analysis.metrics import COUNTED, SERIES_METRIC, BisectMetric
from asv_jit.analysis.stats.wild import side_of as decided
from asv_jit.asv_adapter.machine import this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.git.repository import Commit, Repository
from asv_jit.installations import Installation, UnbuildableError
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import Case, CaseKey
from asv_jit.workflows.bisection.counted import CountMeasurer
from asv_jit.workflows.bisection.question import interpreter_for
from asv_jit.workflows.bisection.search import MODES, complaint_of
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.pairing import Pairing, case_named, discover_suite, repository_folder
from asv_jit.workflows.measuring.reporter import Reporter
from asv_jit.workflows.measuring.session import locked_session

_WORSE_BY = 0.05
_LIMIT = 45
_FAILURES = 2


class Options(Struct, frozen=True):
    """What the user asked for; `worse_by` is a share: what a bad commit is worse by.

    None is 5% of a time, and of instructions twice the setting `count_threshold`.
    """

    case: str
    baseline: str
    metric: BisectMetric = "on"
    worse_by: float | None = None
    python: str | None = None
    machine: str | None = None


class Checked(Struct, frozen=True):
    """The answer. `worse_by`: how much worse the commit is than the baseline, negative for better; None if unknown.

    `before`, `after`: instructions per call of the baseline and of the commit, where they were counted.
    """

    answer: Literal["good", "bad", "untestable"]
    reason: str
    case: CaseKey | None
    commit: Commit
    baseline: Commit
    metric: BisectMetric
    worse_by: float | None = None
    blocks: int = 0
    before: float | None = None
    after: float | None = None


def check(project: Project, options: Options, reporter: Reporter) -> Checked:
    """Measure HEAD beside the baseline until it is clear on which side of half of `worse_by` it lies.

    Half, because a good commit is worse by nothing and a bad one by at least `worse_by`. Counts tell it at once. A
    commit that does not build, crashes, stays unclear or is not repeatable is untestable. Raises UsageError, also where
    the baseline itself cannot be measured, NoInterpreterError, NoCounterError, LockedError, StorageError: none of these
    says anything about the commit.
    """
    repository = Repository(repository_folder(project))
    commit, baseline = repository.resolve("HEAD"), repository.resolve(options.baseline)
    interpreter = interpreter_for(project, options.python, options.metric)
    if repository.is_dirty():
        reporter.warn("uncommitted changes of the working tree are not measured")
    machine = this_machine(options.machine)
    counter = find_or_install().callgrind() if SERIES_METRIC[options.metric] in COUNTED else None
    answer = Checked("untestable", _broken_packaging(project), None, commit, baseline, options.metric)
    if answer.reason:
        return answer
    with locked_session(project, machine, reporter, purpose="bisect") as session:
        reporter.stage(f"building the baseline {baseline.short}")
        try:
            good = session.install(interpreter, baseline.hash)
        except UnbuildableError as error:
            raise UsageError(f"the baseline cannot be built, so no commit can be judged: {error}") from None
        reporter.stage(f"building {commit.short}")
        try:
            this = session.install(interpreter, commit.hash)
        except UnbuildableError as error:
            return replace(answer, reason=str(error))
        # Discovered with the baseline: if only this commit cannot import the suite, that is this commit's fault.
        case = case_named(discover_suite(project, session, [good]).cases, options.case)
        answer = replace(answer, case=case.key)
        if counter is not None:
            share = options.worse_by or 2.0 * project.settings.count_threshold
            return _counted(Counting(session, counter, reporter), case, (good, this), share / 2.0, answer)
        session.learn_efforts([case], interpreter.identity)
        pairing = Pairing(session, good, this, case, MODES[options.metric])
        return _judged(pairing, options.worse_by or _WORSE_BY, answer, reporter)


def _broken_packaging(project: Project) -> str:
    """Return why the checked-out pyproject.toml cannot be read; asv reads it for every installation."""
    try:
        tomllib.loads((project.folder / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"pyproject.toml cannot be read: {error}"
    return ""


def _counted(
    counting: Counting, case: Case, sides: tuple[Installation, Installation], threshold: float, answer: Checked
) -> Checked:
    """Count both sides; the commit is bad if all hash seeds say so."""
    places = dict(zip(("baseline", "HEAD"), sides, strict=True))
    measure = CountMeasurer(counting, case, answer.metric, tuple(places), places.__getitem__, threshold)
    try:
        measure.change(0)
    except Unbuildable as error:
        raise UsageError(f"the baseline cannot be counted, so no commit can be judged: {error}") from None
    try:
        change = measure.change(1)
    except Unbuildable as error:
        return replace(answer, reason=str(error))
    return replace(
        answer,
        answer="bad" if change.found.verdict == "more" else "good",
        worse_by=change.found.change,
        before=change.before.per_call,
        after=change.after.per_call,
    )


def _judged(pairing: Pairing, share: float, answer: Checked, reporter: Reporter) -> Checked:
    metric = SERIES_METRIC[answer.metric]
    sign = -1.0 if metric == "speedup" else 1.0
    logs: list[float] = []
    failed = 0
    while (found := decided(logs, math.log1p(share) / 2.0, limit=_LIMIT)) == "more":
        reporter.advance(f"{pairing.case.key}, {len(logs)} blocks", len(logs), _LIMIT, None)
        block = pairing.measure()
        good, value = figure_of(block, "a", metric), figure_of(block, "b", metric)
        if good is not None and value is not None:
            logs.append(sign * math.log(value / good))
            continue
        failed += 1
        bad = [trial for trial in block.trials if trial.outcome != "ok"]
        if failed >= _FAILURES or any(trial.outcome in HOPELESS for trial in bad) or not bad:
            reason = complaint_of(block)
            if side_of(bad, "a") and not side_of(bad, "b"):
                raise UsageError(f"the baseline cannot be measured: {reason}")
            return replace(answer, reason=reason, blocks=len(pairing.blocks))
    answer = replace(answer, worse_by=math.expm1(sum(logs) / len(logs)), blocks=len(logs))
    if found == "unclear":
        return replace(answer, reason=f"unclear after {len(logs)} blocks")
    return replace(answer, answer="bad" if found == "above" else "good")
