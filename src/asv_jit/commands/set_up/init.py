"""`asv-jit init`."""

from __future__ import annotations

from pathlib import Path

import click

from asv_jit.commands.common import config_option, json_option, print_json
from asv_jit.terminal.set_up import print_proposal, proposal_json
from asv_jit.workflows.setup import init as starting
from asv_jit.workflows.setup.workflow_files import WorkflowOptions

_DEFAULTS = WorkflowOptions()


@click.command()
@config_option
@json_option
@click.option("--dry-run", is_flag=True, help="Print the changes as a diff; write nothing.")
@click.option("--workflows/--no-workflows", default=True, help="Write workflows for GitHub Actions.")
@click.option(
    "--requirement", default=_DEFAULTS.requirement, help="The requirement that pip installs in the workflows."
)
@click.option("--runner", default=_DEFAULTS.runner, help="Runner of the nightly job: a label, or [self-hosted, …].")
@click.option("--cron", default=_DEFAULTS.cron, help="Start of the nightly job (cron, UTC).")
@click.option("--budget", default=_DEFAULTS.budget, help="Time budget of the nightly job.")
@click.option("--branch", default=_DEFAULTS.branch, help="The branch that stores the results.")
def init(config: Path, as_json: bool, dry_run: bool, workflows: bool, **chosen: str) -> int:
    """Prepare an asv suite for both JIT modes, or start one, and write GitHub Actions workflows for it.

    Comments, order and formatting of an existing asv.conf.json are kept. A second run changes nothing.
    """
    proposal = starting.propose(config, WorkflowOptions(**chosen) if workflows else None)
    if not dry_run:
        starting.apply(proposal)
    if as_json:
        print_json(proposal_json(proposal, dry_run=dry_run))
    else:
        print_proposal(proposal, dry_run=dry_run)
    return 0
