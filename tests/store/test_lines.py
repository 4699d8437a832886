"""Every file of JSON lines keeps each whole record, whatever a kill left behind it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import CaseKey
from asv_jit.store.findings.known_events import EVENTS, Reported
from asv_jit.store.findings.nights import NIGHTS, NOTICES, NightRecord, Notice
from asv_jit.store.lines import append_lines, decode_lines, encode_lines, mend, mend_all, read_lines
from asv_jit.store.machines import NOISE, KnownNoise, SameCodeCase, keep_comparison, keep_fingerprint, keep_interpreter


class One(msgspec.Struct, frozen=True):
    """A record."""

    text: str
    number: int = 0


HEAD = b'{"format":"x"}\n'
any_one = st.builds(One, st.text(), st.integers(-(2**63), 2**63))


def _kept(folder: Path) -> dict[str, Callable[[], str | None]]:
    """Each file of lines, with what appends a record to it."""
    interpreter = Interpreter(
        version="3.15.2", identity="3.15.2+e451c8ba", executable=Path("/x"), provider="debian", package_version=None,
        jit="none", free_threaded=False, debug=False, sys_version="3.15.2",
    )  # fmt: skip
    noise = KnownNoise(
        at="2026", fingerprint="f", interpreter="i", pairs=2, value=1, low=0, high=2, disturbed=0, false_alarm=False
    )
    event = Reported("e", "3.15", CaseKey("a", ()), "1", "1", "f", "", "commits", True, "c", "b", "c", "2026", "m")
    comparison = SameCodeCase(run="r", case="c", rules="x", first=(1.0,), second=(2.0,), disturbed=0, repeated=0)
    return {
        "interpreters.jsonl": lambda: keep_interpreter(folder, interpreter),
        "noise.jsonl": lambda: NOISE.append(folder, noise),
        "fingerprints.jsonl": lambda: keep_fingerprint(folder, "f", {"cpu": "x"}),
        "events.jsonl": lambda: EVENTS.append(folder, event),
        "nights.jsonl": lambda: NIGHTS.append(folder, NightRecord("2026", None, 1.0, 2)),
        "notified.jsonl": lambda: NOTICES.append(folder, Notice("e", "found", "2026")),
        "same.jsonl": lambda: keep_comparison(folder / "same.jsonl", comparison),
    }


@given(st.lists(any_one, max_size=4), any_one, st.booleans(), st.data())
def test_any_prefix_of_a_file_and_a_new_record_give_all_whole_records_and_the_new_one(
    records: list[One], new: One, with_head: bool, data: st.DataObject
) -> None:
    head = HEAD if with_head else b""
    whole = head + encode_lines(records)
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.jsonl")
        path.write_bytes(whole[:cut])
        is_torn = cut > 0 and whole[cut - 1 : cut] != b"\n"
        count = max(0, whole[:cut].count(b"\n") - with_head)
        read = decode_lines(path, whole[:cut], One, "a record", heads=int(with_head))
        assert (read.records, len(read.problems)) == (tuple(records[:count]), int(is_torn))
        warning = append_lines(path, [new], head=head)
        assert (warning is not None) == is_torn
        assert path.read_bytes() == head + encode_lines([*records[:count], new])


@given(st.lists(st.one_of(any_one.map(msgspec.json.encode), st.binary(max_size=30)), max_size=5), st.binary(max_size=9))
def test_broken_lines_are_named_and_stay_and_the_next_record_is_whole(lines: list[bytes], torn: bytes) -> None:
    content = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.jsonl")
        path.write_bytes(content + torn.replace(b"\n", b""))
        before = read_lines(path, One, "a record")
        assert len(before.records) + len(before.problems) == len(lines) + bool(torn.replace(b"\n", b""))
        append_lines(path, [One("new")])
        assert path.read_bytes() == content + encode_lines([One("new")])
        assert read_lines(path, One, "a record").records == (*before.records, One("new"))


@pytest.mark.parametrize("name", _kept(Path()))
def test_a_torn_line_swallows_nothing_in_any_file(name: str, tmp_path: Path) -> None:
    keep = _kept(tmp_path)[name]
    assert keep() is None
    path = tmp_path / name
    line = path.read_bytes()
    assert line.endswith(b"}\n")
    for cut in range(1, len(line)):
        path.write_bytes(line[:cut])
        warning = keep()
        assert warning is not None
        assert str(path) in warning
        assert path.read_bytes() == line


def test_a_long_torn_line_is_cut_off_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    whole = encode_lines([One("a" * 200_000), One("b")])
    path.write_bytes(whole + b'{"text": "' + b"c" * 200_000)
    assert mend(path) is not None
    assert path.read_bytes() == whole


def test_all_files_of_a_machine_are_mended_at_once(tmp_path: Path) -> None:
    (tmp_path / "trials").mkdir()
    for name in ("noise.jsonl", "trials/a.jsonl", "trials/b.jsonl"):
        (tmp_path / name).write_bytes(b'{"a": 1}\n{"b')
    (tmp_path / "whole.jsonl").write_bytes(b"{}\n")
    assert len(mend_all(tmp_path)) == 3
    assert (tmp_path / "trials" / "b.jsonl").read_bytes() == b'{"a": 1}\n'
    assert mend_all(tmp_path) == []


def test_nothing_to_keep_makes_no_file_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert append_lines(tmp_path / "x.jsonl", []) is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x.jsonl").mkdir()
    assert "cannot be read" in read_lines(tmp_path / "x.jsonl", One, "a record").problems[0]
