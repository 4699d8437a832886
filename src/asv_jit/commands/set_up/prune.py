"""`asv-jit prune`."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from asv_jit import installations
from asv_jit.commands.common import config_option, json_option, open_project, print_json
from asv_jit.text import units
from asv_jit.workflows import prune as pruning


@click.command()
@config_option
@json_option
@click.option(
    "--keep", default="30d", show_default=True, help="Keep profiles of this many days (30d) or sessions (20)."
)
@click.option(
    "--installations",
    "kept",
    type=click.IntRange(min=0),
    default=installations.KEPT,
    show_default=True,
    help="Keep this many installations, the most recently used.",
)
@click.option("--dry-run", is_flag=True, help="List what would be deleted; delete nothing.")
def prune(config: Path, as_json: bool, keep: str, kept: int, dry_run: bool) -> int:
    """Delete unused installations, old profiles of counted trials, and the iterations that older versions stored.

    The journals keep every trial.
    """
    project = open_project(config)
    made = pruning.prune(project, pruning.parse_keep(keep), kept_installations=kept, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(made)})
        return 0
    for path in (*made.raw, *made.installations) if dry_run else ():
        click.echo(f"would delete {path}")
    click.echo(
        f"{'would delete' if dry_run else 'deleted'} the profiles of {units.count(len(made.raw), 'session')} "
        f"({units.size(made.raw_bytes)}) and {units.count(len(made.installations), 'installation')} "
        f"({units.size(made.installations_bytes)})"
    )
    return 0
