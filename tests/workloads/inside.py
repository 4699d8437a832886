"""Run workloads in the interpreter under test and write their checksums to stdout as JSON.

Reads from its only argument, as JSON: `paths` to import from, `calls` ([workload, arguments] each) and `repeats`,
after the first of which the code is hot. Every repeat must give the same. Needs only the standard library.
"""

from __future__ import annotations

import importlib
import json
import sys


def checksums(workload: str, arguments: list[int], repeats: int) -> list[object]:
    """The distinct checksums of `repeats` calls, in the order in which they came up."""
    module, function = workload.split(":")
    call = getattr(importlib.import_module(f"jit_workloads.{module}"), function)
    found: list[object] = []
    for _repeat in range(repeats):
        checksum = call(*arguments)
        if checksum not in found:
            found.append(checksum)
    return found


def main() -> None:
    request = json.loads(sys.argv[1])
    sys.path.extend(request["paths"])
    jit = getattr(sys, "_jit", None)
    answer = {
        "jit_enabled": jit is not None and jit.is_enabled(),
        "checksums": [checksums(workload, arguments, request["repeats"]) for workload, arguments in request["calls"]],
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
