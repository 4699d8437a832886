"""`asv-jit merge`."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from asv_jit.commands.common import config_option, json_option, open_project, print_json
from asv_jit.system import locks
from asv_jit.workflows import branches
from asv_jit.workflows.merge import Merged, absorb, source_folder


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
@config_option
@json_option
@click.option("--push", metavar="branch:NAME", help="Then push all results to this branch of the remote.")
@click.option("--remote", default="origin", show_default=True, help="The remote of the branches.")
@click.option("--dry-run", is_flag=True, help="List what folders would bring; write nothing.")
def merge(sources: tuple[str, ...], config: Path, as_json: bool, push: str | None, remote: str, dry_run: bool) -> int:
    """Merge the results of other machines into ours. SOURCE is a results folder, or branch:NAME of the remote.

    Validates incoming files; lists the invalid ones and skips them.
    """
    named = [(source, branches.named_branch(source)) for source in sources]
    target = None if push is None else branches.named_branch(push)
    if push is not None and target is None:
        raise click.UsageError(f"--push: expected branch:NAME, found {push!r}")
    folders = {source: source_folder(Path(source).absolute()) for source, branch in named if branch is None}
    project = open_project(config)
    if dry_run and len(folders) != len(sources):
        raise click.UsageError("--dry-run looks at folders only; fetch a branch into a folder with `git worktree add`")
    merged = Merged()
    pushed: branches.Pushed | None = None
    with locks.held(locks.results_lock(project.results_dir), doing="merge results"):
        for source, branch in named:
            if branch is not None:
                fetched = branches.fetch_results(project, branch, remote=remote)
                none = () if fetched.commit else (f"{remote} has no branch {branch!r} yet: nothing to fetch",)
                came = fetched.merged.with_other(Merged(notes=none))
            else:
                came = absorb(folders[source], project.results_dir, dry_run=dry_run)
            merged = merged.with_other(came)
        if target is not None and not dry_run:
            pushed = branches.push_results(project, target, remote=remote)
            merged = merged.with_other(Merged(problems=pushed.problems))
    for line in (*merged.notes, *(f"warning: {problem}" for problem in merged.problems)):
        click.echo(line, err=True)
    if as_json:
        print_json({**asdict(merged), "dry_run": dry_run, "commit": pushed.commit if pushed else None})
    else:
        would = "would bring" if dry_run else "brought"
        click.echo(f"{would} {merged.trials} new trials; {len(merged.files)} files changed in {project.results_dir}")
        if pushed is not None:
            click.echo(f"{push} is at {pushed.commit[:8]}" + ("" if pushed.changed else ", as before"))
    return 4 if merged.problems else 0
