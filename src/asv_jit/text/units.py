"""Format numbers with three significant digits and a suitable unit, or as a dash if there is no data; and dates."""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial

DASH = "–"
_TIMES = (
    (1000e-9, 1e-9, "ns"),
    (1000e-6, 1e-6, "µs"),
    (1000e-3, 1e-3, "ms"),
    (120.0, 1.0, "s"),
    (7200.0, 60.0, "min"),
    (172800.0, 3600.0, "h"),
)
"""Each unit: the limit in seconds below which it is used, its length in seconds, its name."""

_SIZES = ((1.0, "B"), (1024.0, "KiB"), (1024.0**2, "MiB"), (1024.0**3, "GiB"), (1024.0**4, "TiB"))
_LARGER = [0.9995 * size for size, _ in _SIZES[1:]]
"""The sizes in bytes from which the next unit is used."""

_SCALES = {unit: scale for _, scale, unit in _TIMES} | {unit: scale for scale, unit in _SIZES} | {"days": 86400.0}
_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_WIDEST_INTERVAL = 100.0
_CONTROLS = {code: 0x2400 + code for code in range(32) if code not in (9, 10)} | {127: 0x2421}


def seconds(value: float | None) -> str:
    """Format a time, `12.3 ms`: seconds up to two minutes, then minutes, hours and days."""
    if value is None:
        return DASH
    return _time(f"{value:.2e}" if abs(value) < 100.0 else f"{value}")  # rounded, so that a large site repeats texts


@lru_cache(maxsize=1 << 14)
def _time(text: str) -> str:
    value = float(text)
    if math.isnan(value):
        return DASH
    if value == 0.0:
        return "0 s"
    if math.isinf(value):
        return "∞"
    rounded = abs(float(f"{value:.2e}"))
    scale, unit = next(((scale, unit) for limit, scale, unit in _TIMES if rounded < limit), (86400.0, "days"))
    return f"{_three(value / scale)} {unit}"


def size(value: float | None) -> str:
    """Format a number of bytes: `12.3 MiB`."""
    if value is None or math.isnan(value):
        return DASH
    scale, unit = _SIZES[bisect(_LARGER, abs(value))]
    return f"{_three(value / scale)} {unit}"


def signed_size(value: float | None) -> str:
    """Format a difference in bytes: `+0.42 MiB` or `−3.1 KiB`."""
    if value is None or math.isnan(value):
        return DASH
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{size(abs(value))}"


def ratio(value: float | None, places: int = 2) -> str:
    """Format a ratio, `1.98×`; ratios below 10 get `places` decimals, infinity is `∞`."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞"
    if 0.1 <= value < 99.995:
        return f"{value:.{places}f}×" if value < 9.995 else f"{value:.1f}×"
    return f"{_three(value)}×"


def interval(low: str, high: str) -> str:
    """Format an interval in the unit of its upper bound, `0.980 to 1.02 ms`; empty if a bound is unknown."""
    if DASH in (low, high):
        return ""
    number, _, unit = low.partition(" ")
    wanted = high.partition(" ")[2]
    if unit == wanted:
        return f"{number} to {high}"
    if unit not in _SCALES or wanted not in _SCALES:
        return f"{low} to {high}"
    sign = number[0] if number[0] in "+−±" else ""
    written = _three(float(number.removeprefix(sign).replace(",", "")) * _SCALES[unit] / _SCALES[wanted])
    return f"{sign}{written} to {high}"


def ratio_interval(low: float, high: float) -> str:
    """Format an interval of ratios, `1.95× to 2.01×`; says so if too few pairs leave it unbounded or too wide."""
    if low <= 0.0 or math.isinf(high) or high > _WIDEST_INTERVAL * low:
        return "no interval yet: too few pairs"
    places = next((p for p in (2, 3, 4) if ratio(low, p) != ratio(high, p)), 2)
    return interval(ratio(low, places), ratio(high, places))


def signed_percent(ratio: float, places: int) -> str:
    """Format a ratio as a change for a page, `+3.1%` or `−12.0%`, with `places` decimals."""
    return f"{(ratio - 1.0) * 100.0:+.{places}f}%".replace("-", "−")


def change(value: float) -> str:
    """Describe a speedup: `22% faster`, `3.1% slower`, `2.1 times as fast`, `as fast`."""
    if value >= 1.995:
        return f"{value:.1f} times as fast" if value < 99.95 else f"{ratio(value).rstrip('×')} times as fast"
    percent = abs(value - 1.0) * 100.0
    if percent < 0.05:
        return "as fast"
    amount = f"{percent:.1f}" if percent < 9.95 else f"{percent:.0f}"
    return f"{amount}% {'faster' if value > 1.0 else 'slower'}"


def instructions(value: float | None) -> str:
    """Format a count of instructions, `15.8 M`; counts below a thousand get no suffix."""
    if value is None or math.isnan(value):
        return DASH
    scale, letter = next(((scale, letter) for scale, letter in _COUNTS if value >= 0.9995 * scale), (1.0, ""))
    return f"{_three(value / scale)} {letter}".rstrip()


def exact(value: float | None) -> str:
    """Format a count of instructions with all digits: a fraction shows only where an iteration is many calls."""
    if value is None or math.isnan(value):
        return DASH
    return f"{value:,.0f}" if value >= 1000.0 or value == round(value) else f"{value:,.1f}"


def number(value: float | None) -> str:
    """Format a tracked value without its unit: `1,234`, `0.0123`, `1.23e+09`."""
    if value is None or math.isnan(value):
        return DASH
    if abs(value) < 1e9 and value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def quantity(value: float | None, unit: str) -> str:
    """Format a tracked value with its unit, `12.3 ms` or `1,234 objects`; asv's default unit `unit` is omitted."""
    if unit == "seconds":
        return seconds(value)
    if unit == "bytes":
        return size(value)
    text = number(value)
    return text if unit in ("", "unit") or text == DASH else f"{text} {shorten(visible(unit), 24)}"


