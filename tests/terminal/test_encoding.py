"""Nothing that is printed fails for the characters that a terminal's encoding lacks, and no figure runs on for ever."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asv_jit.analysis.comparison import Effect
from asv_jit.store.journal import TRIALS
from asv_jit.system import paths
from asv_jit.text import comparison_words, units
from tests.store.trials import pairs_of

SOURCES = Path(paths.__file__).parents[1]
POOR = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
COMMANDS = (
    ["--help"], ["pythons", "list"], ["pythons", "list", "--json"], ["doctor"], ["init", "--dry-run"], ["run", "µ..×"],
    ["regressions"], ["regressions", "--json"], ["export", "--format", "csv"], ["export", "--format", "markdown"],
    ["publish"], ["prune", "--dry-run"], ["bisect", "nö such"], ["accept", "▲"], ["compare", "µ", "×"],
    ["--nö"],
)  # fmt: skip
EACH = """
import json, os, sys
from asv_jit.cli import _MODULES, main
given = [[os.fsdecode(word.encode()) for word in words] for words in json.loads(sys.argv[1])]  # as the system does
for arguments in [*given, *([name, "--help"] for name in _MODULES)]:
    try:
        main(arguments)
    except SystemExit as ending:
        if ending.code == 70:
            print("DEFECT", ascii(arguments))
"""
EVERY_CHARACTER = """
import sys
from rich.console import Console
from rich.progress import Progress, TextColumn, BarColumn
from rich.table import Table
from asv_jit.terminal.console import console, say
from asv_jit.terminal.encoding import replace_unencodable
replace_unencodable()
text = sys.argv[1].encode("ascii").decode("unicode_escape")
for screen in (console(), Console(force_terminal=True)):
    screen.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
    table = Table(text)
    table.add_row(text)
    screen.print(table)
say(text, "bold red")
with Progress(TextColumn("{task.description}"), BarColumn(), console=Console(force_terminal=True)) as bars:
    bars.add_task(text, total=3)
print(text, file=sys.stderr)
"""


def _started(folder: Path, encoding: str, *command: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, paths.CACHE_VARIABLE: str(folder / "cache"), **POOR[encoding]}
    return subprocess.run([sys.executable, "-c", *command], cwd=folder, env=env, capture_output=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with results, and names that ASCII lacks."""
    folder = tmp_path / "wörk"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "asv.conf.json").write_text(json.dumps({"version": 1, "project": "x", "repo": ".", "matrix": {}}))
    for trial in pairs_of([2.0, 2.02, 1.98, 2.01, 1.99], [1.0, 1.01, 0.99, 1.02, 0.98]):
        TRIALS.append(folder / "results" / "box", trial)
    return folder


@pytest.mark.parametrize("encoding", POOR)
def test_no_command_fails_for_its_words(encoding: str, project: Path) -> None:
    done = _started(project, encoding, EACH, json.dumps(COMMANDS))
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, said[-2000:]
    assert "DEFECT" not in said, said[-3000:]
    assert "UnicodeEncodeError" not in said
    assert "The site: " in said
    assert "2.0" in said


@pytest.mark.parametrize("encoding", POOR)
def test_every_character_of_our_texts_can_be_printed(encoding: str, tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")]
    ours = "".join(sorted({letter for text in texts for letter in text if not letter.isascii()}))
    assert "▲" in ours
    done = _started(tmp_path, encoding, EVERY_CHARACTER, (ours + "\udcff").encode("unicode_escape").decode())
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")


def test_json_says_what_the_terminal_lacks_in_escapes(project: Path) -> None:
    script = "from asv_jit.commands.common import print_json; print_json({'a': '\\u25b2'})"
    done = _started(project, "latin-1", script)
    assert json.loads(done.stdout) == {"a": "▲"}


@pytest.mark.parametrize("ratio", [5e-324, 1e-300, 1e-12, 1e-3, 0.999, 1.0, 11.5, 1e3, 1e15, 1.7e308])
def test_no_figure_of_a_comparison_has_dozens_of_digits(ratio: float) -> None:
    effect = Effect("on", 1.0, ratio, ratio, ratio, ratio, 1e-9, "slower")
    for text in (
        comparison_words.effect_words(effect, interval=True),
        comparison_words.change_words(effect),
        comparison_words.time_words(ratio),
        units.change(ratio),
    ):
        assert not re.search(r"[\d,.]{13}", text), text
        assert len(text) < 60


def test_a_change_of_many_times_is_said_so() -> None:
    assert comparison_words.time_words(12.3) == "12.3 times the time"
    assert comparison_words.time_words(1 / 50) == "50.0 times as fast"
    assert comparison_words.time_words(2.0) == "100.0% slower"
    assert comparison_words.time_words(0.0) == "∞ times as fast"


def test_a_warning_of_numpy_is_no_line_on_the_terminal(tmp_path: Path) -> None:
    script = (
        "import numpy as np\nfrom asv_jit.cli import cli, main\n"
        "cli.get_command(None, 'doctor').callback = lambda **_: (np.mean([]), np.exp(np.float64(1e9)), 0)[-1]\n"
        "main(['doctor'])"
    )
    done = _started(tmp_path, "C", script)
    assert (done.returncode, done.stderr) == (0, b"")
