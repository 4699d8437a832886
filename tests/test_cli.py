"""How a subcommand's ending becomes an exit code, also where its words cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from asv_jit.cli import cli, main
from asv_jit.commands.measure.try_ import try_
from asv_jit.settings import LONGEST_S
from asv_jit.system import paths

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="a device that is always full: Linux has one")


def _exit_code(folder: Path, *arguments: str, stdout: Path = FULL, stderr: Path | None = None) -> tuple[int, str]:
    env = {**os.environ, paths.CACHE_VARIABLE: str(folder)}
    with stdout.open("wb") as out, (stderr or folder / "stderr").open("wb") as err:
        done = subprocess.run(
            [sys.executable, "-m", "asv_jit", *arguments], check=False, stdout=out, stderr=err, env=env, cwd=folder
        )
    return done.returncode, "" if stderr else (folder / "stderr").read_text()


@pytest.mark.parametrize("command", ["look.publish", "look.regressions", "look.export"])
def test_what_only_reads_does_not_wait_for_what_it_rarely_needs(command: str) -> None:
    """Each of these takes as long to import as everything else together; see `asv_jit.analysis` and `.asv_adapter`."""
    script = f"import sys, asv_jit.commands.{command}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert f"asv_jit.commands.{command}" in loaded
    assert not loaded & {"asv", "scipy.special", "scipy.ndimage", "json5", "python_discovery", "http.client"}


def test_help_lists_every_subcommand_on_a_line_of_its_own_and_imports_none() -> None:
    script = "import sys\nfrom asv_jit.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    env = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=env)
    *lines, modules = done.stdout.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Measure:") :] if line.startswith("  ")]
    assert len(listed) == len(set(listed)) == 16
    for name in listed:
        assert isinstance(cli.get_command(click.Context(cli), name), click.Command), name
    assert max(map(len, lines)) <= 80
    assert not [module for module in modules.split() if module.startswith("asv_jit.commands.")]


@needs_full
@pytest.mark.parametrize("arguments", [["pythons", "list"], ["--help"]])
def test_a_log_on_a_full_disk_is_no_defect(arguments: list[str], tmp_path: Path) -> None:
    code, said = _exit_code(tmp_path, *arguments)
    assert code == 4
    assert "cannot write" in said
    assert "Traceback" not in said


@needs_full
def test_an_error_that_cannot_be_written_keeps_its_exit_code(tmp_path: Path) -> None:
    assert _exit_code(tmp_path, "run", stdout=tmp_path / "out", stderr=FULL)[0] == 2
    assert _exit_code(tmp_path, "pythons", "list", stderr=FULL)[0] == 4


def test_a_defect_is_the_only_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("asv_jit.commands.set_up.doctor.doctor.callback", lambda **_: {}["no such key"])
    with pytest.raises(SystemExit) as ending:
        main(["doctor"])
    assert ending.value.code == 70
    assert "please report it" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "name"), [("seconds", "seconds"), ("timeout", "timeout_s")])
def test_a_time_on_the_command_line_is_one_that_can_be_waited_for(option: str, name: str) -> None:
    for text, seconds in (("3000000", 3e6), ("inf", LONGEST_S), ("1e400", LONGEST_S), ("0.5", 0.5)):
        assert try_.make_context("try", [f"--{option}", text, "x.py"]).params[name] == seconds
    for text in ("nan", "-1", "0", "-inf", "soon", ""):
        with pytest.raises(click.BadParameter, match="expected seconds above 0"):
            try_.make_context("try", [f"--{option}={text}", "x.py"])


def test_a_count_has_no_quick_form_and_says_so(tmp_path: Path) -> None:
    code, said = _exit_code(tmp_path, "run", "--count", "--quick", stdout=tmp_path / "out")
    assert code == 2
    assert "--count or --quick" in said


def test_without_a_configuration_the_error_names_the_command_that_writes_one(tmp_path: Path) -> None:
    code, said = _exit_code(tmp_path, "run", stdout=tmp_path / "out")
    assert code == 2
    assert "`asv-jit init`" in said
