"""Records with absurd values of the right type: readers name and skip them, all the way to what commands show."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from asv_jit.analysis.planning import plan
from asv_jit.asv_adapter import suite
from asv_jit.errors import AsvJitError
from asv_jit.git.repository import Repository
from asv_jit.installations import Requirements
from asv_jit.site.render import render_site
from asv_jit.store.findings.accepted import Accepted, add_accepted
from asv_jit.store.findings.bisections import BISECTIONS, Result
from asv_jit.store.findings.confirmations import CONFIRMATIONS, Confirmation, Effects
from asv_jit.store.findings.nights import NIGHTS, NOTICES, NightRecord, Notice
from asv_jit.store.journal import COUNTS
from asv_jit.store.machines import (
    FINGERPRINTS,
    INSTALLATIONS,
    INTERPRETERS,
    NOISE,
    KnownInterpreter,
    KnownNoise,
    KnownPackages,
)
from asv_jit.system import paths
from asv_jit.terminal.regressions import Shown, regressions_json
from asv_jit.workflows import export
from asv_jit.workflows.events.regressions import found_events
from asv_jit.workflows.merge import absorb
from asv_jit.workflows.nights.situation import Ground, anchor_of, measured_trials, situation_of
from asv_jit.workflows.publish import site_content
from asv_jit.workflows.reading.counts import read_machine_counts
from asv_jit.workflows.reading.history import read_history
from asv_jit.workflows.reading.results import read_results
from tests.analysis.worlds import World, steady, step
from tests.asv_adapter import trees
from tests.fuzz.damage import encoded, poisoned
from tests.fuzz.test_files_from_elsewhere import BISECTION
from tests.interpreters.fakes import interpreter
from tests.site import contents
from tests.workflows.events import test_regressions as histories

COMMITS = 8
AT = "2026-02-01T00:00:00+00:00"
FOLDERS = ("trials", "counts", "bisections", "confirmations")
few = settings(
    max_examples=settings.default.max_examples // 4 if settings.default else 25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[histories.Tree]:
    """A small project whose results have every kind of file, all of which reach what commands show."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("poisoned")
        patch.setenv(paths.CACHE_VARIABLE, str(folder / "cache"))
        yield make_tree(folder)


def make_tree(folder: Path) -> histories.Tree:
    """A project of `COMMITS` commits with results of every kind."""
    made = histories.Tree(folder, histories.repository(folder, COMMITS))
    made.configure()
    asvs = trees.Tree(folder)
    machine = folder / "results" / "m1"
    asvs.suite(
        trees.described("a.time_plain"),
        trees.described("a.time_with", [["1", "2"]]),
        *(trees.described(name, version="1", type="time", code="") for name in ("slow", "quiet")),
    )
    histories.write(made, World({"slow": step(4, 0.2), "quiet": steady}, commits=COMMITS, anchored=False))
    slow = next(event for event in made.events() if event.worse)
    release = replace(contents.WITH_JIT, identity=slow.after)
    for commit in made.commits[:3]:
        for trial in contents.counts(slow.key.case, release, commit=replace(contents.COMMITS[0], hash=commit)):
            COUNTS.append(machine, replace(trial, benchmark_version="1"))
    effects = (Effects(metric="on", before=1.0, after=1.2, ratio=1.2, low=1.1, high=1.3, verdict="worse"),)
    CONFIRMATIONS.save(
        machine,
        Confirmation(
            event=slow.identity, state="confirmed", reason="fresh blocks show it", metric="on", case=slow.key.case,
            version="1", axis="commits", commit=slow.commit, interpreter=slow.after, before=slow.parent,
            after=slow.commit, blocks=15, effects=effects, cause="jit", moved="on", probability=0.97, at=AT,
        ),
    )  # fmt: skip
    result = Result(
        outcome="found", culprit=slow.commit, parent=slow.parent, author="T", subject="work", date=1_767_225_600,
        probability=0.99, candidates=(slow.commit,), measurements=2, builds=2, confirmation="confirmed", blocks=15,
        effects=effects, cause="jit", moved="on", cause_probability=0.9,
    )  # fmt: skip
    searched = replace(BISECTION, machine="m1", case=slow.key.case, version="1", event=slow.identity, result=result)
    BISECTIONS.save(machine, searched)
    NIGHTS.append(machine, NightRecord(AT, 3600.0, 3000.0, 20, install_s=30.0, publish_s=2.0))
    NOTICES.append(machine, Notice(slow.identity, "found", AT))
    FINGERPRINTS.append(machine, {"fingerprint": "f0000001", "cpu": "x"})
    INTERPRETERS.append(machine, KnownInterpreter(slow.after, "3.15.2", "debian", None, "off", False, slow.key.line))
    for number, commit in enumerate(made.commits):
        INSTALLATIONS.append(machine, KnownPackages(commit[:16], "2025-01-01T00:00:00+00:00", (f"six=={number}",)))
        rows = {"a.time_plain": trees.row([1.0 + number % 2]), "a.time_with": trees.row([1.0, 2.0], [["1", "2"]])}
        asvs.add(trees.file(number, rows, commit_hash=commit))
    NOISE.append(
        machine,
        KnownNoise(
            at=AT, fingerprint="f0000001", interpreter=slow.after, pairs=20, value=0.01, low=0.008, high=0.013,
            disturbed=1, false_alarm=False,
        ),
    )  # fmt: skip
    asvs.write("m1/machine.json", {"machine": "m1", "cpu": "x", "num_cpu": "2", "ram": "8", "version": 1})
    add_accepted(folder, Accepted(slow.identity, "it is worth it"))
    return made


