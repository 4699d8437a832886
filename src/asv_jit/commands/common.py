"""What the subcommands share: common options, opening the project, printing JSON and warnings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from asv_jit.asv_adapter.project import Project, load_project
from asv_jit.settings import bounded_s

_MOST_WARNINGS = 50

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("asv.conf.json"),
    help="The asv configuration file.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
machine_option = click.option("--machine", help="This machine's name in asv (default: its host name).")


bench_option = click.option(
    "--bench", multiple=True, metavar="REGEX", help="Only cases whose name matches; repeatable."
)
pythons_option = click.option(
    "--python", "pythons", multiple=True, metavar="SPEC", help="Interpreter: 3.15, 3.15.2 or a path; repeatable."
)


class Seconds(click.ParamType[float]):
    """A number of seconds above 0; `inf` means no limit."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse the seconds; fails for anything else."""
        try:
            seconds = bounded_s(float(str(value)))
        except ValueError:
            seconds = None
        return self.fail(f"expected seconds above 0, found {str(value)!r}", param, ctx) if seconds is None else seconds


def open_project(config: Path) -> Project:
    """Read the configuration and change to its folder, as asv does, because its paths are relative."""
    project = load_project(config)
    os.chdir(project.folder)
    return project


def print_json(value: object) -> None:
    """Print one JSON object on stdout, for scripts; if its encoding lacks a character, all such are escaped.

    `value` holds structs, paths and whatever else JSON knows.
    """
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=_path), indent=2).decode("utf-8")
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2)
    click.echo(text)


def _path(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def warn_of(problems: Sequence[str]) -> None:
    """Print what could not be read on stderr; of more than 50 problems, equal ones of several files are printed once.

    `problems`: sentences that begin with the file's path, `path: what is wrong`.
    """
    alike: dict[str, list[str]] = {}
    for problem in problems:
        what = problem if len(problems) <= _MOST_WARNINGS else problem.partition(": ")[2] or problem
        alike.setdefault(what, []).append(problem)
    for same in list(alike.values())[:_MOST_WARNINGS]:
        others = f" (and {len(same) - 1:,} more times)" if len(same) > 1 else ""
        click.echo(f"warning: {same[0]}{others}", err=True)
    if len(alike) > _MOST_WARNINGS:
        click.echo(f"warning: and {len(alike) - _MOST_WARNINGS:,} more of other kinds; --json names each", err=True)
    if len(problems) > 1:
        click.echo(f"warning: {len(problems):,} things could not be read; they are skipped", err=True)
