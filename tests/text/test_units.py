from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.text import units
from asv_jit.text.units import day, time_of

_SCALES = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "days": 86400.0}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0 s"),
        (1.234e-8, "12.3 ns"),
        (0.0123, "12.3 ms"),
        (0.0009999, "1.00 ms"),
        (1.5, "1.50 s"),
        (119.0, "119 s"),
        (600.0, "10.0 min"),
        (7200.0, "2.00 h"),
        (86400.0 * 1000, "1,000 days"),
        (math.inf, "∞"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert units.seconds(value) == text


@given(st.floats(1e-12, 1e9))
def test_seconds_say_what_they_were_given(value: float) -> None:
    number, unit = units.seconds(value).split()
    assert float(number.replace(",", "")) * _SCALES[unit] == pytest.approx(value, rel=0.006)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_nothing_raises(value: float) -> None:
    for form in (units.seconds, units.ratio, units.number, units.size, units.signed_size):
        if math.isfinite(value) or math.isnan(value) or form in (units.seconds, units.ratio):
            assert form(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.00×"), (1.984, "1.98×"), (9.996, "10.0×"), (123.4, "123×"), (0.0123, "0.0123×"), (math.inf, "∞")],
)
def test_ratio(value: float, text: str) -> None:
    assert units.ratio(value) == text


def test_intervals() -> None:
    assert units.ratio_interval(1.95, 2.01) == "1.95× to 2.01×"
    assert units.ratio_interval(1.1671, 1.1699) == "1.167× to 1.170×"
    assert "too few" in units.ratio_interval(0.0, math.inf)
    assert "too few" in units.ratio_interval(3.4e-20, 2e20)
    assert units.interval("12.1 ms", "12.5 ms") == "12.1 to 12.5 ms"
    assert units.interval("980 µs", "1.02 ms") == "0.980 to 1.02 ms"
    assert units.interval("−12.0 KiB", "+1.20 MiB") == "−0.0117 to +1.20 MiB"
    assert units.interval("0 s", "12 ms") == "0 to 12 ms"
    assert units.interval("95 s", "never") == "95 s to never"
    assert units.interval("–", "1 ms") == ""


def test_sizes() -> None:
    assert units.size(12.3 * 1024**2) == "12.3 MiB"
    assert units.signed_size(0.42 * 1024**2) == "+430 KiB"
    assert units.signed_size(-2048) == "−2.00 KiB"
    assert units.signed_size(0) == "±0 B"


def test_changes_in_words() -> None:
    assert units.change(1.224) == "22% faster"
    assert units.change(0.969) == "3.1% slower"
    assert units.change(2.05) == "2.0 times as fast" or units.change(2.05) == "2.1 times as fast"
    assert units.change(1.0) == "as fast"


def test_text_of_any_kind_can_be_written() -> None:
    assert units.visible("a\0b\x1b\ud800\n") == "a␀b␛?\n"
    assert units.shorten("abcdefghij", 5) == "ab…ij"
    assert units.moment("2026-11-23T05:11:27Z") == "2026-11-23 05:11 UTC"
    assert units.level(0.002) == "99.8%"


def test_a_failure_says_why_in_its_line() -> None:
    pip = (
        "commit 41a95ab6 cannot be installed on CPython 3.15.2:\n  File 'setup.py', line 1\n"
        "SyntaxError: invalid syntax\n  [end of output]\nnote: This error originates from a subprocess."
    )
    assert units.reason_line(pip).endswith("3.15.2: SyntaxError: invalid syntax")
    assert units.reason_line("no such commit") == "no such commit"
    assert units.reason_line("") == ""


def test_a_day_is_said_in_utc() -> None:
    assert day(1_700_000_000) == "2023-11-14"
    assert day(0) == ""


@given(st.integers())
def test_a_date_that_no_calendar_holds_is_none(seconds: int) -> None:
    time = time_of(seconds)
    assert (time is None) == (day(seconds) == "")
