"""`asv-jit preview`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit.commands.common import config_option, open_project
from asv_jit.workflows.preview import serving


@click.command()
@config_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="The port; 0 picks a free one."
)
def preview(config: Path, port: int) -> int:
    """Serve the site on 127.0.0.1 until Ctrl-C."""
    project = open_project(config)
    with serving(project.html_dir, port) as server:
        click.echo(f"the site is at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("")
    return 0
