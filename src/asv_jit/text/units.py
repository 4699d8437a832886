"""Numbers as a reader wants them: three digits, the fitting unit, and a dash where there is no data."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable
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
"""Below how many seconds a unit is taken, how long it is, its name."""

_SMALL_TIMES = {
    f"e{exponent:+03d}": (1 + exponent % 3, unit)
    for first, unit in ((-9, "ns"), (-6, "µs"), (-3, "ms"), (0, "s"))
    for exponent in range(first, min(first + 3, 2))  # from 100 s on it may be minutes
}
"""By the exponent of ten, how many digits stand before the point, and the unit: what a site says most of the time."""

_SIZES = ((1.0, "B"), (1024.0, "KiB"), (1024.0**2, "MiB"), (1024.0**3, "GiB"), (1024.0**4, "TiB"))
_LARGER = [0.9995 * size for size, _ in _SIZES[1:]]
"""From how many bytes on the next unit is taken."""

_SCALES = {unit: scale for _, scale, unit in _TIMES} | {unit: scale for scale, unit in _SIZES} | {"days": 86400.0}
_COUNTS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_WIDEST_INTERVAL = 100.0
_CONTROLS = {code: 0x2400 + code for code in range(32) if code not in (9, 10)} | {127: 0x2421}


def seconds(value: float | None) -> str:
    """`12.3 ms`; seconds up to two minutes, then minutes, hours and days."""
    if value is None:
        return DASH
    return _small_time(f"{value:.2e}") or _other_time(value)


@lru_cache(maxsize=1 << 14)  # 9,900 texts at most, of which a large site says each many times
def _small_time(written: str) -> str:
    """What is said of `1.23e-05` seconds; empty where these digits alone do not tell."""
    whole, unit = _SMALL_TIMES.get(written[-4:], (0, ""))
    if not whole or written[0] in "-0":
        return ""
    digits = written[0] + written[2:4]
    return f"{digits[:whole]}.{digits[whole:]} {unit}" if whole < 3 else f"{digits} {unit}"


def _other_time(value: float) -> str:
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
    """Bytes as `12.3 MiB`."""
    if value is None or math.isnan(value):
        return DASH
    scale, unit = _SIZES[bisect(_LARGER, abs(value))]
    return f"{_three(value / scale)} {unit}"


def signed_size(value: float | None) -> str:
    """A difference of bytes as `+0.42 MiB` or `−3.1 KiB`."""
    if value is None or math.isnan(value):
        return DASH
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{size(abs(value))}"


def ratio(value: float | None, places: int = 2) -> str:
    """`1.98×`; 0 and infinity are said so. `places` decimals are shown of what is below 10."""
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞"
    if 0.1 <= value < 99.995:
        return f"{value:.{places}f}×" if value < 9.995 else f"{value:.1f}×"
    return f"{_three(value)}×"


def interval(low: str, high: str) -> str:
    """`12.1 to 12.5 ms`, `0.980 to 1.02 ms`: one unit, that of the upper bound; empty where a bound is unknown."""
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
    """`1.95× to 2.01×`; says so where too few pairs set no bounds, or bounds so wide that they say nothing."""
    if low <= 0.0 or math.isinf(high) or high > _WIDEST_INTERVAL * low:
        return "no interval yet: too few pairs"
    places = next((p for p in (2, 3, 4) if ratio(low, p) != ratio(high, p)), 2)
    return interval(ratio(low, places), ratio(high, places))


def change(value: float) -> str:
    """A speedup in words: `22% faster`, `3.1% slower`, `2.1 times as fast`, `as fast`."""
    if value >= 1.995:
        return f"{value:.1f} times as fast" if value < 99.95 else f"{ratio(value).rstrip('×')} times as fast"
    percent = abs(value - 1.0) * 100.0
    if percent < 0.05:
        return "as fast"
    amount = f"{percent:.1f}" if percent < 9.95 else f"{percent:.0f}"
    return f"{amount}% {'faster' if value > 1.0 else 'slower'}"


def instructions(value: float | None) -> str:
    """A count of instructions in short, `15.8 M`; below a thousand as it is."""
    if value is None or math.isnan(value):
        return DASH
    scale, letter = next(((scale, letter) for scale, letter in _COUNTS if value >= 0.9995 * scale), (1.0, ""))
    return f"{_three(value / scale)} {letter}".rstrip()


def number(value: float | None) -> str:
    """A tracked value in its own unit: `1,234`, `0.0123`, `1.23e+09`."""
    if value is None or math.isnan(value):
        return DASH
    if abs(value) < 1e9 and value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def quantity(value: float | None, unit: str) -> str:
    """A tracked value with its unit: `12.3 ms`, `1.20 MiB`, `1,234 objects`; the bare `unit` of asv says nothing."""
    if unit == "seconds":
        return seconds(value)
    if unit == "bytes":
        return size(value)
    text = number(value)
    return text if unit in ("", "unit") or text == DASH else f"{text} {shorten(visible(unit), 24)}"


def form(unit: str) -> Callable[[float | None], str]:
    """How many values of one unit are written: as `quantity` writes them."""
    return seconds if unit == "seconds" else size if unit == "bytes" else partial(quantity, unit=unit)


def count(amount: int, noun: str) -> str:
    """`1 case`, `2 cases`, `1,200 cases`."""
    return f"{amount:,} {noun if amount == 1 else noun + 's'}"


def level(alpha: float) -> str:
    """The level of an interval: `99.8%` for an alpha of 0.002."""
    return f"{(1.0 - alpha) * 100.0:.6g}%"


def moment(iso: str) -> str:
    """`2026-11-23 05:11 UTC` of an ISO time in UTC; whatever else it is given stays as it is."""
    if len(iso) >= 16 and iso[10] == "T":
        return f"{iso[:10]} {iso[11:16]} UTC"
    return iso


def visible(text: str) -> str:
    """`text` with control characters shown as their pictures, and with nothing that UTF-8 cannot hold."""
    if text.isprintable():  # neither; a large site asks for a million names
        return text
    return text.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut in the middle."""
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[: limit - 1 - half]}…{text[len(text) - half :]}"


def _three(value: float) -> str:
    """Three significant digits without an exponent where that is readable."""
    return _plain_digits(f"{value:.2e}")


@lru_cache(maxsize=1 << 14)
def _plain_digits(written: str) -> str:
    """`12.3` of `1.23e+01`."""
    rounded = float(written)
    if rounded == 0.0:
        return "0"
    if not 1e-4 <= abs(rounded) < 1e7:
        return f"{rounded:.3g}"
    exponent = int(written[written.index("e") + 1 :])
    return f"{rounded:,.{max(2 - exponent, 0)}f}"