def _regressions(tree: histories.Tree) -> None:
    history = read_history(tree.project)
    found = found_events(tree.project, history, remember=False)
    regressions_json(Shown(history, found.events, found.problems, True, found.left_out, frozenset({"m1"})))


def _publish(tree: histories.Tree) -> None:
    render_site(site_content(tree.project), tree.folder / "html")


def _export(tree: histories.Tree) -> None:
    project, folder = tree.project, tree.project.results_dir / "m1"
    results = read_results(project, folder)
    rows = export.cell_rows("m1", results, results.cells), export.trial_rows("m1", results.cells)
    columns = export.CELL_COLUMNS, export.TRIAL_COLUMNS
    for names, found in zip(columns, rows, strict=True):
        all_rows = list(found)
        export.csv_text(names, iter(all_rows))
        export.write_parquet(tree.folder / "rows.parquet", names, iter(all_rows))
    counts = list(export.count_rows("m1", read_machine_counts(project, folder).cases))
    export.csv_text(export.COUNT_COLUMNS, iter(counts))
    export.write_parquet(tree.folder / "rows.parquet", export.COUNT_COLUMNS, iter(counts))
    export.markdown_text(project, folder, results, results.cells, quick=False)
    for commit in tree.commits[:2] + tree.commits[-1:]:
        cells = {key: cell for key, cell in results.cells.items() if key.commit == commit}
        with contextlib.suppress(AsvJitError):
            export.pyperf_files(project, cells, tree.folder / "pyperf")


def _merge(tree: histories.Tree) -> None:
    ours = tree.folder / "ours"
    try:
        absorb(tree.project.results_dir, ours, lenient=True)
        absorb(tree.project.results_dir, ours, lenient=True)
    finally:
        shutil.rmtree(ours, ignore_errors=True)


def _night(tree: histories.Tree) -> None:
    project = tree.project
    described = suite.load(project)
    here = [interpreter("3.15.2", "e451c8ba"), interpreter("3.15.0", "aaaaaaaa")]
    ground = Ground(
        project, project.results_dir / "m1", here, here, {one.identity: (Requirements((), (), ()),) for one in here},
        measured_trials(project.results_dir / "m1"),
    )  # fmt: skip
    commits = tuple(Repository(project.folder).commits("main"))
    history = read_history(project)
    anchor, _ = anchor_of(ground, commits[0])
    situation = situation_of(
        ground, [commits], described.cases if described else (), anchor=anchor, history=history,
        events=found_events(project, history, remember=False).events, now_s=1_770_000_000.0, budget_s=3600.0,
    )  # fmt: skip
    plan(situation)


COMMANDS: tuple[Callable[[histories.Tree], None], ...] = (_regressions, _publish, _export, _merge, _night)


