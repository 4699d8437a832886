"""What the subcommands share: their common options, opening the project, printing JSON."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from asv_jit.asv_adapter.project import Project, load_project

__all__ = ["config_option", "json_option", "machine_option", "open_project", "print_json"]

config_option = click.option(
    "--config", "config", type=click.Path(path_type=Path), default=Path("asv.conf.json"), help="asv's configuration."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
machine_option = click.option("--machine", help="asv's name of this machine (default: as asv knows it).")


def open_project(config: Path) -> Project:
    """Read the configuration and, as asv does, go to its folder: its paths are relative to it."""
    project = load_project(config)
    os.chdir(project.folder)
    return project


def print_json(value: object) -> None:
    """One JSON object on stdout, for scripts."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8"))
