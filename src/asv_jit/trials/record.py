"""Turns how a trial ended into the line that the journal keeps."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis import steady
from asv_jit.model import Mode, Outcome, Purpose, Trial
from asv_jit.trials.disturbance import judge
from asv_jit.trials.launch import Answer, Launched, TrialTask

CURVE_POINTS = 64
STEADY_TOLERANCE = 0.01
_STDERR_CHARACTERS = 4000
_SAMPLED_FUNCTIONS = 40
_FEWEST_WORKS = 5


class Context(Struct, frozen=True):
    """What a trial's line says besides what the trial itself answered."""

    session: str
    block: str
    attempt: int
    purpose: Purpose
    commit: str
    interpreter: str
    installation: str
    machine: str
    protocol: str
    cpu: int | None
    requirements: str = ""


def record(
    context: Context, task: TrialTask, arm: str, mode: Mode, launched: Launched, *, first_work_s: float | None = None
) -> Trial:
    """The trial's line. Durations become seconds per call; of the iterations the curve is kept.

    `first_work_s`: what the fixed work took beside the first trial of the block, if this is not that one.
    """
    answer, finished = launched.answer, launched.finished
    key = task.case.key
    trial = Trial(
        trial=f"{context.block}.{context.attempt}-{arm}",
        session=context.session,
        block=context.block,
        arm=arm,
        purpose=context.purpose,
        attempt=context.attempt,
        commit=context.commit,
        interpreter=context.interpreter,
        installation=context.installation,
        benchmark=key.benchmark,
        benchmark_version=task.case.benchmark.version,
        params=key.params,
        machine=context.machine,
        protocol=context.protocol,
        requirements=context.requirements,
        mode=mode,
        jit_enabled=answer.jit_enabled if answer else None,
        hash_seed=task.hash_seed,
        cpu=context.cpu,
        inner_loops=answer.inner_loops if answer else task.inner_loops,
        iterations=answer.iterations if answer else task.iterations,
        outcome=outcome_of(launched),
        exit=finished.exit,
        signal=finished.signal_name,
        stderr=last_words(launched),
        started=datetime.fromtimestamp(launched.started_at, UTC).isoformat(timespec="milliseconds"),
        duration_s=round(finished.duration_s, 6),
        start_s=launched.start_s,
    )
    trial = _with_figures(trial, launched)
    work_s = None if answer is None else _work_s(answer, trial.steady_start)
    return replace(trial, disturbance=judge(launched.watched, work_s=work_s, first_work_s=first_work_s))


def curve_of(durations_s: list[float], points: int = CURVE_POINTS) -> tuple[tuple[int, float], ...]:
    """(iterations done, seconds of running until then) at `points` places evenly spaced in the logarithm.

    Cumulative, so that nothing is lost between the points: break-even is computed from it.
    """
    count = len(durations_s)
    if count == 0:
        return ()
    places = {round(math.exp(step * math.log(count) / (points - 1))) for step in range(points)}
    elapsed = list(accumulate(durations_s))
    return tuple((place, round(elapsed[place - 1], 9)) for place in sorted(places))


def _with_figures(trial: Trial, launched: Launched) -> Trial:
    answer = launched.answer
    if answer is None:
        return trial
    trial = replace(
        trial,
        import_s=answer.import_ns / 1e9,
        setup_s=None if answer.setup_ns is None else answer.setup_ns / 1e9,
        first_call_s=None if answer.first_call_ns is None else answer.first_call_ns / 1e9,
        peak_rss_bytes=answer.peak_rss_bytes,
        digest=answer.digest,
        evidence=answer.evidence,
        value=answer.value,
        samples=answer.samples[:_SAMPLED_FUNCTIONS],
    )
    if answer.outcome != "ok" or not answer.durations_ns:
        return trial
    running_s = [max(duration, 1) / 1e9 for duration in answer.durations_ns]  # a coarse clock may say 0
    trial = replace(trial, curve=curve_of(running_s))
    per_call_s = [duration / answer.inner_loops for duration in running_s]
    if answer.kind == "timeraw" or answer.first_calls:  # a process of its own, or no warm-up to leave out
        return replace(trial, steady_s=statistics.median(per_call_s))
    state = steady.classify(per_call_s, tolerance=STEADY_TOLERANCE)
    return replace(
        trial,
        steady_kind=state.kind,
        steady_start=state.start,
        steady_s=steady.steady_time(per_call_s, state),
        warmup_s=None if state.start is None else math.fsum(running_s[: state.start]),
    )


def _work_s(answer: Answer, steady_start: int | None) -> float | None:
    """What the fixed work took beside the iterations that gave the trial its figure; None for few of them."""
    begin = answer.iterations // 2 if steady_start is None else steady_start
    works_ns = [work_ns for index, work_ns in answer.fixed_work if index >= begin]
    return statistics.median(works_ns) / 1e9 if len(works_ns) >= _FEWEST_WORKS else None


def outcome_of(launched: Launched) -> Outcome:
    """How a trial ended, as its line says it."""
    if launched.finished.timed_out:
        return "timeout"
    if launched.finished.signal is not None:
        return "crashed"
    if launched.answer is None:
        return "failed"
    return launched.answer.outcome


def last_words(launched: Launched) -> str:
    """The end of what it wrote to stderr, and why it was skipped or left no result."""
    parts = [launched.finished.stderr.strip()]
    if launched.answer is not None and launched.answer.message:
        parts.append(launched.answer.message)
    silent = not parts[0] and launched.finished.exit is not None
    if launched.answer is None and (launched.finished.ok or silent):
        parts.append(launched.complaint)
    return "\n".join(part for part in parts if part)[-_STDERR_CHARACTERS:]
