"""`asv-jit doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit import machine_checks
from asv_jit.asv_adapter.machine import fingerprint
from asv_jit.asv_adapter.project import load_project
from asv_jit.commands.common import config_option, json_option, print_json
from asv_jit.interpreters.discover import discover
from asv_jit.interpreters.resolve import resolve
from asv_jit.settings import Settings
from asv_jit.terminal.progress import progress
from asv_jit.terminal.set_up import print_diagnosis
from asv_jit.workflows.setup import doctor as diagnosing
from asv_jit.workflows.setup import same_code


@click.command()
@config_option
@json_option
@click.option("--measure", is_flag=True, help="Measure this machine's noise: times a program against itself.")
@click.option(
    "--aa",
    "aa_runs",
    type=click.IntRange(1),
    metavar="N",
    help="Compare the suite with itself N more times; count false alerts.",
)
@click.option(
    "--python", "spec", default="3.15", show_default=True, metavar="SPEC", help="The interpreter to measure with."
)
def doctor(config: Path, as_json: bool, measure: bool, aa_runs: int | None, spec: str) -> None:
    """Check this machine for everything that would spoil measurements, each with its remedy."""
    project = load_project(config) if config.is_file() else None
    settings = project.settings if project is not None else Settings()
    found = discover()
    checks = [*machine_checks.check(cpu=settings.cpu, interpreters=found), diagnosing.counting_check()]
    report = diagnosing.Diagnosis(checks)
    cpu = settings.cpu if settings.cpu is not None else machine_checks.default_cpu()
    with progress(quiet=as_json) as reporter:
        if measure:
            interpreter = resolve(spec, found)
            report.noise = diagnosing.measure_noise(interpreter, settings, reporter, cpu=cpu)
            if project is not None:
                report.kept_in = diagnosing.keep(report.noise, interpreter, project.results_dir, reporter)
        if aa_runs:
            report.same_code = same_code.aa_runs(
                aa_runs, resolve(spec, found), settings, reporter, cpu=cpu, machine=fingerprint()
            )
    if as_json:
        print_json(report)
    else:
        print_diagnosis(report)