def kind_of(path: Path) -> str:
    """The kind of a file: its folder, or its name in the folder of a machine; asv's results are of one kind."""
    if path.parent.name in FOLDERS:
        return path.parent.name
    return "asv" if path.parent.name == "box" and path.name != "machine.json" else path.name


def test_every_kind_of_file_reaches_what_commands_show(tree: histories.Tree) -> None:
    """Otherwise the property below would hold of a tree whose records nobody reads."""
    history = read_history(tree.project)
    assert {one.key.case.benchmark for one in history.series} == {"a.time_plain", "a.time_with", "quiet", "slow"}
    assert history.counted
    events = found_events(tree.project, history, remember=False)
    slow = next(event for event in events.events if event.worse)
    assert slow.state == "accepted"
    assert slow.bisection == BISECTION.identity
    content = site_content(tree.project)
    (machine,) = (one for one in content.machines if one.name == "m1")
    assert machine.trials
    assert machine.counts
    assert not history.problems + events.problems + content.problems
    for command in COMMANDS:
        command(tree)


def _changed(path: Path, change: Callable[[dict[str, Any]], object], *, every: int = 1) -> bytes:
    """The file's content with `change` made in every line, or every second one, but a journal's header."""
    content = path.read_bytes()
    lines = content.split(b"\n") if path.suffix == ".jsonl" else [content]
    records = [json.loads(line) for line in lines if line.strip()]
    for record in records[1 if path.parent.name in ("trials", "counts") else 0 :: every]:
        change(record)
    return b"".join(encoded(record) + b"\n" for record in records)


@pytest.mark.parametrize(
    ("kind", "change", "every"),
    [
        ("benchmarks.json", lambda suite: suite["slow"].update(name=[]), 1),
        ("benchmarks.json", lambda suite: suite["slow"].update(params=[[{}]]), 1),
        ("benchmarks.json", lambda suite: suite["a.time_with"].update(params=[["1", "2"]] * 300), 1),  # 2**300 cases
        ("benchmarks.json", lambda suite: suite["slow"].update(params=[["1", "2"]] * 300), 1),
        ("confirmations", lambda record: record.update(probability=-1e308), 1),
        ("trials", lambda trial: trial.update(steady_s=None), 2),  # as a tracked value that is NaN in one mode
    ],
)
def test_what_once_ended_a_command(
    tree: histories.Tree, kind: str, change: Callable[[dict[str, Any]], object], every: int
) -> None:
    paths_of = [path for path in (tree.folder / "results").rglob("*") if path.is_file() and kind_of(path) == kind]
    before = {path: path.read_bytes() for path in paths_of}
    try:
        for path in paths_of:
            path.write_bytes(_changed(path, change, every=every))
        for command in COMMANDS:
            with contextlib.suppress(AsvJitError):
                command(tree)
        if kind != "trials":  # a trial without a figure is a valid one
            assert read_history(tree.project).problems or site_content(tree.project).problems
    finally:
        for path, content in before.items():
            path.write_bytes(content)


@few
@given(st.data())
def test_no_record_ends_a_command_with_an_internal_error(tree: histories.Tree, data: st.DataObject) -> None:
    files = {path: path.read_bytes() for path in sorted((tree.folder / "results").rglob("*")) if path.is_file()}
    of_kind: dict[str, list[Path]] = {}
    for path in files:
        of_kind.setdefault(kind_of(path), []).append(path)
    path = data.draw(st.sampled_from(of_kind[data.draw(st.sampled_from(sorted(of_kind)))]))
    lines = files[path].split(b"\n") if path.suffix == ".jsonl" else [files[path]]
    number = data.draw(st.sampled_from([n for n, line in enumerate(lines) if line.strip()]))
    lines[number] = encoded(data.draw(poisoned(json.loads(lines[number]))))
    path.write_bytes(b"\n".join(lines))
    try:
        for command in COMMANDS:
            with contextlib.suppress(AsvJitError):
                command(tree)
    finally:
        shutil.rmtree(tree.folder / "results")
        for one, content in files.items():
            one.parent.mkdir(parents=True, exist_ok=True)
            one.write_bytes(content)
