"""What an interpreter was is remembered once, whatever a kill or a hand did to the file."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from asv_jit.interpreters.identity import Interpreter
from asv_jit.store.machines import INTERPRETERS, keep_interpreter, known_interpreters

ONE = Interpreter(
    version="3.15.2", identity="3.15.2+e451c8ba", executable=Path("/x"), provider="debian", package_version="3.15.2-1",
    jit="off by default", free_threaded=False, debug=False, sys_version="3.15.2",
)  # fmt: skip


def test_an_interpreter_is_kept_once_and_the_last_word_counts(tmp_path: Path) -> None:
    for _ in range(2):
        keep_interpreter(tmp_path, ONE)
    keep_interpreter(tmp_path, replace(ONE, identity="3.15.2+00000000", free_threaded=True))
    known, problems = known_interpreters(tmp_path)
    assert {identity: one.line for identity, one in known.items()} == {
        "3.15.2+e451c8ba": "3.15 from debian",
        "3.15.2+00000000": "3.15t from debian",
    }
    assert not problems
    assert len((tmp_path / INTERPRETERS.name).read_bytes().splitlines()) == 2


def test_a_torn_line_costs_itself_only(tmp_path: Path) -> None:
    keep_interpreter(tmp_path, ONE)
    path = tmp_path / INTERPRETERS.name
    path.write_bytes(path.read_bytes() + b'{"identity": "3.1')
    path.write_bytes(b"{}\n" + path.read_bytes())
    known, problems = known_interpreters(tmp_path)
    assert set(known) == {"3.15.2+e451c8ba"}
    assert ["incomplete" in problem for problem in problems] == [True, False]
    assert f"{INTERPRETERS.name}:1" in problems[1]
    warning = keep_interpreter(tmp_path, replace(ONE, identity="3.15.2+00000000"))
    assert warning is not None
    known, problems = known_interpreters(tmp_path)
    assert set(known) == {"3.15.2+e451c8ba", "3.15.2+00000000"}
    assert len(problems) == 1


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert known_interpreters(tmp_path) == ({}, ())
