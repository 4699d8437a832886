"""Converts the end of a trial into its line of the journal."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import asdict, replace

from asv_jit.analysis import steady
from asv_jit.model import Mode, Outcome, Purpose, Trial
from asv_jit.trials.disturbance import judge
from asv_jit.trials.launch import Answer, Launched, TrialTask

CURVE_POINTS = 64
STEADY_TOLERANCE = 0.01
_STDERR_CHARACTERS = 4000
_SAMPLED_FUNCTIONS = 40
_FEWEST_WORKS = 5


class Context(Struct, frozen=True, kw_only=True):
    """The fields of a trial's line that do not depend on its result, with the same names."""

    session: str
    block: str
    attempt: int = 1
    purpose: Purpose
    commit: str = ""
    interpreter: str
    installation: str = ""
    machine: str = ""
    protocol: str
    cpu: int | None
    requirements: str = ""


def record(
    context: Context, task: TrialTask, arm: str, mode: Mode, launched: Launched, *, first_work_s: float | None = None
) -> Trial:
    """Return the trial's line. Durations become seconds per call, and iterations become the curve.

    `first_work_s` is the time of the fixed work during the first trial of the block, None in that trial itself.
    """
    answer, finished = launched.answer, launched.finished
    key = task.case.key
    trial = Trial(
        trial=f"{context.block}.{context.attempt}-{arm}",
        **asdict(context),
        arm=arm,
        benchmark=key.benchmark,
        benchmark_version=task.case.benchmark.version,
        params=key.params,
        mode=mode,
        jit_enabled=answer.jit_enabled if answer else None,
        hash_seed=task.hash_seed,
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


def curve_of(durations_s: list[float]) -> tuple[tuple[int, float], ...]:
    """Return (iterations done, elapsed seconds) at 64 places evenly spaced on a log scale.

    The times are cumulative, so that nothing is lost between the points: break-even is computed from them.
    """
    count = len(durations_s)
    if count == 0:
        return ()
    places = {round(math.exp(step * math.log(count) / (CURVE_POINTS - 1))) for step in range(CURVE_POINTS)}
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
    if answer.kind == "timeraw" or answer.first_calls:  # a process of its own, or without warm-up
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
    """Return the median time of the fixed work during the steady iterations; None if there are too few."""
    begin = answer.iterations // 2 if steady_start is None else steady_start
    works_ns = [work_ns for index, work_ns in answer.fixed_work if index >= begin]
    return statistics.median(works_ns) / 1e9 if len(works_ns) >= _FEWEST_WORKS else None


def outcome_of(launched: Launched) -> Outcome:
    """Return the outcome of a trial for its line."""
    if launched.finished.timed_out:
        return "timeout"
    if launched.finished.signal is not None:
        return "crashed"
    if launched.answer is None:
        return "failed"
    return launched.answer.outcome


def last_words(launched: Launched) -> str:
    """Return the end of its stderr, and why it was skipped or left no result."""
    parts = [launched.finished.stderr.strip()]
    if launched.answer is not None and launched.answer.message:
        parts.append(launched.answer.message)
    silent = not parts[0] and launched.finished.exit is not None
    if launched.answer is None and (launched.finished.ok or silent):
        parts.append(launched.complaint)
    return "\n".join(part for part in parts if part)[-_STDERR_CHARACTERS:]
