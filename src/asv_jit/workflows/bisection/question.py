"""What a bisection is asked: the options, the plan that they make, and which unfinished one `--resume` means."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Repository
from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.findings.bisections import Bisection, BisectMetric
from asv_jit.workflows.bisection.chain import commit_chain, ends_of, split_range
from asv_jit.workflows.bisection.search import MODES
from asv_jit.workflows.measuring.selection import interpreters_of


class Options(Struct, frozen=True):
    """What the user asked for. `case` and `range_words` may be empty with `resume`: then the newest unfinished one."""

    case: str = ""
    range_words: str = ""
    metric: BisectMetric = "on"
    axis: str = "commits"
    python: str | None = None
    commit: str = "HEAD"
    all_commits: bool = False
    resume: bool = False
    installable: bool = True
    machine: str | None = None


class Plan(Struct, frozen=True):
    """What is searched, before anything is measured: the ends and how a point becomes an installation."""

    axis: str
    good: str
    bad: str
    commit: str
    interpreter: str
    points: tuple[str, ...]


def resumed(options: Options, unfinished: Sequence[Bisection]) -> Options:
    """With `resume` and no case: what the newest unfinished bisection was asked."""
    if not options.resume or options.case:
        return options
    if not unfinished:
        raise UsageError("there is no unfinished bisection to resume; start one with `asv-jit bisect CASE GOOD..BAD`")
    return as_asked(options, unfinished[0])


def as_asked(options: Options, stored: Bisection) -> Options:
    """What a stored bisection was asked, to resume it; `options` says the rest."""
    return msgspec.structs.replace(
        options,
        case=str(stored.case),
        range_words=f"{stored.good}..{stored.bad}",
        metric=stored.metric,
        axis=stored.axis,
        python=stored.interpreter or None,
        commit=stored.commit or "HEAD",
        all_commits=stored.all_commits,
        resume=True,
    )


def plan_of(
    project: Project, repository: Repository, options: Options, releases: tuple[str, ...]
) -> tuple[Plan, Interpreter | None]:
    """The points, and on the axis `commits` the interpreter that measures all of them."""
    if options.axis == "pythons":
        commit = repository.resolve(options.commit).hash
        return Plan("pythons", releases[0], releases[-1], commit, "", releases), None
    good, bad = ends_of(repository, *split_range(options.range_words))
    interpreter = interpreter_for(project, options.python, options.metric)
    points = commit_chain(repository, good.hash, bad.hash)
    return Plan("commits", good.hash, bad.hash, "", interpreter.identity, points), interpreter


def interpreter_for(project: Project, python: str | None, metric: BisectMetric) -> Interpreter:
    """The one that `python` means, else the newest with a JIT. Raises NoInterpreterError where the metric needs one."""
    try:
        found = interpreters_of(project, (python,) if python else ())
    except NoInterpreterError:
        # A build that asv.conf.json names by its path is known by its identity only once it was looked at.
        found = [one for one in interpreters_of(project) if one.identity == python]
        if not found:
            raise
    chosen = max(found, key=lambda one: (one.has_jit, one.release))
    if "on" in MODES[metric] and not chosen.has_jit:
        raise NoInterpreterError(
            f"--metric {metric} needs an interpreter with the JIT, and CPython {chosen.identity} has none; "
            "take --metric off, or install one with `asv-jit pythons install 3.15`"
        )
    return chosen


def matching(unfinished: Sequence[Bisection], plan: Plan, options: Options) -> Bisection | None:
    """The unfinished bisection of the same question, if it is to be resumed. Raises UsageError where there is none."""
    if not options.resume:
        return None
    for one in unfinished:
        same = (one.axis, one.good, one.bad, one.commit, one.interpreter) == (
            plan.axis,
            plan.good,
            plan.bad,
            plan.commit,
            plan.interpreter,
        )
        named = options.case in (str(one.case), one.case.benchmark, one.case.benchmark.rpartition(".")[2])
        if same and named and (one.metric, one.all_commits) == (options.metric, options.all_commits):
            return one
    known = "; ".join(f"{one.identity}: {one.case} {one.good[:12]}..{one.bad[:12]} {one.metric}" for one in unfinished)
    raise UsageError(f"no unfinished bisection fits; unfinished are: {known or 'none'}")
