"""`asv-jit publish`."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from asv_jit.commands.common import config_option, json_option, machine_option, open_project, print_json, warn_of
from asv_jit.workflows import publish as publishing


@click.command()
@config_option
@json_option
@machine_option
@click.option("--with-asv", is_flag=True, help="Also write asv's own site, in asv/; can take minutes.")
def publish(config: Path, as_json: bool, machine: str | None, with_asv: bool) -> int:
    """Write the site (html_dir of the configuration) from all stored results."""
    project = open_project(config)
    gc.disable()  # a publication keeps what it makes until it ends, so that looking for garbage is a tenth of its time
    published = publishing.publish(project, machine, with_asv=with_asv)
    warn_of(published.problems)
    if as_json:
        print_json(published)
    else:
        for note in published.notes:
            click.echo(f"Note: {note}.")
        for kind in published.left_out:
            click.echo(f"Left out: {kind}.")
        click.echo(f"The site: {published.index}")
    gc.freeze()  # Python looks for garbage once more when it ends, disabled or not: 60 ms for what is gone anyway
    return 4 if published.problems else 0
