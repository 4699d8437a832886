"""A seeded result tree with the shape of a long-lived project's: the history that `history_speed` publishes.

At size 1: 284 benchmarks with 2,100 cases, 1,240 commits of a git repository, all measured by one machine and every
eighth by another, about 1,400 files and 2.6 million values with asv's intervals, quartiles and counts. A larger size
has that many times as many cases.
`python -m tests.acceptance.history_shape FOLDER [--size 1] [--seed 1]` writes one.
"""

from __future__ import annotations

import argparse
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BENCHMARKS = 284
CASES = 2_100
COMMITS = 1_240
FIRST_COMMIT_S = 1_546_300_800
BETWEEN_COMMITS_S = 40_000
MACHINES = {"dedicated": 1, "laptop": 8}
"""Each machine, and which commits it measures: every one, or every so many."""

COLUMNS = [
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b", "stats_q_25",
    "stats_q_75", "stats_number", "stats_repeat", "samples", "profile",
]  # fmt: skip
KINDS = ("time", "time", "time", "time", "time", "time", "time", "peakmem", "mem", "track")
UNITS = {"time": "seconds", "peakmem": "bytes", "mem": "bytes", "track": "unit"}


@dataclass(frozen=True)
class Shape:
    """How large the tree is."""

    benchmarks: int = BENCHMARKS
    cases: int = CASES
    commits: int = COMMITS
    seed: int = 1


@dataclass(frozen=True)
class Bench:
    """A benchmark, the places of its cases, and the commit that it came with."""

    name: str
    kind: str
    params: list[list[str]]
    first_case: int
    cases: int
    since: int

    @property
    def version(self) -> str:
        return f"{hash_like(self.name):016x}" * 4


def hash_like(text: str) -> int:
    value = 14695981039346656037
    for byte in text.encode():
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def write_tree(folder: Path, shape: Shape) -> int:
    """Write configuration, repository and results below `folder`; returns the number of values."""
    rng = np.random.default_rng(shape.seed)
    folder.mkdir(parents=True)
    commits = write_repository(folder / "project", shape.commits)
    benches = draw_benchmarks(rng, shape)
    write_suite(folder, benches)
    return sum(
        write_machine(folder / "results", machine, commits, step, benches, rng) for machine, step in MACHINES.items()
    )


def write_repository(folder: Path, count: int) -> list[str]:
    """A repository of `count` empty commits on one branch, with some tags; returns the hashes, oldest first."""
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    stream = []
    for number in range(count):
        stream.append(f"commit refs/heads/main\nmark :{number + 1}\n")
        stream.append(f"committer A Developer <dev@example.org> {commit_date_s(number)} +0000\n")
        subject = f"Change number {number}"
        stream.append(f"data {len(subject)}\n{subject}\n")
        if number % 100 == 99:
            stream.append(f"reset refs/tags/v{number // 100}.0\nfrom :{number + 1}\n\n")
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "fast-import", "--quiet"], input="".join(stream).encode(), check=True)
    listed = subprocess.run([*git, "rev-list", "--reverse", "main"], check=True, capture_output=True, text=True)
    return listed.stdout.split()


def commit_date_s(number: int) -> int:
    return FIRST_COMMIT_S + number * BETWEEN_COMMITS_S


