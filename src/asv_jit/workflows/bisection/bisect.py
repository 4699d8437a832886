"""`asv-jit bisect`: finds the commit or release that moved a metric, and confirms it.

Each measurement is a block of one point and the good end, interleaved, so that drift cancels. Earlier measurements
serve only as a prior. The search first reproduces the difference between the ends, and at the end confirms the
culprit with fresh blocks against its parent. Each step is stored before the next begins.

With --count, the search halves the range by instructions, which are exact on a busy machine.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from msgspec.structs import replace

from asv_jit import installations
from asv_jit.analysis.beside import values
from asv_jit.analysis.cells.cell import Block, cells_of
from asv_jit.analysis.culprit.halving import Halving
from asv_jit.analysis.culprit.posterior import prior_of
from asv_jit.analysis.culprit.searcher import Culprit, Search
from asv_jit.analysis.metrics import COUNTED, SERIES_METRIC
from asv_jit.asv_adapter import suite
from asv_jit.asv_adapter.machine import ThisMachine, this_machine
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import NoInterpreterError, UsageError
from asv_jit.git.repository import Repository
from asv_jit.installations import Installation, UnbuildableError
from asv_jit.interpreters.identity import Interpreter
from asv_jit.interpreters.provision import install as install_interpreters
from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import Case, CaseKey
from asv_jit.store.findings.bisections import BISECTIONS, Bisection, Result, Stage, read_bisections
from asv_jit.text import units
from asv_jit.workflows.bisection.chain import Release, merged_chains, release_chain
from asv_jit.workflows.bisection.counted import CountMeasurer, counted_pair
from asv_jit.workflows.bisection.question import Chain, Question, chain_of, matching, resumed
from asv_jit.workflows.bisection.search import Measurer, Measuring, Watcher, searched, skipped_of
from asv_jit.workflows.confirm import fresh_comparison, stored_effects
from asv_jit.workflows.confirm import judge as judge_effect
from asv_jit.workflows.measuring.counting import Counting
from asv_jit.workflows.measuring.pairing import case_named, discover_suite, repository_folder
from asv_jit.workflows.measuring.session import Session, locked_session

CONFIDENCE = 0.95
_BUILD_COST = 10.0  # measurements that a build is worth
_INSTALLING_S = 3600.0
_TRACES_KEPT = 20


def bisect(project: Project, question: Question, watcher: Watcher) -> Bisection:
    """Search, confirm and store; return the stored bisection.

    Raises UsageError, NoInterpreterError, LockedError, StorageError.
    """
    repository = Repository(repository_folder(project))
    machine = this_machine(question.machine)
    unfinished = [one for one in read_bisections(project.results_dir / machine.name).records if one.result is None]
    question = resumed(question, unfinished)
    if known := suite.known_cases(project):
        case_named(known, question.case)  # a wrong name is refused before anything is built
    releases: Mapping[str, Release] = {}
    if question.axis == "pythons":
        releases = release_chain(project, question.good, question.bad, watcher, installable=question.installable)
    chain, interpreter = chain_of(project, repository, question, tuple(releases))
    if interpreter is not None and question.line and interpreter.identity != question.python:
        watcher.warn(f"CPython {question.python} is no longer installed; {interpreter.identity} measures instead")
    stored = matching(unfinished, chain, question)
    counter = find_or_install().callgrind() if SERIES_METRIC[question.metric] in COUNTED else None
    with locked_session(project, machine, watcher, purpose="bisect") as session:
        run = _Run(
            project,
            repository,
            session,
            watcher,
            _installer(session, chain, interpreter, releases, question.requirements),
            Counting(session, counter, watcher) if counter is not None else None,
        )
        bisection = run.start(chain, question, machine, stored)
        watcher.stage(
            f"bisection {bisection.identity}: {bisection.case}, {len(chain.points)} points; "
            "if it is interrupted, `asv-jit bisect --resume` continues it"
        )
        found = run.finish(run.search(bisection))
        installations.prune([])
        return found


@dataclass(slots=True)
class _Run:
    """A running bisection: where it measures, and its state on disk."""

    project: Project
    repository: Repository
    session: Session
    watcher: Watcher
    install: Callable[[str], Installation]
    counting: Counting | None
    case: Case | None = None

    def start(self, chain: Chain, question: Question, machine: ThisMachine, stored: Bisection | None) -> Bisection:
        """The stored bisection that is to be resumed, or a new one, on disk."""
        self.case = self._find_case(chain, question.case)
        version = self.case.benchmark.version if self.case is not None else ""
        if stored is not None:
            if version and stored.version != version:
                raise UsageError(
                    f"{stored.case} was edited since bisection {stored.identity} began, so its measurements "
                    "no longer apply; start again without --resume"
                )
            return stored
        now = datetime.now(UTC).isoformat(timespec="seconds")
        key = self.case.key if self.case is not None else CaseKey(question.case)
        if question.version and version and question.version != version:
            self.watcher.warn(
                f"{key} was edited since {question.event} was seen: the search uses the benchmark as it is now"
            )
        ends = chain.good, chain.bad
        parts = (str(key), *ends, question.metric, chain.interpreter, chain.commit, self.session.identity)
        prior = self._prior(chain, question, machine) if chain.axis == "commits" and self.counting is None else ()
        bisection = Bisection(
            identity=hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10],
            case=key,
            version=version,
            metric=question.metric,
            axis="pythons" if chain.axis == "pythons" else "commits",
            all_commits=question.all_commits,
            commit=chain.commit,
            interpreter=chain.interpreter,
            good=chain.good,
            bad=chain.bad,
            machine=machine.name,
            fingerprint=machine.fingerprint,
            protocol=self.session.protocol,
            confidence=CONFIDENCE,
            build_cost=_BUILD_COST,
            seed=int(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8], 16),
            started=now,
            updated=now,
            stages=(Stage(points=chain.points, prior=prior),),
            event=question.event,
            requirements=question.requirements,
        )
        BISECTIONS.save(self.session.folder, bisection)
        return bisection

    def search(self, bisection: Bisection) -> tuple[Bisection, Culprit, int]:
        """Search all stages; return the bisection, the last answer, and the number of its stage."""
        bisection, answer = self._search(bisection, 0)
        place, counts = 0, answer
        if bisection.all_commits and bisection.axis == "commits":
            while counts.index is not None:
                bisection, found = self._descend(bisection, place, counts.index)
                if found is None:
                    break
                place, counts = found
        return bisection, counts, place

    def finish(self, outcome: tuple[Bisection, Culprit, int]) -> Bisection:
        """Confirm what was found, and store the result."""
        bisection, answer, place = outcome
        points = bisection.stages[place].points
        result = Result(
            outcome=answer.outcome,
            reason=self._reason(bisection, answer),
            probability=answer.probability,
            candidates=tuple(points[index] for index in answer.candidates),
            measurements=sum(step.value is not None for stage in bisection.stages for step in stage.steps),
            builds=len({stage.points[step.point] for stage in bisection.stages for step in stage.steps}),
            skipped=skipped_of(bisection.stages),
        )
        if answer.index is not None:
            result = self._confirmed(bisection, result, points[answer.index - 1], points[answer.index])
        bisection = replace(bisection, result=result, updated=datetime.now(UTC).isoformat(timespec="seconds"))
        BISECTIONS.save(self.session.folder, bisection)
        return bisection

    def _search(self, bisection: Bisection, place: int) -> tuple[Bisection, Culprit]:
        stage = bisection.stages[place]
        search: Search | Halving
        if self.counting is not None:
            search = Halving(len(stage.points), threshold=self.project.settings.count_threshold)
        else:
            search = Search(
                len(stage.points),
                build_cost=bisection.build_cost,
                confidence=bisection.confidence,
                seed=bisection.seed,
                prior=stage.prior or None,
            )
        if self.case is None:  # neither end can be installed, so there is nothing to run a case with
            search.record_unbuildable(0)
            return bisection, search.culprit()
        kept = [bisection]

        def store(now: Stage) -> None:
            stages = (*kept[0].stages[:place], now, *kept[0].stages[place + 1 :])
            kept[0] = replace(kept[0], stages=stages, updated=datetime.now(UTC).isoformat(timespec="seconds"))
            BISECTIONS.save(self.session.folder, kept[0])

        measurer: Measuring
        asked = self.case, bisection.metric, stage.points, self.install
        if self.counting is not None:
            measurer = CountMeasurer(self.counting, *asked, self.project.settings.count_threshold)
        else:
            measurer = Measurer(self.session, *asked)
        _, answer = searched(stage, search, measurer, store, self.watcher)
        return kept[0], answer

    def _descend(self, bisection: Bisection, place: int, index: int) -> tuple[Bisection, tuple[int, Culprit] | None]:
        """Search the branches that a merge brought; None if the merge itself stays the culprit."""
        merge = bisection.stages[place].points[index]
        for chain in merged_chains(self.repository, merge):
            known = next((n for n, stage in enumerate(bisection.stages) if stage.points == chain), None)
            if known is None:
                bisection = replace(bisection, stages=(*bisection.stages, Stage(points=chain)))
                known = len(bisection.stages) - 1
            self.watcher.stage(f"{merge[:8]} is a merge: searching the {len(chain) - 1} commits that it brought")
            bisection, answer = self._search(bisection, known)
            if answer.outcome in ("found", "undecided"):
                return bisection, (known, answer)
        return bisection, None

    def _confirmed(self, bisection: Bisection, result: Result, parent: str, culprit: str) -> Result:
        """The result with parent and culprit measured afresh in all modes, and all that is known of the culprit."""
        self.watcher.stage(f"confirming {culprit[:14]} against {parent[:14]}")
        sides = self.install(parent), self.install(culprit)
        self.session.purpose = "confirm"
        result = self._counted(bisection, result, sides) if self.counting else self._timed(bisection, result, sides)
        refuted = result.confirmation == "refuted" or (self.counting is not None and result.confirmation == "unclear")
        described = self.repository.resolve(culprit) if bisection.axis == "commits" else None
        return replace(
            result,
            outcome="undecided" if refuted else result.outcome,
            culprit=culprit if not refuted else None,
            parent=parent,
            author=described.author if described else "",
            subject=described.subject if described else "",
            date=described.date if described else 0,
            diff_stat=self.repository.diff_stat(parent, culprit) if described else "",
        )

    def _timed(self, bisection: Bisection, result: Result, sides: tuple[Installation, Installation]) -> Result:
        """The result with fresh blocks of both sides."""
        assert self.case is not None
        shift = _shift(bisection)
        found = fresh_comparison(self.session, *sides, self.case, bisection.axis, abs(shift), self.watcher)
        effect = found.effect(SERIES_METRIC[bisection.metric])
        state, why = judge_effect(effect, math.exp(shift), self.project.settings.equivalence)
        return replace(
            result,
            reason=why,
            confirmation=state,
            blocks=found.blocks,
            effects=stored_effects(found),
            cause=found.attribution.cause,
            moved=found.attribution.moved,
            cause_probability=found.attribution.probability,
            traces=found.traces[:_TRACES_KEPT],
        )

    def _counted(self, bisection: Bisection, result: Result, sides: tuple[Installation, Installation]) -> Result:
        """The result with the counts of both sides, all hash seeds."""
        assert self.case is not None
        assert self.counting is not None
        threshold = self.project.settings.count_threshold
        found = counted_pair(self.counting, self.case, bisection.metric, sides, bisection.axis, threshold)
        ends = math.expm1(_shift(bisection))
        is_all = abs(found.change - ends) < max(threshold, abs(ends) / 10.0)  # seeds differ in how much it is
        others = "" if is_all else f"; other commits changed it, too: the ends differ by {ends:+.2%}"
        return replace(
            result,
            reason=found.reason + others,
            confirmation=found.state,
            effects=found.effects,
            cause=found.attribution.cause,
            moved=found.attribution.moved,
            cause_probability=found.attribution.probability,
        )

    def _reason(self, bisection: Bisection, answer: Culprit) -> str:
        """Return why a search found nothing; empty if the ends' times do not differ."""
        if answer.outcome == "unbuildable":
            return _why_not_measured(bisection.stages[0])
        if self.counting is None:
            return ""
        if answer.outcome == "not_reproducible":
            return f"the ends differ by {math.expm1(_shift(bisection)):+.2%}"
        failed = [step.reason for stage in bisection.stages for step in stage.steps if step.value is None]
        if answer.outcome == "undecided" and not failed:
            return f"no commit alone changed it by {self.project.settings.count_threshold:.1%}"
        return ""

    def _find_case(self, chain: Chain, name: str) -> Case | None:
        """The case, as an installed end knows the suite; None where neither end can be installed."""
        ends = []
        for point in (chain.bad, chain.good):
            self.watcher.stage(f"building {point[:14]}")
            try:
                ends.append(self.install(point))
                break
            except UnbuildableError as error:
                self.watcher.warn(str(error))
        if not ends:
            return None
        return case_named(discover_suite(self.project, self.session, ends).cases, name)

    def _prior(self, chain: Chain, question: Question, machine: ThisMachine) -> tuple[float, ...]:
        """Return the prior from what this machine measured earlier with this interpreter and benchmark version."""
        if self.case is None:
            return ()
        known: dict[int, float] = {}
        trials = [
            trial
            for trial in self.session.known_trials(chain.interpreter, chain.points)
            if trial.machine == machine.fingerprint and trial.key == self.case.key
            if question.requirements in ("", trial.requirements)
        ]
        for key, cell in cells_of(trials).items():
            blocks = [_as_side(block) for block in cell.good_blocks]
            found = values(blocks, "a", SERIES_METRIC[question.metric])
            fits = key.version == self.case.benchmark.version and key.protocol == self.session.protocol
            if fits and found is not None:
                known[chain.points.index(key.commit)] = float(np.median(found))
        prior = prior_of(len(chain.points), known)
        if prior is None:
            return ()
        self.watcher.stage(f"{len(known)} commits were measured earlier: they are the prior")
        return tuple(float(mass) for mass in prior)


