"""The journal loses nothing that was synced, whatever happens to the file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.model import Trial
from asv_jit.store.journal import TRIALS
from asv_jit.store.lines import Lines, append_lines, mend
from tests.store.trials import COMMIT, FULL, INTERPRETER, any_trial

HEADER = b'{"format":"asv-jit-trials","version":1}\n'


def _numbered(count: int) -> list[Trial]:
    return [msgspec.structs.replace(FULL, trial=f"t{number}") for number in range(count)]


def _written(folder: Path, trials: list[Trial]) -> Path:
    path = TRIALS.path(folder, COMMIT, INTERPRETER)
    for trial in trials:
        assert TRIALS.append(folder, trial) is None
    return path


def test_the_file_is_where_and_what_the_documentation_says(tmp_path: Path) -> None:
    path = _written(tmp_path / "box", [FULL])
    assert path == tmp_path / "box" / "trials" / f"{COMMIT}-{INTERPRETER}.jsonl"
    header, line, end = path.read_bytes().split(b"\n")
    assert msgspec.json.decode(header) == {"format": "asv-jit-trials", "version": 1}
    assert set(msgspec.json.decode(line)) == {field.name for field in msgspec.structs.fields(Trial)}
    assert end == b""
    assert path.read_bytes() == TRIALS.encode([FULL])


def test_every_field_comes_back(tmp_path: Path) -> None:
    full = msgspec.structs.replace(FULL, requirements="numpy==2.1.0 six")
    for field in msgspec.structs.fields(Trial):  # so that no field can be forgotten here
        assert field.default is msgspec.NODEFAULT or getattr(full, field.name) != field.default, field.name
    content = TRIALS.read(_written(tmp_path, [full]))
    assert (content.records, content.problems) == ((full,), ())


@given(st.lists(any_trial, max_size=4))
def test_any_trials_come_back_in_order(trials: list[Trial]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.jsonl"
        path.write_bytes(TRIALS.encode(trials))
        content = TRIALS.read(path)
        assert (content.records, content.problems) == (tuple(trials), ())


def test_a_line_of_an_older_version_without_the_newer_fields_is_read(tmp_path: Path) -> None:
    old = {
        name: value
        for name, value in msgspec.to_builtins(FULL).items()
        if next(f for f in msgspec.structs.fields(Trial) if f.name == name).required
    }
    path = tmp_path / "j.jsonl"
    path.write_bytes(HEADER + msgspec.json.encode(old) + b"\n" + msgspec.json.encode({**old, "newer": [1]}) + b"\n")
    content = TRIALS.read(path)
    assert content.problems == ()
    assert [trial.trial for trial in content.records] == [FULL.trial] * 2
    assert content.records[0].value is None


def test_a_line_torn_anywhere_costs_that_line_only(tmp_path: Path) -> None:
    trials = _numbered(3)
    whole = TRIALS.encode(trials)
    begin = len(TRIALS.encode(trials[:2]))
    path = tmp_path / "j.jsonl"
    for cut in range(begin + 1, len(whole)):
        path.write_bytes(whole[:cut])
        content = TRIALS.read(path)
        assert content.records == tuple(trials[:2])
        assert len(content.problems) == 1
        warning = append_lines(path, [trials[2]], head=TRIALS.head)
        assert warning is not None
        assert str(path) in warning
        assert path.read_bytes() == whole
        assert mend(path) is None


def test_a_torn_first_line_leaves_a_journal_that_works(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    for cut in range(len(HEADER)):
        path.write_bytes(HEADER[:cut])
        append_lines(path, [FULL], head=TRIALS.head)
        content = TRIALS.read(path)
        assert (content.records, content.problems) == ((FULL,), ()), cut


@pytest.mark.parametrize(
    "broken",
    [b"", b"not json", b"{}", b"\xff\xfe", b'{"zz":' + b"[" * 100_000, b"null", b'{"trial":"\xff"}', b"[1, 2]"],
)
def test_a_broken_line_is_named_and_the_others_are_kept(broken: bytes, tmp_path: Path) -> None:
    trials = _numbered(3)
    lines = TRIALS.encode(trials).split(b"\n")
    lines[2] = broken
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"\n".join(lines))
    content = TRIALS.read(path)
    assert content.records == (trials[0], trials[2])
    assert len(content.problems) == 1
    assert content.problems[0].startswith(f"{path}:3: ")
    before = path.read_bytes()
    assert mend(path) is None
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b'{"format":"asv-jit-trials","version":2}', "newer asv-jit"),
        (b'{"format":"other","version":1}', "found 'other'"),
    ],
)
def test_a_file_of_another_kind_is_refused(header: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(header + b"\n" + msgspec.json.encode(FULL) + b"\n")
    content = TRIALS.read(path)
    assert content.records == ()
    assert len(content.problems) == 1
    assert content.problems[0].startswith(f"{path}:1: ")
    assert words in content.problems[0]


@pytest.mark.parametrize(
    "header",
    [
        b'{"version":1}',
        b'{"format":"\xff\xfe","version":1}',
        b'{"zz":' + b"[" * 100_000,
        b'{"format":"asv-j',
        msgspec.json.encode(FULL),
    ],
)
def test_a_damaged_first_line_costs_that_line_only(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(header + b"\n" + msgspec.json.encode(FULL) + b"\n")
    content = TRIALS.read(path)
    assert content.records == (FULL,)
    assert content.problems[0].startswith(f"{path}:1: expected ")
    path.write_bytes(header + b"\nrubbish\n")
    assert [problem.count("whole file") for problem in TRIALS.read(path).problems] == [1]


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_are_too_strange(data: bytes, with_header: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.jsonl"
        path.write_bytes(HEADER + data if with_header else data)
        content = TRIALS.read(path)
        assert content.records == ()
        assert all(problem.startswith(str(path)) for problem in content.problems)
        assert bool(content.problems) == (path.read_bytes() != HEADER)
        mend(path)
        assert not any("incomplete" in problem for problem in TRIALS.read(path).problems)


@given(st.data())
def test_a_flipped_byte_costs_at_most_the_lines_that_it_touches(data: st.DataObject) -> None:
    trials = _numbered(4)
    content = bytearray(TRIALS.encode(trials))
    place = data.draw(st.integers(len(HEADER), len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.jsonl"
        path.write_bytes(content)
        read = TRIALS.read(path)
        kept = [trial for trial in trials if trial in read.records]
        assert len(kept) >= 2
        assert len(read.records) + len(read.problems) >= 3


def test_a_machines_journals_come_in_order_and_strangers_are_named(tmp_path: Path) -> None:
    assert list(TRIALS.read_all(tmp_path)) == []
    later = TRIALS.path(tmp_path, "f" * 40, INTERPRETER)
    for path in (later, _written(tmp_path, [FULL])):
        append_lines(path, [FULL], head=TRIALS.head)
    (tmp_path / "trials" / "notes.jsonl").write_bytes(TRIALS.encode([FULL]))
    (tmp_path / "trials" / "raw").mkdir()
    found = dict(TRIALS.read_all(tmp_path))
    assert [path.name[0] for path in found] == ["0", "f", "n"]
    stranger = found[tmp_path / "trials" / "notes.jsonl"]
    assert stranger.records == ()
    assert "not the name of a journal" in stranger.problems[0]


def test_a_file_that_cannot_be_read_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    assert "cannot be read" in TRIALS.read(tmp_path / "folder.jsonl").problems[0]
    assert TRIALS.read(tmp_path / "absent.jsonl") == Lines()
