"""The documentation names what there is: columns, subcommands, files."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from asv_jit.cli import cli
from asv_jit.workflows.export import CELL_COLUMNS, COUNT_COLUMNS, TRIAL_COLUMNS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def test_every_exported_column_is_documented() -> None:
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    cells, _, rest = text.partition("## Columns of `trials`")
    trials, counts = rest.split("## Columns of `counts`")
    named = set(re.findall(r"`(\w+)`", cells)) | {f"{name}_{end}" for name in ("off", "on") for end in ("low", "high")}
    assert set(CELL_COLUMNS) <= named
    assert set(TRIAL_COLUMNS) <= set(re.findall(r"`(\w+)`", trials))
    assert set(COUNT_COLUMNS) <= set(re.findall(r"`(\w+)`", counts))


def _code(text: str) -> list[str]:
    """Code in the text: between backticks, indented, or after a prompt."""
    return [first or second for first, second in re.findall(r"`([^`\n]+)`|^(?: {4}|\$ )\s*(.+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_options_files_and_pages_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = "\n".join(_code(text))
    for command, rest in re.findall(r"^(?:\$ )?asv-jit ([a-z][a-z-]*)((?: [^|#&;\n]*)?)", code, re.MULTILINE):
        described = cli.get_command(click.Context(cli), command)
        assert described is not None, f"{page.name}: asv-jit {command}"
        known = {option for parameter in described.params for option in parameter.opts}
        known |= {option for parameter in described.params for option in parameter.secondary_opts}
        if not hasattr(described, "commands"):
            assert set(re.findall(r"(?<=\s)(--[a-z-]+)", rest)) <= known | {"--help"}, f"{page.name}: {command}{rest}"
    for path in re.findall(r"`((?:tests|docs|requirements)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{page.name}: {path}"
    for link in re.findall(r"\]\(([\w./-]+\.md)", text):
        assert (page.parent / link).exists(), f"{page.name}: {link}"
