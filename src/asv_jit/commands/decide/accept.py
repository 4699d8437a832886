"""`asv-jit accept`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit.commands.common import config_option, json_option, open_project, print_json
from asv_jit.workflows.events import accept as accepting


@click.command()
@click.argument("identities", metavar="ID…", nargs=-1, required=True)
@config_option
@json_option
@click.option("--why", required=True, metavar="TEXT", help="The reason, for reviewers and later readers.")
def accept(identities: tuple[str, ...], config: Path, as_json: bool, why: str) -> int:
    """Accept regressions, with a reason, in accepted-regressions.toml beside asv.conf.json.

    `asv-jit regressions` lists the IDs; the first digits are enough. Commit the file so that others can review the
    decision. Remove an entry to reopen its regression.
    """
    project = open_project(config)
    path, added = accepting.accept(project, identities, why)
    if as_json:
        print_json({"file": str(path), "accepted": [event.identity for event in added]})
    else:
        for event in added:
            click.echo(f"accepted {event.identity}: {event.key.case}")
        click.echo(f"{path}: {'commit this file' if added else 'nothing to add, all are accepted already'}")
    return 0