def form(unit: str) -> Callable[[float | None], str]:
    """Return the formatter that `quantity` uses for `unit`."""
    return seconds if unit == "seconds" else size if unit == "bytes" else partial(quantity, unit=unit)


def duration_range(low_s: float, high_s: float) -> str:
    """Format a range of times in the unit of its upper end, rounded outwards: `about 2 to 4 min`, `up to 10 s`."""
    unit_s, unit, step = (1, "s", 10) if high_s < 90.0 else (60, "min", 1) if high_s < 5400.0 else (3600, "h", 1)
    low = step * math.floor(low_s / (unit_s * step))
    high = max(step * math.ceil(high_s / (unit_s * step)), step)
    return f"about {low} to {high} {unit}" if low else f"up to {high} {unit}"


def count(amount: int, noun: str) -> str:
    """Format a count with its noun: `1 case`, `2 cases`, `1,200 cases`."""
    return f"{amount:,} {noun if amount == 1 else noun + 's'}"


def level(alpha: float) -> str:
    """Format the level of an interval: `99.8%` for an alpha of 0.002."""
    return f"{(1.0 - alpha) * 100.0:.6g}%"


def moment(iso: str) -> str:
    """Format an ISO time in UTC as `2026-11-23 05:11 UTC`; other text is returned unchanged."""
    if len(iso) >= 16 and iso[10] == "T":
        return f"{iso[:10]} {iso[11:16]} UTC"
    return iso


def visible(text: str) -> str:
    """Return `text` with control characters as visible symbols, and `?` for what UTF-8 cannot encode."""
    if text.isprintable():  # fast path: a large site calls this for a million names
        return text
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def reason_line(text: str) -> str:
    """Return a failure in one line: its first line and, if others follow, the one that says why."""
    first, *rest = text.splitlines() or [""]
    said = [line.strip() for line in rest if line.strip() and not line.strip().startswith(("note:", "hint:", "["))]
    raised = [line for line in said if re.match(r"\w*(Error|Exception)\b", line)]
    return " ".join([first, *(raised or said)[-1:]])


def shorten(text: str, limit: int) -> str:
    """Shorten `text` to at most `limit` characters by cutting its middle."""
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[: limit - 1 - half]}…{text[len(text) - half :]}"


def shown(text: str, limit: int) -> str:
    """Return `text` as a page shows it: control characters visible, at most `limit` characters."""
    return shorten(visible(text), limit)


def _three(value: float) -> str:
    """Format three significant digits, without an exponent where that is readable."""
    return _plain_digits(f"{value:.2e}")


@lru_cache(maxsize=1 << 14)
def _plain_digits(written: str) -> str:
    """Rewrite `1.23e+01` as `12.3`."""
    rounded = float(written)
    if rounded == 0.0:
        return "0"
    if not 1e-4 <= abs(rounded) < 1e7:
        return f"{rounded:.3g}"
    exponent = int(written[written.index("e") + 1 :])
    return f"{rounded:,.{max(2 - exponent, 0)}f}"


def age_days(earlier: str, later: str) -> int | None:
    """Return the whole days between two ISO times in UTC; None if either is invalid."""
    try:
        first, second = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later))
        return (second.astimezone(UTC) - first.astimezone(UTC)).days
    except (ValueError, OverflowError):
        return None


def time_of(seconds: int) -> datetime | None:
    """Return the UTC time `seconds` after 1970; None for 0, which means unknown.

    Also None for times out of the range of `datetime`: git and asv do not validate what they store.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=1 << 14)
def day(seconds: int) -> str:
    """Return the ISO date `seconds` after 1970; empty if the time is unknown or out of range."""
    time = time_of(seconds)
    return time.date().isoformat() if time is not None else ""
