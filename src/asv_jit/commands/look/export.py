"""`asv-jit export`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from asv_jit.asv_adapter.project import Project
from asv_jit.commands.common import bench_option, config_option, machine_option, open_project, warn_of
from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.git.repository import Repository
from asv_jit.store.files import write_atomically
from asv_jit.workflows import export as exporting
from asv_jit.workflows.reading.counts import read_machine_counts
from asv_jit.workflows.reading.results import machine_folder, read_results

_ROWS = ("csv", "parquet")


@click.command()
@config_option
@machine_option
@click.option(
    "--format",
    "kind",
    type=click.Choice(["pyperf", "csv", "parquet", "markdown"]),
    required=True,
    help="The file format.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file to write; for pyperf the folder for off.json and on.json."
)
@click.option(
    "--table",
    type=click.Choice(["cells", "trials", "counts"]),
    default="cells",
    show_default=True,
    help="What a row is.",
)
@click.option("--commit", "commits", multiple=True, metavar="COMMIT", help="Only this commit; repeatable.")
@click.option("--python", "interpreter", metavar="SPEC", help="Only this interpreter: 3.15, 3.15.2 or an identity.")
@bench_option
@click.option("--quick", is_flag=True, help="Export the results of `run --quick` instead.")
def export(
    config: Path,
    machine: str | None,
    kind: str,
    out: Path | None,
    table: str,
    commits: tuple[str, ...],
    interpreter: str | None,
    bench: tuple[str, ...],
    quick: bool,
) -> int:
    """Write results for other tools: CSV, Parquet, Markdown, or files for `pyperf compare_to`.

    In CSV and Parquet a row of `cells` is one case of one commit on one interpreter, with its verdict; a row of
    `trials` is one process, and one of `counts` the counted instructions of a case in one mode. Markdown holds the
    newest results as tables of cases by Python releases. Exit code: 4 if some results could not be read.
    """
    out = out.absolute() if out is not None else None
    project = open_project(config)
    folder = machine_folder(project, machine)
    hashes = _hashes(project, commits)
    if table == "counts":
        if kind not in _ROWS or quick:
            raise UsageError(f"--table counts: expected --format {' or '.join(_ROWS)}, without --quick")
        read = read_machine_counts(project, folder)
        warn_of(read.problems)
        counts = exporting.select({one.key: one for one in read.cases}, interpreter, bench, hashes)
        _write_rows(kind, out, exporting.COUNT_COLUMNS, exporting.count_rows(folder.name, counts.values()))
        return DamagedFileError.exit_code if read.problems else 0
    results = read_results(project, folder, commits=hashes or None, quick=quick)
    warn_of(results.problems)
    cells = exporting.select(results.cells, interpreter, bench)
    if kind == "pyperf":
        files, left_out = exporting.pyperf_files(project, cells, out or Path.cwd())
        click.echo(f"wrote {' and '.join(map(str, files))}; compare them: pyperf compare_to off.json on.json --table")
        if left_out:
            click.echo(f"left out {left_out} cases that pyperf has no unit for or that were measured in one mode only")
    elif kind == "markdown":
        _write_text(out, exporting.markdown_text(project, folder, results, cells, quick=quick))
    elif table == "cells":
        _write_rows(kind, out, exporting.CELL_COLUMNS, exporting.cell_rows(folder.name, results, cells))
    else:
        _write_rows(kind, out, exporting.TRIAL_COLUMNS, exporting.trial_rows(folder.name, cells))
    return DamagedFileError.exit_code if results.problems else 0


def _write_rows(kind: str, out: Path | None, columns: Mapping[str, type], rows: Iterator[exporting.Row]) -> None:
    if kind == "csv":
        _write_text(out, exporting.csv_text(columns, rows))
    elif out is None:
        raise UsageError("--format parquet: name the file with --out")
    else:
        exporting.write_parquet(out, columns, rows)


def _write_text(out: Path | None, text: str) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_atomically(out, text)


def _hashes(project: Project, names: Sequence[str]) -> set[str]:
    """Return the full hashes of the commits that git knows by these names."""
    if not names:
        return set()
    repository = Repository(project.folder / project.repo)
    return {repository.resolve(name).hash for name in names}
