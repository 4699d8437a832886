"""A suite's benchmarks: asv's code discovers them inside an installation, and benchmarks.json stores them."""

from __future__ import annotations

import itertools
import json
import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from asv_jit.asv_adapter.history.decoding import MAX_VALUES, UnreadableError
from asv_jit.asv_adapter.history.suite import read_entries
from asv_jit.asv_adapter.project import Project
from asv_jit.errors import UsageError
from asv_jit.model import Benchmark, Case, Kind
from asv_jit.settings import bounded_s
from asv_jit.store.files import save_whole
from asv_jit.system.processes import run
from asv_jit.trials.child.finding import kind_of

BENCHMARKS_VERSION = 2
"""Version of asv's benchmarks.json; a test compares it with asv's."""

_DISCOVERY_TIMEOUT_S = 600.0
_KINDS_OF_TYPES: dict[str, Kind] = {"time": "time", "track": "track", "peakmemory": "peakmem", "memory": "mem"}


class Suite:
    """The discovered benchmarks, in asv's order, and asv's description of each."""

    def __init__(
        self, described: Mapping[str, Mapping[str, Any]], default_timeout_s: float, warnings: Sequence[str] = ()
    ) -> None:
        self.described = dict(described)
        self.warnings = tuple(warnings)
        self.benchmarks = tuple(
            benchmark
            for entry in self.described.values()
            if (benchmark := _benchmark(entry, default_timeout_s)) is not None
        )

    @property
    def cases(self) -> tuple[Case, ...]:
        """Every case of every benchmark."""
        return tuple(case for benchmark in self.benchmarks for case in _cases(benchmark))

    def save(self, project: Project) -> None:
        """Write asv's results/benchmarks.json. Raises StorageError."""
        from asv.benchmarks import Benchmarks  # here: see `asv_jit.asv_adapter`

        def save(folder: str) -> None:
            conf = project.asv
            conf.results_dir = folder
            Benchmarks(conf, self.described.values()).save()

        save_whole(project.results_dir, save)


def discover(project: Project, python: Path, env: Mapping[str, str]) -> Suite:
    """Import the suite in the installation whose interpreter is `python`. Raises UsageError with the import error."""
    from asv import runner, util  # here: see `asv_jit.asv_adapter`
    from asv.benchmarks import Benchmarks

    try:
        Benchmarks.check_tree(str(project.benchmark_dir))
    except (util.UserError, OSError) as error:
        raise UsageError(f"the suite at {project.benchmark_dir} cannot be used: {error}") from None
    with tempfile.TemporaryDirectory(prefix="asv-jit-") as folder:
        answer = Path(folder) / "benchmarks.json"
        done = run(
            [python, runner.BENCHMARK_RUN_SCRIPT, "discover", project.benchmark_dir, answer],
            env=env,
            cwd=Path(folder),
            timeout_s=_DISCOVERY_TIMEOUT_S,
        )
        if not done.ok or not answer.is_file():
            raise UsageError(
                f"the suite at {project.benchmark_dir} cannot be imported by {python}: {done.complaint()}\n"
                "Fix the import, or add the missing package to `matrix` in asv.conf.json"
            )
        entries = json.loads(answer.read_text(encoding="utf-8"))
    for entry in entries:
        for name in ("timeout", "setup_cache_timeout"):
            if entry.get(name) is not None and bounded_s(entry[name]) is None:
                raise UsageError(f"`{name}` of {entry['name']}: expected seconds above 0, found {entry[name]!r}")
    first = {entry["name"]: entry for entry in reversed(entries)}  # of one name, which is the one that runs, as in asv
    shared = {entry["name"] for entry in entries if entry["version"] != first[entry["name"]]["version"]}
    warnings = [
        f"several benchmarks are called {name}: only the first is measured, rename the others" for name in shared
    ]
    described = {entry["name"]: first[entry["name"]] for entry in entries}
    return Suite(described, project.default_timeout_s, sorted(warnings))


def load(project: Project) -> Suite | None:
    """Load the suite from results/benchmarks.json; None if it is missing or damaged."""
    try:
        version, described = read_entries(project.results_dir)
        if version != BENCHMARKS_VERSION:
            return None
        found = Suite(described, project.default_timeout_s)
        msgspec.convert(msgspec.to_builtins(found.benchmarks), tuple[Benchmark, ...])
    except (UnreadableError, KeyError, TypeError, ValueError, AttributeError, msgspec.ValidationError):
        return None
    sizes = (math.prod(map(len, benchmark.params)) for benchmark in found.benchmarks)
    return found if all(size <= MAX_VALUES for size in sizes) else None


