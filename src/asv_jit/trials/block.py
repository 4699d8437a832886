"""Runs blocks: trials back to back in random order that share everything but the arm."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.cells.effort import LEAST_STEADY_S, Look, enough_iterations
from asv_jit.model import Case, Mode, Trial
from asv_jit.trials.launch import Launched, Place, TrialTask, launch, workspace
from asv_jit.trials.record import Context, record

# Stores a finished trial before the next one starts.
Keep = Callable[[Trial], None]


class Arm(Struct, frozen=True):
    """One trial of a block: its name in the journal and its mode."""

    name: str
    mode: Mode


PAIR = (Arm("off", "off"), Arm("on", "on"))
ALONE = (Arm("alone", "off"),)  # an interpreter without a JIT
SAMPLE = Arm("sample", "on")  # not timed: a timer interrupts it, to see where the time goes


class Stand(Struct, frozen=True):
    """An arm with its place, the context for its line in the journal, and the folder that `setup_cache` left."""

    arm: Arm
    place: Place
    context: Context
    cache: Path | None


def beside(side: str, modes: Sequence[Mode]) -> tuple[Arm, ...]:
    """Return the arms of one side of a comparison, `a` or `b`: `a-off`, `a-on`."""
    return tuple(Arm(f"{side}-{mode}", mode) for mode in modes)


class Effort(Struct, frozen=True):
    """The length of a trial, the same in all arms of all blocks of a case on an interpreter."""

    inner_loops: int
    iterations: int


class NoEffort(Struct, frozen=True):
    """A calibration without a result, because the benchmark failed, crashed, timed out or was skipped."""

    task: TrialTask
    launched: Launched


def calibrate(
    place: Place,
    case: Case,
    modes: Sequence[Mode],
    *,
    first: Mode = "off",
    trial_s: float,
    max_iterations: int,
    cache: Path | None,
) -> Effort | NoEffort:
    """Find the effort of a case in discarded processes: one in mode `first`, then one in each of `modes`.

    The first finds the inner loops, and how many iterations fit into `trial_s`. The others run that many iterations,
    from which `analysis.cells.effort` finds how many are enough. If the first fails, its end is returned; if another
    fails, the number of iterations is not reduced.
    """
    task = TrialTask(case=case, operation="calibrate", hash_seed=0, budget_s=trial_s, max_iterations=max_iterations)
    with workspace() as space:
        launched = launch(place, task, first, space, cache)
        answer = launched.answer
        if answer is None or answer.outcome != "ok":
            return NoEffort(task, launched)
        most = Effort(answer.inner_loops, answer.iterations)
        no_shorter = most.iterations <= task.min_iterations or trial_s <= LEAST_STEADY_S
        if no_shorter or answer.first_calls:  # it cannot be made shorter
            return most
        whole = replace(task, operation="measure", inner_loops=most.inner_loops, iterations=most.iterations)
        looks = [_look(launch(place, whole, mode, space, cache)) for mode in modes]
    if any(look is None for look in looks):
        return most
    seen = [look for look in looks if look is not None]
    return Effort(most.inner_loops, enough_iterations(seen, least=task.min_iterations))


def _look(launched: Launched) -> Look | None:
    """Return a trial's durations for `enough_iterations`; None if it failed or has no iterations."""
    answer, start_s = launched.answer, launched.start_s
    if answer is None or answer.outcome != "ok" or not answer.durations_ns or start_s is None:
        return None
    begin_s = start_s + (answer.import_ns + (answer.setup_ns or 0)) / 1e9
    durations_s = [max(duration, 1) / 1e9 for duration in answer.durations_ns]  # a coarse clock may say 0
    return Look(durations_s, begin_s, launched.finished.duration_s - begin_s)


def make_cache(place: Place, case: Case, folder: Path) -> str | None:
    """Run the benchmark's `setup_cache` and move its working folder to `folder`; return a complaint if it failed."""
    task = TrialTask(case=case, operation="setup_cache", hash_seed=0)
    with workspace() as space:
        launched = launch(place, task, "off", space)
        if launched.answer is None:
            return f"setup_cache failed: {launched.complaint}"
        space.cwd.rename(folder)
    return None


def run_stands(
    stands: Sequence[Stand], case: Case, effort: Effort, rng: random.Random, keep: Keep, *, micro_ops: bool
) -> list[Trial]:
    """Run each of `stands` once, in random order; return the trials in the order of `stands`.

    They share the hash seed, inner loops and iterations.
    """
    task = TrialTask(
        case=case,
        operation="measure",
        hash_seed=rng.randrange(1, 2**32),
        inner_loops=effort.inner_loops,
        iterations=effort.iterations,
        micro_ops=micro_ops,
    )
    done: dict[str, Trial] = {}
    works_s: dict[str, float | None] = {}  # by interpreter: the arithmetic differs in speed
    with workspace() as space:
        for stand in rng.sample(stands, len(stands)):
            launched = launch(stand.place, task, stand.arm.mode, space, stand.cache)
            arm, interpreter = stand.arm, stand.context.interpreter
            trial = record(stand.context, task, arm.name, arm.mode, launched, first_work_s=works_s.get(interpreter))
            if works_s.get(interpreter) is None and trial.disturbance is not None:
                works_s[interpreter] = trial.disturbance.fixed_work_s
            keep(trial)
            done[arm.name] = trial
    return [done[stand.arm.name] for stand in stands]


def run_without_effort(stands: Sequence[Stand], found: NoEffort, keep: Keep) -> list[Trial]:
    """Record a failed calibration as the trial of the first of `stands`, then calibrate in the other arms.

    A benchmark may succeed a thousand times and then fail. Only a calibration makes as many calls, so a timed trial
    might succeed and publish the time of a broken benchmark. Returns the trials in the order of `stands`.
    """
    trials: list[Trial] = []
    with workspace() as space:
        for stand in stands:
            launched = launch(stand.place, found.task, stand.arm.mode, space, stand.cache) if trials else found.launched
            trials.append(record(stand.context, found.task, stand.arm.name, stand.arm.mode, launched))
            keep(trials[-1])
    return trials


def run_sample(place: Place, case: Case, effort: Effort, context: Context, keep: Keep, *, cache: Path | None) -> Trial:
    """Run a case once more in mode `on` under a sampling timer, and store where the time went."""
    task = TrialTask(
        case=case, operation="sample", hash_seed=0, inner_loops=effort.inner_loops, iterations=effort.iterations
    )
    with workspace() as space:
        launched = launch(place, task, SAMPLE.mode, space, cache)
    trial = record(context, task, SAMPLE.name, SAMPLE.mode, launched)
    keep(trial)
    return trial