def draw_benchmarks(rng: np.random.Generator, shape: Shape) -> list[Bench]:
    """Benchmarks of one to some dozens of cases, a third of which came later than the first commit."""
    sizes = np.ones(shape.benchmarks, dtype=np.int64)
    with_params = rng.permutation(shape.benchmarks)[: shape.benchmarks // 2]
    shares = rng.pareto(1.5, size=len(with_params)) + 0.2
    extra = shape.cases - shape.benchmarks
    sizes[with_params] += np.floor(extra * shares / shares.sum()).astype(np.int64)
    sizes[with_params[0]] += shape.cases - sizes.sum()
    benches, first = [], 0
    for number, size in enumerate(sizes.tolist()):
        kind = KINDS[number % len(KINDS)]
        late = rng.random() < 0.28
        since = int(rng.integers(0, max(shape.commits * 7 // 10, 1))) if late else 0
        name = f"group{number // 12:02d}.Suite{number // 3:03d}.{kind}_operation_{number:03d}"
        params = [[f"'variant-{place}'" for place in range(size)]] if size > 1 else []
        benches.append(Bench(name, kind, params, first, size, since))
        first += size
    return benches


def write_suite(folder: Path, benches: list[Bench]) -> None:
    (folder / "results").mkdir()
    (folder / "benchmarks").mkdir()
    conf = {
        "version": 1, "project": "shape", "project_url": "https://example.org/", "repo": "project",
        "branches": ["main"], "environment_type": "virtualenv", "show_commit_url": "https://example.org/commit/",
    }  # fmt: skip
    (folder / "asv.conf.json").write_bytes(msgspec.json.encode(conf))
    described = {
        bench.name: {
            "code": f"def {bench.name.rsplit('.', 1)[1]}(self, *params):\n    work()",
            "name": bench.name,
            "param_names": ["variant"] if bench.params else [],
            "params": bench.params,
            "timeout": 60.0,
            "type": {"peakmem": "peakmemory", "mem": "memory"}.get(bench.kind, bench.kind),
            "unit": UNITS[bench.kind],
            "version": bench.version,
        }
        for bench in benches
    }
    (folder / "results" / "benchmarks.json").write_bytes(msgspec.json.encode({**described, "version": 2}))


def write_machine(
    results: Path, machine: str, commits: list[str], step: int, benches: list[Bench], rng: np.random.Generator
) -> int:
    """One file a measured commit; returns the number of values."""
    described = {"arch": "x86_64", "cpu": "Some CPU", "machine": machine, "num_cpu": "8", "os": "Linux", "ram": "16"}
    (results / machine).mkdir()
    (results / machine / "machine.json").write_bytes(msgspec.json.encode({**described, "version": 1}))
    values = draw_values(rng, benches, len(commits))
    written = 0
    for number in range(0, len(commits), step):
        written += write_file(results, described, commits[number], number, benches, values[:, number], rng)
    return written


def draw_values(rng: np.random.Generator, benches: list[Bench], commits: int) -> Floats:
    """Shape (cases, commits): levels with steps, noise of a percent or so, spikes; NaN where a case failed."""
    cases = sum(bench.cases for bench in benches)
    logs = rng.uniform(np.log(1e-6), np.log(2.0), size=(cases, 1)) + np.zeros((1, commits))
    for case in range(cases):
        for _ in range(rng.poisson(1.5)):
            logs[case, int(rng.integers(commits)) :] += rng.normal(0.0, 0.1)
    logs += rng.lognormal(np.log(0.01), 0.5, size=(cases, 1)) * rng.normal(size=logs.shape)
    logs += (rng.random(logs.shape) < 0.005) * rng.uniform(0.05, 0.4, size=logs.shape)
    values = np.exp(logs)
    for bench in benches:
        mine = slice(bench.first_case, bench.first_case + bench.cases)
        if bench.kind in ("peakmem", "mem"):
            values[mine] = np.round(5e7 * values[mine] ** 0.1)
        elif bench.kind == "track":
            values[mine] = np.round(100.0 * (values[mine] ** 0.2 - 0.5), 3)
    values[rng.random(values.shape) < 0.005] = np.nan
    return values


def write_file(
    results: Path,
    machine: dict[str, str],
    commit: str,
    number: int,
    benches: list[Bench],
    values: Floats,
    rng: np.random.Generator,
) -> int:
    """A file as asv writes it: bounds and quartiles to five digits, None for what failed."""
    spread = np.abs(values) * rng.uniform(0.002, 0.02, size=len(values))
    columns = [some_digits(values + width * spread) for width in (-1.0, 1.0, -0.5, 0.5)]
    as_lists = [[None if value != value else value for value in column.tolist()] for column in (values, *columns)]
    rows = {}
    written = 0
    for bench in benches:
        if bench.since > number:
            continue
        mine = slice(bench.first_case, bench.first_case + bench.cases)
        result = as_lists[0][mine]
        written += sum(value is not None for value in result)
        row = [result, bench.params, bench.version, (commit_date_s(number) + 86_400) * 1000, 1.234]
        if bench.kind == "time":
            row += [*(column[mine] for column in as_lists[1:]), [7] * bench.cases, [10] * bench.cases]
        rows[bench.name] = row
    name = "virtualenv-py3.12-numpy"
    file = {
        "commit_hash": commit, "env_name": name, "date": commit_date_s(number) * 1000,
        "params": {**machine, "python": "3.12", "numpy": ""}, "python": "3.12", "requirements": {"numpy": ""},
        "env_vars": {}, "result_columns": COLUMNS, "results": rows, "durations": {}, "version": 2,
    }  # fmt: skip
    (results / machine["machine"] / f"{commit[:8]}-{name}.json").write_bytes(msgspec.json.encode(file))
    return written


def add_commit(folder: Path, machine: str, seed: int) -> None:
    """One commit more, measured by `machine`: all cases of its newest file again, with fresh noise."""
    rng = np.random.default_rng(seed)
    git = ["git", "-C", str(folder / "project")]
    count = int(subprocess.run([*git, "rev-list", "--count", "main"], check=True, capture_output=True).stdout)
    subject = f"Change number {count}"
    stream = f"commit refs/heads/main\ncommitter A Developer <dev@example.org> {commit_date_s(count)} +0000\n"
    stream += f"data {len(subject)}\n{subject}\nfrom refs/heads/main^0\n"
    subprocess.run([*git, "fast-import", "--quiet"], input=stream.encode(), check=True)
    tip = subprocess.run([*git, "rev-parse", "main"], check=True, capture_output=True, text=True).stdout.strip()
    files = (folder / "results" / machine).glob("*-*.json")
    newest = max((msgspec.json.decode(path.read_bytes()) for path in files), key=lambda file: file["date"])
    for row in newest["results"].values():
        noise = float(np.exp(rng.normal(0.0, 0.01)))
        for column in (0, *range(5, min(len(row), 9))):
            row[column] = [None if value is None else value * noise for value in row[column]]
    newest |= {"commit_hash": tip, "date": commit_date_s(count) * 1000}
    name = f"{tip[:8]}-{newest['env_name']}.json"
    (folder / "results" / machine / name).write_bytes(msgspec.json.encode(newest))


def some_digits(values: Floats) -> Floats:
    """To five significant digits, as asv truncates them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (4.0 - np.floor(np.log10(np.abs(values))))
        return np.where((values == 0.0) | ~np.isfinite(scale), values, np.round(values * scale) / scale)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    values = write_tree(options.folder, Shape(cases=CASES * options.size, seed=options.seed))
    files = len(list((options.folder / "results").glob("*/*-*.json")))
    print(f"{values} values in {files} files below {options.folder}")


if __name__ == "__main__":
    main()
