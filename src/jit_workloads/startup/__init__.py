"""Claim: a process that ends within a second does not gain, and should at least not get slower.

Each workload here is a whole process, from its start to its exit. `COMMANDS` holds the arguments to give to the
interpreter; the output is the checksum.
"""

from __future__ import annotations

__all__ = ["COMMANDS"]

COMMANDS: dict[str, tuple[str, ...]] = {
    "pass": ("-c", "pass"),
    "short_script": ("-m", "jit_workloads.startup.short_script"),
    "many_imports": ("-m", "jit_workloads.startup.many_imports"),
    "command_line_tool": ("-m", "jit_workloads.startup.command_line_tool", "--by", "customer", "--top", "5"),
}
