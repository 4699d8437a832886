"""The command line: the table of its subcommands, and how each ending becomes an exit code."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

import click

from asv_jit import __version__
from asv_jit.errors import AsvJitError, InterruptedRunError, StorageError, is_full
from asv_jit.system import scratch
from asv_jit.terminal.encoding import replace_unencodable

_COMMANDS = {
    "Measure": {
        "try": ("measure.try_", "Time any program with the JIT off and on."),
        "run": ("measure.run", "Measure commits in both JIT modes."),
        "compare": ("measure.compare", "Compare two commits, or two interpreters."),
        "nightly": ("measure.nightly", "Run a whole night unattended: measure, bisect, publish."),
    },
    "Look at results": {
        "regressions": ("look.regressions", "List what became slower or faster, since when, and why."),
        "publish": ("look.publish", "Write the site."),
        "preview": ("look.preview", "Serve the site on this machine."),
        "export": ("look.export", "Write results as CSV, Parquet, Markdown or pyperf files."),
    },
    "Find the cause and decide": {
        "bisect": ("decide.bisect", "Find the commit or release that caused a change."),
        "check": ("decide.check", "Test HEAD against a baseline, for `git bisect run`."),
        "accept": ("decide.accept", "Accept regressions, with a reason."),
    },
    "Set up and maintain": {
        "init": ("set_up.init", "Set up a project, its configuration and CI workflows."),
        "pythons": ("set_up.pythons", "List, probe and install Python interpreters."),
        "doctor": ("set_up.doctor", "Check this machine for what spoils measurements."),
        "merge": ("set_up.merge", "Merge the results of other machines."),
        "prune": ("set_up.prune", "Delete unused installations and old iterations."),
    },
}
"""Each subcommand by purpose: its module in `asv_jit.commands`, which has a function of that name, and its summary."""

_MODULES = {name: f"asv_jit.commands.{module}" for group in _COMMANDS.values() for name, (module, _) in group.items()}


class _Commands(click.Group):
    """Imports a subcommand's module when it runs, so that a command waits only for the imports it needs itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(_MODULES[cmd_name])
        command: click.Command = getattr(module, _MODULES[cmd_name].rpartition(".")[2])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands by purpose, without importing any."""
        width = max(map(len, _MODULES))
        for purpose, commands in _COMMANDS.items():
            with formatter.section(purpose):
                formatter.write_dl([(name.ljust(width), summary) for name, (_, summary) in commands.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="asv-jit")
def cli() -> None:
    """Measure what CPython's JIT does to your code, on every commit and every Python release."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a subcommand as the console script, and exit with its exit code."""
    replace_unencodable()
    # What numpy and scipy notice (an overflow, nothing to average) shows as inf or nan, and each page says those.
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP, and `nohup` wants it ignored
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _terminated)
    words = sys.argv[1:] if arguments is None else list(arguments)
    code, answered = _ending(words)
    if not answered and words[:1] == ["check"]:
        from asv_jit.commands.decide.check import failure_code  # here: see `_Commands`

        code = failure_code(code)
    sys.exit(_flushed(code))


def _ending(words: list[str]) -> tuple[int, bool]:
    """Run a subcommand; return its exit code, and whether the subcommand itself chose it."""
    try:
        with scratch.private():
            return cli.main(args=words, standalone_mode=False) or 0, True
    except click.exceptions.Exit as done:
        return done.exit_code, True
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return 2, False
    except (KeyboardInterrupt, click.Abort, InterruptedRunError):
        _complain("interrupted; all measurements are kept, and the next run continues from there")
        return 130, False
    except AsvJitError as error:
        _complain(f"error: {error}")
        return error.exit_code, False
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0, False
    except Exception as error:  # noqa: BLE001 - the one place where a defect becomes an exit code
        if isinstance(error, OSError) and is_full(error):  # our own output, as a rule: a log on a disk that is full
            path = f" {error.filename}" if error.filename else ""
            _complain(
                f"error: cannot write{path} ({error.strerror}); what was measured is kept; make room, then run it again"
            )
            return StorageError.exit_code, False
        with suppress(OSError):
            traceback.print_exc()
        _complain("error: this is a defect of asv-jit; please report it with the lines above")
        return AsvJitError.exit_code, False


def _complain(text: str) -> None:
    """Say it where errors go; the exit code says it where that is on a full disk."""
    with suppress(OSError):
        click.echo(text, err=True)


def _flushed(code: int) -> int:
    """The exit code when what was printed is written out; a full disk is noticed only then."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes again when it ends
        if is_full(error):
            _complain(f"error: cannot write the output ({error.strerror})")
            return code or StorageError.exit_code
    return code


def _terminated(number: int, frame: FrameType | None) -> None:
    raise InterruptedRunError(f"stopped by {signal.Signals(number).name}")
