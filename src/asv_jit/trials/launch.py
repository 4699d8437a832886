"""Starts one trial. The two arms of a pair differ in one character: the value of PYTHON_JIT.

Only `command_of` and `environment_of` make a trial's command and environment, and only the environment depends on the
mode.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from asv_jit.model import Case, Evidence, Mode
from asv_jit.store.files import storage_errors
from asv_jit.system.processes import Finished, base_environment, end_strays, run
from asv_jit.trials.counter import Counter
from asv_jit.trials.disturbance import Watch, Watched

# A child's counts fit into 64 bits and convert to floats; larger numbers are not from asv-jit.
_MOST = 2**63 - 1
Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
Operation = Literal["measure", "calibrate", "setup_cache", "sample", "count", "load", "program"]

_INSIDE = Path(__file__).with_name("inside.py")
_OUTSIDE = _INSIDE.with_name("outside.py")
_TRACED = _INSIDE.with_name("traced.py")

# A counted trial ends after so many iterations, or instructions, at the latest; child/counting.py says how many
# are enough.
# Callgrind executes about 100 million a second on one core of a shared host.
COUNTED_ITERATIONS = 200
COUNTED_INSTRUCTIONS = 2_000_000_000
_LOOP_INSTRUCTIONS = 2_000_000
_COUNTING_SLOWDOWN = 50
_ENVIRONMENT_BYTES = 4096


class Place(Struct, frozen=True):
    """Where trials run: an installation's interpreter, the suite, the installation's variables, the core."""

    python: Path
    benchmark_dir: Path
    variables: Mapping[str, str]
    cpu: int | None


class TrialTask(Struct, frozen=True):
    """The task of a trial, the same for both arms. `max_instructions` is for the operation "count"."""

    case: Case
    operation: Operation
    hash_seed: int
    inner_loops: int = 1
    iterations: int = 1
    iteration_s: float = 0.001
    budget_s: float = 0.5
    min_iterations: int = 30
    max_iterations: int = 2000
    max_instructions: int = COUNTED_INSTRUCTIONS
    micro_ops: bool = False


class Program(Struct, frozen=True):
    """A whole program: the interpreter's arguments, the working folder, the file of its standard input.

    If `traced`, traced.py runs it in its own process, untimed, to see what the JIT compiles; otherwise outside.py
    starts it as a user would and waits for its end.
    """

    arguments: tuple[str, ...]
    folder: Path
    stdin: Path
    timeout_s: float | None
    traced: bool = False


class Answer(msgspec.Struct, frozen=True):
    """The result that inside.py wrote; see there. It is validated, because benchmarked code ran in that process."""

    outcome: Literal["ok", "skipped"]
    entered_ns: Count
    python: str
    jit_available: bool | None
    jit_enabled: bool | None
    kind: str = "time"
    message: str = ""
    import_ns: Count = 0
    setup_ns: Count | None = None
    first_call_ns: Count | None = None
    inner_loops: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 1
    iterations: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 1
    first_calls: bool = False
    durations_ns: tuple[Count, ...] = ()
    fixed_work: tuple[tuple[Count, Count], ...] = ()
    value: float | None = None
    digest: str | None = None
    peak_rss_bytes: Count | None = None
    involuntary_switches: Count | None = None
    cpu_ns: Count | None = None
    evidence: Evidence | None = None
    samples: tuple[tuple[str, Count], ...] = ()
    instructions: tuple[Count, ...] = ()
    parts: tuple[Count, ...] = ()
    code: str = ""
    files: tuple[str, ...] = ()
    starts_processes: bool = False


class Launched(Struct, frozen=True):
    """How a trial ended: the process's end, its answer (None without a valid one), other activity on its core."""

    finished: Finished
    answer: Answer | None
    complaint: str
    started_at: float
    start_s: float | None
    watched: Watched


