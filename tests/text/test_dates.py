"""Days and times that somebody else wrote down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asv_jit.text.dates import day, time_of


def test_a_day_is_said_in_utc() -> None:
    assert day(1_700_000_000) == "2023-11-14"
    assert day(0) == ""


@given(st.integers())
def test_a_date_that_no_calendar_holds_is_none(seconds: int) -> None:
    time = time_of(seconds)
    assert (time is None) == (day(seconds) == "")
