"""Contents of sites made by hand: real trials through the real analysis, so that the pages show what they will show."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from asv_jit.analysis.cells.cell import CellKey, cells_of
from asv_jit.analysis.cells.current import current_cells, currents, quiet
from asv_jit.analysis.cells.summary import Limits, SuiteSummary, summarise, summarise_suite
from asv_jit.analysis.counts.summary import CaseCount, case_counts
from asv_jit.git.repository import Commit
from asv_jit.model import (
    ARMS,
    COUNT_PROTOCOL,
    HASH_SEEDS,
    PROTOCOL,
    CaseKey,
    CountedTrial,
    Evidence,
    FunctionCount,
    Mode,
    Outcome,
    Split,
    Trace,
    Trial,
)
from asv_jit.site.content.site_content import Fingerprint, Machine, Release, SiteContent

HOSTILE = (
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "quotes\"'`&amp;",
    "rtl\u202eevil\u2066",
    "nul\0and\x1bescape",
    "lone\ud800surrogate",
    "x" * 10_000,
    "",
)
WITH_JIT = Release("3.15.2+0a1b2c3d", "off by default")
OLDER = Release("3.14.10+9f8e7d6c", "off by default")
WITHOUT_JIT = Release("3.13.5+12345678", "none")
COMMITS = tuple(
    Commit(f"{number:040x}", 1_790_000_000 - age * 86_400, "A. Nother", f"Commit number {8 - age}")
    for age, number in enumerate(range(0xA1B2C3D4 << 128, (0xA1B2C3D4 << 128) + (8 << 128), 1 << 128))
)


def trial(
    case: CaseKey,
    release: Release,
    mode: Mode,
    *,
    block: int,
    seconds: float | None,
    commit: Commit = COMMITS[0],
    arm: str = "",
    outcome: Outcome = "ok",
    stderr: str = "",
    signal: str | None = None,
    digest: str | None = "d1",
    value: float | None = None,
    rss: int = 30_000_000,
    evidence: Evidence | None = None,
) -> Trial:
    """A trial that warms up from three times its steady time."""
    done, elapsed, curve = 0, 0.0, []
    for count in (1, 1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 130, 200):
        done += count
        elapsed += count * 10 * (seconds or 0.0) * (1.0 + 2.0 * (mode == "on") / done + 0.3 / done)
        curve.append((done, elapsed))
    good = outcome == "ok" and seconds is not None
    return Trial(
        trial=f"{case}-{mode}-{block}", session="s", block=f"{commit.hash}-{release.identity}-{case}-{block}",
        arm=arm or mode, purpose="run", attempt=1, commit=commit.hash, interpreter=release.identity, installation="i",
        benchmark=case.benchmark, benchmark_version="1", params=case.params, machine="m", protocol=PROTOCOL, mode=mode,
        jit_enabled=mode == "on", hash_seed=block, cpu=1, inner_loops=10, iterations=done, outcome=outcome,
        exit=0 if outcome == "ok" else 1, signal=signal, stderr=stderr, started=f"2026-11-23T04:{block % 60:02d}:00Z",
        duration_s=1.0, import_s=0.02, setup_s=0.001, start_s=0.01,
        first_call_s=seconds * 3 if seconds else None, steady_kind="warmup" if good else None,
        steady_start=5 if good else None, steady_s=seconds if good else None,
        warmup_s=curve[6][1] if good else None, curve=tuple(curve) if good else (),
        peak_rss_bytes=rss if outcome == "ok" else None, digest=digest if outcome == "ok" else None, value=value,
        evidence=evidence,
    )  # fmt: skip


def pairs(
    case: CaseKey,
    release: Release,
    ratio: float,
    *,
    off_s: float = 0.012,
    noise: float = 0.004,
    count: int = 9,
    commit: Commit = COMMITS[0],
    digests: tuple[str, str] = ("d1", "d1"),
) -> list[Trial]:
    """Pairs whose off time is `ratio` times the on time; trials in mode off alone where there is no JIT."""
    rng = random.Random(repr((case, release, commit)))
    found = []
    for block in range(count):
        base = off_s * (1.0 + rng.gauss(0.0, noise))
        arm = "off" if release.has_jit else "alone"
        found.append(trial(case, release, "off", block=block, seconds=base, arm=arm, commit=commit, digest=digests[0]))
        if release.has_jit:
            on = base / ratio * (1.0 + rng.gauss(0.0, noise))
            rss = 30_000_000 + round(rng.gauss(440_000, 60_000))
            found.append(
                trial(
                    case,
                    release,
                    "on",
                    block=block,
                    seconds=on,
                    commit=commit,
                    digest=digests[1],
                    rss=rss,
                    evidence=EVIDENCE,
                )
            )
    return found


EVIDENCE = Evidence(
    functions=(
        Trace(
            function="inner",
            executors=3,
            code_bytes=12_288,
            micro_ops=240,
            names={"_LOAD_FAST": 40, "_BINARY_OP_ADD_FLOAT": 12, "_GUARD_TOS_FLOAT": 9},
        ),
    ),
    harness=(
        Trace(function="_run", executors=1, code_bytes=4_096, micro_ops=80, names={"_CALL": 3}, mentions=("small",)),
    ),
)


def content(
    trials: Sequence[Trial],
    releases: Sequence[Release] = (WITH_JIT,),
    commits: Sequence[Commit] = COMMITS[:1],
    *,
    url: str = "",
    show_commit_url: str = "#",
    title: str = "JIT tracker",
) -> SiteContent:
    """A site of these trials, as the publishing workflow makes it."""
    cells = cells_of(trials)
    summaries = {key: summarise(cell, Limits()) for key, cell in cells.items()}
    suites: list[SuiteSummary] = []
    for commit in commits:
        for release in releases:
            keys = [key for key in cells if (key.commit, key.interpreter) == (commit.hash, release.identity)]
            chosen = [summaries[key] for key in keys]
            if keys:
                suites.append(summarise_suite(commit.hash, release.identity, chosen, [cells[key] for key in keys]))
    kept: Mapping[CellKey, tuple[Trial, ...]] = {
        key: tuple(trial for block in cell.blocks for trial in block.trials) for key, cell in cells.items()
    }
    order = {commit.hash: place for place, commit in enumerate(commits)}
    shown = current_cells({key: cell for key, cell in cells.items() if key.commit in order}, order)
    machine = Machine(
        name="bench-1",
        details=(("CPU", "Imaginary 9000, 2 cores"), ("RAM", "8 GiB"), ("Kernel", "Linux 6.1")),
        newest=True,
        suites=tuple(suites),
        trials=kept,
        noise=tuple(
            (r.identity, quiet([c for k, c in cells.items() if k.interpreter == r.identity])) for r in releases
        ),
        current=currents(shown, summaries, order),
    )
    return SiteContent(
        title=title,
        project="demo project",
        url=url,
        show_commit_url=show_commit_url,
        generated_at="2026-11-23T05:11:27Z",
        commits=tuple(commits),
        releases=tuple(releases),
        problems=(),
        machines=(machine,),
    )


COUNTER = "callgrind 3.19.0 x86_64+avx2"


def counts(
    case: CaseKey,
    release: Release,
    *,
    off: Mapping[str, int] = MappingProxyType({"loop": 40_000, "interpreter": 15_000, "libc": 5_000}),
    on: Mapping[str, int] = MappingProxyType({"loop": 1_000, "jit": 18_000, "interpreter": 10_000, "libc": 5_000}),
    commit: Commit = COMMITS[0],
    counter: str = COUNTER,
    good: bool = True,
) -> list[CountedTrial]:
    """A counted trial of each mode and hash seed, whose steady iteration, of one call, divides as `off` and `on`."""
    found = []
    for mode in ARMS if release.has_jit else ARMS[:1]:
        split = Split(**(off if mode == "off" else on))
        functions = [
            FunctionCount(part="loop", name="_PyEval_EvalFrameDefault", instructions=split.loop),
            FunctionCount(part="jit", name="0x4a2b000", instructions=split.jit),
            FunctionCount(part="interpreter", name="PyObject_RichCompare", instructions=split.interpreter // 2),
            FunctionCount(part="interpreter", name="0x684700", instructions=split.interpreter // 3),
            FunctionCount(part="libc", name="libc.so.6:0x166fe0", instructions=split.libc),
        ]
        warm = 0 if mode == "off" else 9_000
        curve = ((1, split.total + 20_000 + warm), (1, split.total), (1, split.total + warm or 1), (3, split.total))
        found += [
            CountedTrial(
                    trial=f"{case}-count-{mode}-{seed}", session="s", purpose="run", commit=commit.hash,
                    interpreter=release.identity, installation="i", benchmark=case.benchmark, benchmark_version="1",
                    params=case.params, machine="m", protocol=COUNT_PROTOCOL, requirements="", counter=counter,
                    mode=mode, jit_enabled=mode == "on", hash_seed=seed, inner_loops=1, iterations=6,
                    outcome="ok" if good else "failed", exit=0 if good else 1, signal=None,
                    stderr="" if good else "ValueError: <no>", started=f"2026-11-23T04:0{seed}:00Z", duration_s=1.0,
                    steady_instructions=split.total if good else None, steady_start=3 if good else None,
                    warmup_instructions=20_000 + 2 * warm if good else None, curve=curve if good else (),
                    split=split if good else None,
                    functions=tuple(one for one in functions if one.instructions) if good else (),
            )
            for seed in HASH_SEEDS
        ]  # fmt: skip
    return found


def counted(trials: Sequence[CountedTrial]) -> tuple[CaseCount, ...]:
    """The summaries of counted trials."""
    return tuple(case_counts(trials))


def rich() -> SiteContent:
    """Many cases, three releases, eight commits, a wrong answer, a crash, failures and a tracked value."""
    names = [
        ("cpu.Mandelbrot.time_render", ("64",), 2.05), ("cpu.Mandelbrot.time_render", ("128",), 1.98),
        ("cpu.Graphs.time_dijkstra", (), 1.22), ("cpu.Text.time_levenshtein", ("'kitten'", "'sitting'"), 1.30),
        ("cpu.Text.time_tokens", (), 1.0), ("service.Web.time_route", (), 0.97), ("service.Web.time_json", (), 1.08),
        ("service.Db.time_query", (), 1.004), ("cpu.Sort.time_heap", (), 1.41), ("cpu.Nbody.time_steps", (), 1.17),
    ]  # fmt: skip
    trials: list[Trial] = []
    for index, (name, params, ratio) in enumerate(names):
        case = CaseKey(name, params)
        off_s = 0.0004 * 3.1**index
        for age, commit in enumerate(COMMITS):
            trials += pairs(case, WITH_JIT, ratio * (1 - 0.01 * (age > 4)), off_s=off_s, commit=commit)
        trials += pairs(case, OLDER, ratio**0.25 * 0.98, off_s=off_s * 1.04)
        trials += pairs(case, WITHOUT_JIT, 1.0, off_s=off_s * 1.11)
    trials += wrong_answer() + crash() + tracked()
    return content(
        trials,
        (WITH_JIT, OLDER, WITHOUT_JIT),
        COMMITS,
        url="https://example.org/jit/",
        show_commit_url="https://example.org/commit/",
    )


def large(count: int) -> SiteContent:
    """`count` cases on three releases: the cases of `rich` over and over, under names of their own."""
    made = rich()
    machine = made.machines[0]
    currents_of_all = []
    for current in machine.current:
        cases = current.suite.cases
        many = [
            msgspec.structs.replace(
                cases[place % len(cases)],
                key=msgspec.structs.replace(
                    cases[place % len(cases)].key, case=CaseKey(f"group_{place % 23}.Suite{place % 91}.time_{place}")
                ),
                answers=None,
                only_on=None,
            )
            for place in range(count)
        ]
        whole = msgspec.structs.replace(current.suite, cases=tuple(many))
        currents_of_all.append(msgspec.structs.replace(current, suite=whole))
    machine = msgspec.structs.replace(machine, current=tuple(currents_of_all), suites=(), trials={})
    return msgspec.structs.replace(made, machines=(machine,))


def hostile() -> SiteContent:
    """Names, texts and addresses that would like to be markup, scripts or paths."""
    trials = [t for name in HOSTILE for t in pairs(CaseKey(name, (name,)), WITH_JIT, 1.2)]
    trials += crash()
    made = content(trials, title='<b>"title"', show_commit_url="javascript:alert(1)//")
    commit = msgspec.structs.replace(made.commits[0], subject="<img src=x onerror=alert(1)>", author="<i>")
    traits = (("cpu", "<script>alert(2)</script>"), ("kernel", "x" * 10_000))
    machine = msgspec.structs.replace(
        made.machines[0], name="<u>", details=traits, fingerprints=(Fingerprint("<b>", traits, "2026-11-01", ""),)
    )
    return msgspec.structs.replace(
        made, commits=(commit,), machines=(machine,), problems=("<script>",), project="<p onclick=x>"
    )


def wrong_answer() -> list[Trial]:
    """A case whose modes disagree."""
    return pairs(CaseKey("cpu.Wrong.time_sum"), WITH_JIT, 1.5, digests=("d1", "d2"))


def crash() -> list[Trial]:
    """A case that crashes in mode on only."""
    case = CaseKey("cpu.Crash.time_loop", ("1",))
    found = []
    for block in range(2):
        found.append(trial(case, WITH_JIT, "off", block=block, seconds=0.01))
        found.append(
            trial(
                case,
                WITH_JIT,
                "on",
                block=block,
                seconds=None,
                outcome="crashed",
                signal="SIGSEGV",
                stderr='Fatal Python error: Segmentation fault\n  File <b>"x.py"</b>, line 3 in loop',
            )
        )
    return found


def tracked() -> list[Trial]:
    """A tracked value in both modes: no time, so no speedup."""
    case = CaseKey("memory.track_objects")
    return [
        trial(case, WITH_JIT, mode, block=block, seconds=None, value=1234.0 + block)
        for block in range(5)
        for mode in ARMS
    ]