class Workspace(Struct, frozen=True):
    """A private folder with fixed names, the same for both arms.

    `request`: the trial's task; `result`: its answer; `counts`: the prefix of the counter's files; `stdout`, `stderr`:
    a whole program's output; `cwd`: its working folder, empty or a copy of what `setup_cache` left; `trials` and
    `project`: where counted trials find our files and the checkout of the suite.
    """

    folder: Path
    request: Path
    result: Path
    counts: Path
    stdout: Path
    stderr: Path
    cwd: Path
    trials: Path
    project: Path


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Yield a private folder that is removed afterwards; its path has a constant length."""
    folder = Path(tempfile.mkdtemp(prefix="asv-jit-"))
    try:
        yield Workspace(folder, *(folder / name for name in Workspace.__struct_fields__[1:]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def command_of(place: Place, space: Workspace, program: Program | None = None, inside: Path = _INSIDE) -> list[str]:
    """Return the command of a trial of the suite or of a whole program, the same in both modes."""
    python = str(place.python)
    if program is None:
        return [python, str(inside), str(space.request), str(space.result)]
    if program.traced:
        return [python, str(_TRACED), str(space.result), str(program.stdin), *program.arguments]
    files = [str(path) for path in (space.result, program.stdin, space.stdout, space.stderr)]
    return [python, "-S", str(_OUTSIDE), *files, *program.arguments]  # without site, to use little memory


def environment_of(place: Place, mode: Mode, hash_seed: int) -> dict[str, str]:
    """Return the whole environment of a trial; of the shell's variables only a few harmless ones."""
    return base_environment(
        {
            **place.variables,
            "PATH": _search_path(place),
            "PYTHON_JIT": "1" if mode == "on" else "0",
            "PYTHONHASHSEED": str(hash_seed),
        }
    )


def counted_environment_of(place: Place, mode: Mode, hash_seed: int, counter: Counter) -> dict[str, str]:
    """Return the environment of a counted trial, of constant size: the size moves the stack and changes some counts."""
    environment = {**environment_of(place, mode, hash_seed), **counter.variables}
    size = sum(len(os.fsencode(name)) + len(os.fsencode(value)) + 2 for name, value in environment.items())
    return {**environment, "ASV_JIT_PADDING": "x" * (-size % _ENVIRONMENT_BYTES)}


def launch(
    place: Place,
    task: TrialTask,
    mode: Mode,
    space: Workspace,
    cache: Path | None = None,
    *,
    counter: Counter | None = None,
) -> Launched:
    """Run one trial to its end. Never raises for what the benchmarked code does; StorageError for a full disk.

    `cache` is the folder that the benchmark's `setup_cache` left, if it has one; `counter` counts the instructions
    of a task whose operation is "count".
    """
    timeout_s = task.case.benchmark.timeout_s * (1 if counter is None else _COUNTING_SLOWDOWN)
    if task.operation == "setup_cache":
        timeout_s = task.case.benchmark.setup_cache_timeout_s or timeout_s
    inside = _INSIDE
    with storage_errors(space.folder):
        _prepare(space, cache)
        if counter is not None:
            place, inside = _linked(place, space), space.trials / _INSIDE.name
        space.request.write_text(json.dumps(_request(place, task, space, cache, timeout_s)), encoding="utf-8")
    command, env = command_of(place, space, inside=inside), environment_of(place, mode, task.hash_seed)
    if counter is not None:
        command = counter.command(command, space.counts)
        env = counted_environment_of(place, mode, task.hash_seed, counter)
    launched = _launch(place, command, env, space, space.cwd, timeout_s, counter)
    if launched.answer is not None and task.operation != "setup_cache":
        return _check_mode(launched, launched.answer, mode)
    return launched


def launch_program(place: Place, program: Program, mode: Mode, hash_seed: int, space: Workspace) -> Launched:
    """Run a whole program to its end in its folder. Never raises for failures of the program.

    The answer's `durations_ns` holds one number, the time from the start of the process to its end.
    """
    space.result.unlink(missing_ok=True)
    command, env = command_of(place, space, program), environment_of(place, mode, hash_seed)
    launched = _launch(place, command, env, space, program.folder, program.timeout_s)
    return launched if launched.answer is None else _check_mode(launched, launched.answer, mode)


