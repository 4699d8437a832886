"""Exports hold what the journal holds, and pyperf itself accepts the form that is for it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace
from pyarrow import parquet

from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.cli import main
from asv_jit.errors import UsageError
from asv_jit.model import CaseKey, Part, Trial
from asv_jit.store.journal import COUNTS, TRIALS
from asv_jit.workflows import export
from asv_jit.workflows.reading.results import Results, read_results
from tests.site import contents
from tests.store.test_counts import trial as counted
from tests.store.trials import COMMIT, INTERPRETER, failed, pairs_of

OTHER = "3.14.10+00000000"


def _place(trial: Trial, interpreter: str, benchmark: str) -> Trial:
    return replace(
        trial,
        trial=f"{interpreter}{benchmark}{trial.trial}",
        block=f"{interpreter}{benchmark}{trial.block}",
        commit=COMMIT,
        interpreter=interpreter,
        benchmark=benchmark,
        params=("'a,\"b\"'", "2\n3"),
    )


@pytest.fixture
def measured(tmp_path: Path) -> tuple[Project, Path, Results]:
    """Two cases on one interpreter, one of them with a failed block, and one case on another."""
    (tmp_path / "asv.conf.json").write_text(json.dumps({"version": 1, "project": "x", "repo": "."}))
    project = load_project(tmp_path / "asv.conf.json")
    folder = project.results_dir / "box"
    for interpreter, benchmark in (
        (INTERPRETER, "cpu.time_one"),
        (INTERPRETER, "cpu.time_two"),
        (OTHER, "cpu.time_one"),
    ):
        trials = pairs_of([2.0, 2.02, 1.98, 2.01, 1.99], [1.0, 1.01, 0.99, 1.02, 0.98])
        if benchmark == "cpu.time_two":
            trials += [failed("b99", "off"), failed("b99", "on")]
        for trial in trials:
            TRIALS.append(folder, _place(trial, interpreter, benchmark))
    return project, folder, read_results(project, folder)


def test_cells_as_csv(measured: tuple[Project, Path, Results]) -> None:
    _, folder, results = measured
    cells = export.select(results.cells, "3.15", ())
    text = export.csv_text(export.CELL_COLUMNS, export.cell_rows(folder.name, results, cells))
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert list(rows[0]) == list(export.CELL_COLUMNS)
    assert [(row["benchmark"], row["verdict"], row["pairs"]) for row in rows] == [
        ("cpu.time_one", "faster", "5"),
        ("cpu.time_two", "faster", "5"),
    ]
    assert json.loads(rows[0]["params"]) == ["'a,\"b\"'", "2\n3"]
    summary = results.suites[-1].cases[0]
    assert summary.speedup is not None
    assert float(rows[0]["speedup"]) == summary.speedup.ratio
    assert (
        float(rows[0]["jit_adds_bytes_low"])
        <= float(rows[0]["jit_adds_bytes"])
        <= float(rows[0]["jit_adds_bytes_high"])
    )
    assert rows[0]["trials"] == "5"


def test_trials_as_csv_with_the_failed_ones(measured: tuple[Project, Path, Results]) -> None:
    _, folder, results = measured
    rows = list(export.trial_rows(folder.name, export.select(results.cells, None, ["two"])))
    assert len(rows) == 12
    assert {row["outcome"] for row in rows} == {"ok", "failed"}
    assert {row["steady_s"] for row in rows if row["mode"] == "off" and row["outcome"] == "ok"} == {
        2.0, 2.02, 1.98, 2.01, 1.99,
    }  # fmt: skip
    for row in rows:
        for name, kind in export.TRIAL_COLUMNS.items():
            assert row[name] is None or isinstance(row[name], (kind, int))


def test_counts_as_csv_and_parquet(tmp_path: Path) -> None:
    trials = contents.counts(CaseKey("cpu.time_one", ("2",)), contents.WITH_JIT)
    counts = export.select({one.key: one for one in contents.counted(trials)}, "3.15", ["one"])
    rows = list(export.count_rows("box", counts.values()))
    assert [(row["mode"], row["instructions"], row["hash_seeds"], row["part_jit"]) for row in rows] == [
        ("off", 60_000.0, 3, 0.0),
        ("on", 34_000.0, 3, 18_000.0),
    ]
    assert all(sum(row[f"part_{part}"] or 0.0 for part in get_args(Part)) == row["instructions"] for row in rows)
    text = export.csv_text(export.COUNT_COLUMNS, iter(rows))
    assert next(csv.DictReader(text.splitlines()))["params"] == '["2"]'
    export.write_parquet(tmp_path / "x.parquet", export.COUNT_COLUMNS, iter(rows))
    assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == rows
    with pytest.raises(UsageError, match="no results match"):
        export.select({one.key: one for one in contents.counted(trials)}, None, (), {"f" * 40})


def test_parquet_holds_the_same(measured: tuple[Project, Path, Results], tmp_path: Path) -> None:
    _, folder, results = measured
    cells = export.select(results.cells, None, ())
    for columns, rows in (
        (export.CELL_COLUMNS, list(export.cell_rows(folder.name, results, cells))),
        (export.TRIAL_COLUMNS, list(export.trial_rows(folder.name, cells))),
    ):
        export.write_parquet(tmp_path / "x.parquet", columns, iter(rows))
        assert parquet.read_table(tmp_path / "x.parquet").to_pylist() == rows


def test_without_pyarrow_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"asv-jit\[parquet\]"):
        export.write_parquet(tmp_path / "x", export.CELL_COLUMNS, iter(()))


def test_pyperf_compares_both_files(measured: tuple[Project, Path, Results], tmp_path: Path) -> None:
    project, _, results = measured
    files, left_out = export.pyperf_files(project, export.select(results.cells, INTERPRETER, ()), tmp_path / "out")
    assert [path.name for path in files] == ["off.json", "on.json"]
    assert left_out == 0
    pyperf = [sys.executable, "-m", "pyperf"]
    compared = subprocess.run(
        [*pyperf, "compare_to", "--table", "-v", *map(str, files)], capture_output=True, text=True, check=True
    )
    assert "2.00x faster" in compared.stdout
    assert "cpu.time_two" in compared.stdout
    shown = subprocess.run([*pyperf, "stats", str(files[0])], capture_output=True, text=True, check=True)
    assert "Number of run with values: 5" in " ".join(shown.stdout.split())


def test_pyperf_needs_one_place(measured: tuple[Project, Path, Results], tmp_path: Path) -> None:
    project, _, results = measured
    with pytest.raises(UsageError, match="--python"):
        export.pyperf_files(project, export.select(results.cells, None, ()), tmp_path)


def test_nothing_that_fits_is_an_error(measured: tuple[Project, Path, Results]) -> None:
    _, _, results = measured
    with pytest.raises(UsageError, match="no results match"):
        export.select(results.cells, "3.13", ())
    with pytest.raises(UsageError, match="regular expression"):
        export.select(results.cells, None, ["("])


@pytest.mark.parametrize("table", ["cells", "trials", "counts"])
def test_an_export_without_what_could_not_be_read_says_so_with_its_exit_code(
    table: str, measured: tuple[Project, Path, Results], capsys: pytest.CaptureFixture[str]
) -> None:
    project, folder, _ = measured
    COUNTS.append(folder, counted())
    command = ["export", "--config", str(project.folder / "asv.conf.json"), "--table", table, "--format", "csv"]
    for damaged, code in ((False, 0), (True, 4)):
        if damaged:
            for path in [*folder.glob("trials/*.jsonl"), *folder.glob("counts/*.jsonl")]:
                path.write_text(path.read_text() + '{"rubbish": 1}\n')
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert (ended.value.code or 0) == code
        assert ("skipped" in capsys.readouterr().err) == damaged
