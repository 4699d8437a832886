"""Counted trials: the same child as a timed one, under a counter; and what shows that a case need not be counted."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from asv_jit.analysis.counts.curve import steady_count
from asv_jit.analysis.counts.split import Cost, heaviest, split_of
from asv_jit.model import COUNT_PROTOCOL, HASH_SEEDS, Case, CountedTrial, Mode
from asv_jit.store.files import storage_errors
from asv_jit.trials.counter import Counter
from asv_jit.trials.launch import COUNTED_ITERATIONS, Answer, Launched, Place, TrialTask, Workspace, launch, workspace
from asv_jit.trials.record import Context, last_words, outcome_of

_FUNCTIONS = 25
_LEAST_FREE_BYTES = 1 << 20
_FIRST_CALLS, _FIRST_INSTRUCTIONS = 60, 60_000_000
FIND_LOOPS = 0
"""For `inner_loops`: find how many calls make an iteration, and store the number in the trial."""


class Counted(Struct, frozen=True):
    """A counted trial, and the whole profile of its steady iteration; the trial has the heaviest functions only."""

    trial: CountedTrial
    costs: tuple[Cost, ...]


def count(
    counter: Counter,
    place: Place,
    case: Case,
    mode: Mode,
    context: Context,
    *,
    hash_seed: int,
    inner_loops: int = FIND_LOOPS,
    cache: Path | None = None,
) -> Counted:
    """Run a case once from cold under `counter`, until its counts have settled. Never raises for failures of the code.

    Raises StorageError if the disk is full, so that the trial is not stored as a failure of the benchmark.

    Counted trials do not disturb one another: any number may run at once, on any core, but none beside timed ones.
    """
    task = TrialTask(
        case=case, operation="count", hash_seed=hash_seed, inner_loops=inner_loops, max_iterations=COUNTED_ITERATIONS
    )
    with workspace() as space:
        anywhere = replace(place, cpu=None)
        launched = launch(anywhere, task, mode, space, cache, counter=counter)
        trial = _line(counter, task, mode, context, launched)
        if trial.outcome != "ok":
            _insist_on_space(space.folder)
        if launched.answer is None or trial.outcome != "ok":
            return Counted(trial, ())
        if launched.answer.instructions or inner_loops != FIND_LOOPS:
            return _with_figures(trial, launched.answer, counter, space)
    # The process only found the calls of an iteration: another counts them, as in all trials of this case.
    found = launched.answer.inner_loops
    return count(counter, place, case, mode, context, hash_seed=hash_seed, inner_loops=found, cache=cache)


def first_calls(counter: Counter, place: Place, case: Case, mode: Mode) -> tuple[int, ...]:
    """Return the instructions of a case's first calls, from cold; empty if they fail or need a `setup_cache`.

    They take seconds and may not reach the steady state, but show whether two builds differ at all.
    """
    if case.benchmark.setup_cache_key is not None:
        return ()
    task = TrialTask(
        case=case,
        operation="count",
        hash_seed=HASH_SEEDS[0],
        max_iterations=_FIRST_CALLS,
        max_instructions=_FIRST_INSTRUCTIONS,
    )
    with workspace() as space:
        answer = launch(replace(place, cpu=None), task, mode, space, counter=counter).answer
    return answer.instructions if answer is not None and answer.outcome == "ok" else ()


def _insist_on_space(folder: Path) -> None:
    """Raise StorageError if valgrind has no room for its dumps in `folder`."""
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        with storage_errors(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def unstarted(counter_identity: str, case: Case, context: Context, complaint: str) -> CountedTrial:
    """Return the trial of a case for which no process was started, because its `setup_cache` failed."""
    return CountedTrial(
        **_names(counter_identity, case, context, "off"),
        jit_enabled=None,
        hash_seed=0,
        inner_loops=1,
        iterations=0,
        outcome="failed",
        exit=None,
        signal=None,
        stderr=complaint[-4000:],
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        duration_s=0.0,
    )


def calls_of(iterations: int, inner_loops: int) -> list[int]:
    """Return the calls of each iteration: `count` in child/counting.py makes the first two single calls."""
    return [1 if index < 2 else inner_loops for index in range(iterations)]


def _line(counter: Counter, task: TrialTask, mode: Mode, context: Context, launched: Launched) -> CountedTrial:
    answer, finished = launched.answer, launched.finished
    return CountedTrial(
        **_names(counter.identity, task.case, context, mode),
        jit_enabled=answer.jit_enabled if answer else None,
        hash_seed=task.hash_seed,
        inner_loops=max(answer.inner_loops if answer else task.inner_loops, 1),
        iterations=answer.iterations if answer else 0,
        outcome=outcome_of(launched),
        exit=finished.exit,
        signal=finished.signal_name,
        stderr=last_words(launched),
        started=datetime.fromtimestamp(launched.started_at, UTC).isoformat(timespec="milliseconds"),
        duration_s=round(finished.duration_s, 6),
        digest=answer.digest if answer else None,
        evidence=answer.evidence if answer else None,
    )


def _names(counter_identity: str, case: Case, context: Context, mode: Mode) -> dict[str, Any]:
    shared = ("session", "purpose", "commit", "interpreter", "installation", "machine", "requirements")
    return {
        **{name: getattr(context, name) for name in shared},
        "trial": f"{context.block}.{context.attempt}-count-{mode}",
        "benchmark": case.key.benchmark,
        "benchmark_version": case.benchmark.version,
        "params": case.key.params,
        "protocol": COUNT_PROTOCOL,
        "counter": counter_identity,
        "mode": mode,
    }


def _with_figures(trial: CountedTrial, answer: Answer, counter: Counter, space: Workspace) -> Counted:
    """Read what the counter wrote. Files that do not hold it make the trial a failed one that says so."""
    counts = answer.instructions
    try:
        state = steady_count(counts, calls_of(len(counts), answer.inner_loops))
        typical = len(counts) - 1 - counts[::-1].index(state.instructions)
        costs = counter.costs(space.counts, answer.parts[typical])
        found = sum(cost.instructions for cost in costs)
        if found != state.instructions:
            raise ValueError(f"expected a profile of {state.instructions:,} instructions, found one of {found:,}")
    except (ValueError, IndexError) as error:
        return Counted(replace(trial, outcome="failed", stderr=f"{trial.stderr}\n{error}".strip()), ())
    trial = replace(
        trial,
        steady_instructions=state.instructions,
        steady_start=state.start,
        warmup_instructions=state.warmup_instructions,
        curve=_joined(counts),
        split=split_of(costs),
        functions=heaviest(costs, _FUNCTIONS),
    )
    return Counted(trial, tuple(costs))


def _joined(counts: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple((len(list(equal)), count) for count, equal in groupby(counts))


class Loaded(Struct, frozen=True):
    """`code`: a digest of all Python code that ran; `files`: the digests of what was read, by path in the folder."""

    code: str
    files: dict[str, str]


def loaded(place: Place, case: Case, folder: Path) -> Loaded | None:
    """Run a case's setup and up to a second of calls with the JIT off; return what ran and was read within `folder`.

    None if that is not known: the case fails, is skipped, starts other processes, or has a `setup_cache`.
    """
    if case.benchmark.setup_cache_key is not None:
        return None
    with workspace() as space:
        answer = launch(place, TrialTask(case=case, operation="load", hash_seed=0), "off", space).answer
    if answer is None or answer.outcome != "ok" or answer.starts_processes:
        return None
    root = folder.resolve()
    inside = [path for path in map(Path, answer.files) if path.is_relative_to(root)]
    try:
        return Loaded(answer.code, {str(path.relative_to(root)): _digest(path) for path in inside})
    except OSError:
        return None


@functools.cache
def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