def select(cases: Sequence[Case], patterns: Sequence[str], groups: Sequence[str] = ()) -> tuple[Case, ...]:
    """Return the cases whose name matches any of `patterns` (regular expressions, as asv's --bench), in `groups`.

    A group is a benchmark's file. Without patterns or groups, all match. Raises UsageError if no case matches.
    """
    known = sorted({case.key.benchmark.partition(".")[0] for case in cases})
    for group in groups:
        if group not in known:
            raise UsageError(f"--group: expected one of {', '.join(known)}, found {group!r}")
    try:
        wanted = [re.compile(pattern) for pattern in patterns]
    except re.error as error:
        raise UsageError(f"--bench: expected a regular expression, found {error.pattern!r} ({error})") from None
    chosen = tuple(
        case
        for case in cases
        if (not wanted or any(pattern.search(str(case.key)) for pattern in wanted))
        and (not groups or case.key.benchmark.partition(".")[0] in groups)
    )
    if cases and not chosen:
        within = f" in {', '.join(groups)}" if groups else ""
        raise UsageError(
            f"no case{within} matches {', '.join(patterns)}; the suite has {len(cases)} cases in {', '.join(known)}"
        )
    return chosen


def refuse_unknown(project: Project, patterns: Sequence[str], groups: Sequence[str] = ()) -> None:
    """Check a suite and a selection before anything is installed. Raises UsageError as `select`.

    What the suite has is known then only if no benchmark was edited since it was discovered last; a pattern that is no
    regular expression is refused in any case.
    """
    if not (project.benchmark_dir / "__init__.py").is_file():
        raise UsageError(
            f"expected the benchmarks in a package, found no __init__.py in {project.benchmark_dir}; write an empty "
            'one, or name another folder with "benchmark_dir" in asv.conf.json'
        )
    select((), patterns)
    if known := known_cases(project):
        try:
            select(known, patterns, groups)
        except UsageError as error:
            path = project.results_dir / "benchmarks.json"
            raise UsageError(f"{error}. That is what {path} says; if it is out of date, delete it") from None


def known_cases(project: Project) -> Sequence[Case]:
    """Return the cases that the suite had when it was discovered last; none if a benchmark was edited since."""
    described, path = load(project), project.results_dir / "benchmarks.json"
    edited = max((file.stat().st_mtime for file in project.benchmark_dir.rglob("*.py")), default=math.inf)
    return described.cases if described is not None and path.stat().st_mtime > edited else ()


def _cases(benchmark: Benchmark) -> list[Case]:
    if not benchmark.params:
        return [Case(benchmark, (), None)]
    return [Case(benchmark, params, index) for index, params in enumerate(itertools.product(*benchmark.params))]


def _benchmark(entry: Mapping[str, Any], default_timeout_s: float) -> Benchmark | None:
    """Parse a benchmark; None if an asv_bench plugin defines its type, which only asv can run."""
    try:
        kind = kind_of(str(entry["name"]).rsplit(".", 1)[-1])
    except ValueError:  # asv names a decorated benchmark after its wrapper, so only asv's type tells its kind
        kind = _KINDS_OF_TYPES.get(entry.get("type", ""))
        if kind is None:
            return None
    return Benchmark(
        name=entry["name"],
        version=str(entry["version"]),
        kind=kind,
        unit="unit" if entry.get("unit") is None else str(entry["unit"]),
        params=tuple(tuple(values) for values in entry.get("params", [])),
        timeout_s=bounded_s(entry.get("timeout")) or default_timeout_s,
        setup_cache_key=entry.get("setup_cache_key"),
        setup_cache_timeout_s=bounded_s(entry.get("setup_cache_timeout")),
        code=entry.get("code", ""),
        unused_attributes=_unused_attributes(entry) if kind in ("time", "timeraw") else (),
    )


def _unused_attributes(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the timing attributes of asv that the benchmark sets and that asv-jit ignores.

    asv writes all of them, with its defaults, except a `repeat` that is a tuple.
    """
    if "number" not in entry:  # written by something else
        return ()
    first_calls = entry.get("warmup_time") == 0
    set_there = {
        "rounds": entry.get("rounds", 2) != 2,
        "repeat": entry.get("repeat") != 0 and not first_calls,
        "warmup_time": entry.get("warmup_time", -1) > 0,
        "sample_time": entry.get("sample_time", 0.01) != 0.01,
        "min_run_count": entry.get("min_run_count", 2) != 2,
    }
    return tuple(name for name, is_set in set_there.items() if is_set)