def _installer(
    session: Session, chain: Chain, interpreter: Interpreter | None, releases: Mapping[str, Release], requirements: str
) -> Callable[[str], Installation]:
    """Return a function that installs a point; on the axis `pythons` it installs an offered release when needed."""
    if interpreter is not None:
        chosen = session.requirements_named(requirements, interpreter)
        return lambda commit: session.install(interpreter, commit, chosen)
    there = {name: one for name, one in releases.items() if isinstance(one, Interpreter)}

    def install(identity: str) -> Installation:
        if identity not in there:
            try:
                there[identity] = install_interpreters([identity], wait_s=_INSTALLING_S)[0].interpreter
            except NoInterpreterError as error:
                raise UnbuildableError(f"CPython {identity} cannot be installed: {error}") from None
        chosen = session.requirements_named(requirements, there[identity])
        return session.install(there[identity], chain.commit, chosen)

    return install


def _why_not_measured(stage: Stage) -> str:
    """Say which end of a search cannot be measured, or that nothing between the ends can, and why."""
    failed = {step.point: units.reason_line(step.reason) for step in stage.steps if step.value is None}
    for end, place in (("good", 0), ("bad", len(stage.points) - 1)):
        if place in failed:
            return f"the {end} end, {stage.points[place][:14]}, cannot be measured: {failed[place]}"
    if failed:
        return f"nothing between the ends can be measured: {list(failed.values())[-1]}"
    return "neither end can be installed"


def _shift(bisection: Bisection) -> float:
    """The change that is to be confirmed, in logarithms: what the ends of the whole range differ by."""
    stage = bisection.stages[0]
    logs: dict[int, list[float]] = {}
    for step in stage.steps:
        if step.value is not None:
            logs.setdefault(step.point, []).append(math.log(step.value))
    return float(np.median(logs[len(stage.points) - 1]) - np.median(logs[0]))


def _as_side(block: Block) -> Block:
    """Return a block of purpose `run` as the first side of a comparison."""
    return Block(block.identity, tuple((f"a-{trial.mode}", trial) for trial in block.trials), block.attempt)
