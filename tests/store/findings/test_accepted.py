"""Decisions come back as they were written, comments stay, and what is wrong by hand is named with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asv_jit.errors import DamagedFileError, UsageError
from asv_jit.store.findings.accepted import FILE_NAME, Accepted, add_accepted, read_accepted

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
_FILLED = _TEXTS.filter(lambda text: bool(text.strip()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    entries=st.lists(st.builds(Accepted, id=_FILLED, why=_FILLED, on=st.none() | st.dates(), case=_TEXTS), max_size=3)
)
def test_what_was_written_comes_back(tmp_path: Path, entries: list[Accepted]) -> None:
    (tmp_path / FILE_NAME).unlink(missing_ok=True)
    for entry in entries:
        add_accepted(tmp_path, entry)
    assert read_accepted(tmp_path) == tuple(entries)


def test_comments_and_earlier_entries_stay_as_they_are(tmp_path: Path) -> None:
    before = "# ours\n[[accepted]]   # because\nwhy = 'x'\nid='1'"
    (tmp_path / FILE_NAME).write_text(before)
    add_accepted(tmp_path, Accepted("2", "y", date(2026, 11, 23)))
    assert (tmp_path / FILE_NAME).read_text().startswith(before)
    assert [one.id for one in read_accepted(tmp_path)] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[accepted]]\nid = 1\n", ":1: this entry has no 'why'"),
        ("\n\n[[accepted]]\nid = 1\nwhy = 'x'\n", ":3: id: expected a text"),
        ("[[accepted]]\nid = '1'\nwhy = ' '\n", ":1: this entry has no 'why'"),
        ("[[accepted]]\nid = '1'\nwhy = 'x'\n[[accepted]]\nid='2'\nwhy='x'\nwen=2\n", ":4: unknown key 'wen'"),
        ("[[accepted]]\nid = '1'\nwhy = 'x'\non = 'May'\n", "on: expected a date"),
        ("[[accepted]\n", ":1: not valid TOML"),
        ("x = 1\n[[accepted]]\nid = unquoted\n", ":3: not valid TOML"),
        ("[accepted]\nid = '1'\n", "two brackets"),
        ("[[acepted]]\nid = '1'\n", "found 'acepted'"),
        ("accepted = [1]\n", "expected an entry"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(DamagedFileError) as caught:
        read_accepted(tmp_path)
    assert complaint in str(caught.value)
    with pytest.raises(DamagedFileError):
        add_accepted(tmp_path, Accepted("2", "y"))
    assert (tmp_path / FILE_NAME).read_text() == text


def test_bytes_that_are_no_text_are_refused_both_ways(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        add_accepted(tmp_path, Accepted("1", "lone \udc80"))
    assert not (tmp_path / FILE_NAME).exists()
    (tmp_path / FILE_NAME).write_bytes(b"# a\n# \xff\n")
    with pytest.raises(DamagedFileError, match=r":2: expected UTF-8"):
        read_accepted(tmp_path)