def _launch(
    place: Place,
    command: list[str],
    env: Mapping[str, str],
    space: Workspace,
    folder: Path,
    timeout_s: float | None,
    counter: Counter | None = None,
) -> Launched:
    with Watch(place.cpu) as watch:
        started_at, began_ns = time.time(), time.monotonic_ns()
        finished = run(command, env=env, cwd=folder, timeout_s=timeout_s, cpu=place.cpu)
    if counter is not None:
        finished = replace(finished, stderr=counter.without_messages(finished.stderr))
    end_strays()  # the next trial needs the core for itself
    answer, complaint = _read(space.result, finished)
    return Launched(
        finished=finished,
        answer=answer,
        complaint=complaint,
        started_at=started_at,
        start_s=(answer.entered_ns - began_ns) / 1e9 if answer else None,
        watched=watch.result(answer.cpu_ns if answer else None, answer.involuntary_switches if answer else None),
    )


def _search_path(place: Place) -> str:
    """Return PATH: the interpreter's own folder, then the place's PATH, else the system's."""
    usual = "" if sys.platform == "win32" else "/usr/local/bin:/usr/bin:/bin"
    given = place.variables.get("PATH", usual)
    return given if sys.platform == "win32" else f"{place.python.parent}:{given}"


def _prepare(space: Workspace, cache: Path | None) -> None:
    space.result.unlink(missing_ok=True)
    shutil.rmtree(space.cwd, ignore_errors=True)
    if cache is None:
        space.cwd.mkdir()
    else:
        shutil.copytree(cache, space.cwd, symlinks=True)


def _linked(place: Place, space: Workspace) -> Place:
    """Make the workspace's links, and return the place as it is through them.

    How long a path is moves objects in memory, and so some counts. The whole checkout is linked, so that a suite finds
    what lies beside it.
    """
    suite = place.benchmark_dir
    root = next((folder for folder in suite.parents if (folder / ".git").exists()), suite.parent)
    for link, folder in ((space.trials, _INSIDE.parent), (space.project, root)):
        link.unlink(missing_ok=True)
        link.symlink_to(folder, target_is_directory=True)
    variables = {
        name: str(space.project / Path(value).relative_to(root)) if Path(value).is_relative_to(root) else value
        for name, value in place.variables.items()
    }
    return replace(place, benchmark_dir=space.project / suite.relative_to(root), variables=variables)


def _request(place: Place, task: TrialTask, space: Workspace, cache: Path | None, timeout_s: float) -> dict[str, Any]:
    pickled = None if cache is None else str(space.cwd / "cache.pickle")
    if task.operation == "setup_cache":
        pickled = str(space.cwd / "cache.pickle")
    return {
        "operation": task.operation,
        "benchmark_dir": str(place.benchmark_dir),
        "benchmark": task.case.benchmark.name,
        "param_index": task.case.param_index,
        "cache": pickled,
        "inner_loops": task.inner_loops,
        "iterations": task.iterations,
        "iteration_ns": round(task.iteration_s * 1e9),
        "budget_ns": round(task.budget_s * 1e9),
        "patience_ns": round(timeout_s / 2 * 1e9),
        "min_iterations": task.min_iterations,
        "max_iterations": task.max_iterations,
        "micro_ops": task.micro_ops,
        "counts": str(space.counts),
        "loop_instructions": _LOOP_INSTRUCTIONS,
        "max_instructions": task.max_instructions,
    }


def _read(path: Path, finished: Finished) -> tuple[Answer | None, str]:
    if not finished.ok:
        silent = finished.exit is not None and not finished.timed_out and not finished.stderr.strip()
        return None, finished.complaint() + (" and no message: did it call sys.exit or os._exit?" if silent else "")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Answer), ""
    except FileNotFoundError:
        return None, "the process ended with exit code 0 but left no result: did it call os._exit?"
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return None, f"the process left a result that cannot be read: {error}"


def _check_mode(launched: Launched, answer: Answer, mode: Mode) -> Launched:
    """Reject the answer if the process was in another mode: a build without the JIT silently ignores PYTHON_JIT=1."""
    if mode == "on" and answer.jit_enabled is not True:
        complaint = f"PYTHON_JIT=1 was set, but the process says that its JIT is not enabled (CPython {answer.python})"
    elif mode == "off" and answer.jit_enabled:
        complaint = f"PYTHON_JIT=0 was set, but the process says that its JIT is enabled (CPython {answer.python})"
    else:
        return launched
    return replace(launched, answer=None, complaint=complaint)
