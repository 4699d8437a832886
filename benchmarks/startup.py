"""Whole processes, from their start to their exit.

asv times the statement of a `timeraw_` benchmark inside a process that is up already, so that a statement `pass`
would measure nothing: the statement starts the process that is meant, with the same interpreter and environment.
"""

from __future__ import annotations

from jit_workloads.startup import COMMANDS


def _start(name: str) -> tuple[str, str]:
    """The statement that runs a command to its end, and what to import for it untimed."""
    command = "subprocess.run([sys.executable, *%r], check=True, stdout=subprocess.DEVNULL)"
    return command % (COMMANDS[name],), "import subprocess, sys"


class Process:
    version = "1"
    warmup_time = 0.1  # one process more than is counted: it brings the files into the system's cache

    def timeraw_pass(self) -> tuple[str, str]:
        return _start("pass")

    def timeraw_short_script(self) -> tuple[str, str]:
        return _start("short_script")

    def timeraw_many_imports(self) -> tuple[str, str]:
        return _start("many_imports")

    def timeraw_command_line_tool(self) -> tuple[str, str]:
        return _start("command_line_tool")
