from __future__ import annotations

import pytest

from asv_jit.analysis.counts.split import Cost, heaviest, part_of, split_of
from asv_jit.model import Part

PYTHON = "/opt/p/usr/bin/python3.15"


@pytest.mark.parametrize(
    ("file", "function", "part"),
    [
        (PYTHON, "_PyEval_EvalFrameDefault", "loop"),
        (PYTHON, "_PyEval_EvalFrameDefault.cold", "loop"),
        (PYTHON, "_TAIL_CALL_LOAD_FAST", "loop"),
        (PYTHON, "_PyEval_EvalFrameDefaultX", "interpreter"),
        (PYTHON, "PyObject_RichCompare", "interpreter"),
        ("/opt/lib/libpython3.14t.so.1.0", "_PyEval_EvalFrameDefault", "loop"),
        ("???", "0x00000000050b8000", "jit"),
        ("/x/lib-dynload/_json.cpython-315-x86_64-linux-gnu.so", "scan", "extensions"),
        ("/x/site-packages/numpy.libs/libopenblas.so", "gemm", "extensions"),
        ("/x/markupsafe/_speedups.abi3.so", "escape", "extensions"),
        ("/lib/x86_64-linux-gnu/libc.so.6", "memcpy", "libc"),
        ("/lib/x86_64-linux-gnu/libm-2.31.so", "sin", "libc"),
        ("/lib64/ld-linux-x86-64.so.2", "_dl_runtime_resolve", "other"),
        ("/lib/x86_64-linux-gnu/libz.so.1", "inflate", "other"),
    ],
)
def test_every_function_has_a_part(file: str, function: str, part: Part) -> None:
    assert part_of(Cost(file, function, 1)) == part


def test_a_split_loses_no_instruction_and_the_heaviest_come_first() -> None:
    costs = [Cost(PYTHON, "f", 5), Cost("???", "0x00000000050b8000", 70), Cost("/lib/libc.so.6", "memcpy", 9)]
    assert split_of(costs).total == 84
    assert [(one.part, one.name) for one in heaviest(costs, 2)] == [("jit", "0x50b8000"), ("libc", "libc.so.6:memcpy")]
