"""The public peer: valgrind by hand with N and 2N calls beside a counted trial, and with AVX2 hidden from libc."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from asv_jit.interpreters.valgrind import find_or_install
from asv_jit.model import ARMS, Mode
from asv_jit.system.processes import base_environment, run
from tests.acceptance.counting.trials import PROGRAMS, SOURCE, counted, python_of, workloads
from tests.acceptance.rows import Row

CALLS = 20
WITHOUT_AVX2 = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM"}
AGREEMENT = 0.01


def evidence(programs: tuple[str, ...] = tuple(PROGRAMS)) -> list[Row]:
    """With the JIT off both must agree; with it on the figures are shown: they are of different calls."""
    python = python_of()
    rows = []
    with tempfile.TemporaryDirectory(prefix="asv-jit-by-hand-") as name:
        suite = workloads(Path(name))
        for program in programs:
            for mode in ARMS:
                ours = counted(python, suite, program, mode, 1).per_call or 0.0
                theirs = _per_call(python, suite, program, mode, {})
                hidden = _per_call(python, suite, program, mode, WITHOUT_AVX2)
                difference = theirs / ours - 1
                shown = f"{difference:+.3%}; AVX2 hidden from libc {hidden / theirs - 1:+.3%}"
                # By hand, what is compiled during the second N calls is in the figure, and it is of a later call.
                what = f"{program}, {mode}: N and 2N by hand beside a counted trial"
                bar = f"within {AGREEMENT:.0%}" if mode == "off" else "none"
                result = f"{theirs:,.0f} beside {ours:,.0f}"
                rows.append(Row("peer", what, bar, result, shown, mode == "on" or abs(difference) <= AGREEMENT))
    return rows


def _per_call(python: Path, suite: Path, program: str, mode: Mode, variables: dict[str, str]) -> float:
    few, many = (_instructions(python, suite, program, mode, calls, variables) for calls in (CALLS, 2 * CALLS))
    return (many - few) / CALLS


def _instructions(python: Path, suite: Path, program: str, mode: Mode, calls: int, variables: dict[str, str]) -> int:
    valgrind = find_or_install().callgrind()
    code = f"import gc, b\ngc.disable()\nfor _ in range({calls}): b.{program}()"
    env = base_environment(
        {
            **valgrind.variables,
            **variables,
            "PYTHON_JIT": "1" if mode == "on" else "0",
            "PYTHONHASHSEED": "1",
            "PYTHONPATH": f"{suite}:{SOURCE}",
        }
    )
    command = [
        str(valgrind.program),
        "--tool=callgrind",
        f"--callgrind-out-file={suite / 'out'}",
        str(python),
        "-c",
        code,
    ]
    finished = run(command, env=env, timeout_s=600.0)
    match = re.search(r"Collected : (\d+)", finished.stderr)
    assert match is not None, finished.complaint()
    return int(match[1])
