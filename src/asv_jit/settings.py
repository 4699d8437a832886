"""The `jit` table of asv.conf.json, parsed once into a frozen value; an unknown key is an error with a suggestion."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args

from msgspec import Struct, field
from msgspec.structs import fields

from asv_jit.errors import UsageError

LONGEST_S = 1e9
"""The longest time, some thirty years, used for infinity: in nanoseconds it fits into 64 bits."""

_DURATION = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?")
_Table = TypeVar("_Table")
Count = Literal["off", "beside", "instead"]
"""Whether runs count instructions: never, before timing (`beside`), or instead of timing."""


class PairLimits(Struct, frozen=True):
    """Number of pairs of trials per cell: at least `min`, then until precise enough, at most `max`."""

    min: int = 5
    max: int = 45


class Anchor(Struct, frozen=True):
    """A commit and an interpreter that every session measures again, to detect changes of the machine."""

    commit: str | None = None
    python: str | None = None


class Notify(Struct, frozen=True):
    """Where a nightly run reports: a webhook's address, or a command that reads the report."""

    webhook: str | None = None
    command: tuple[str, ...] = ()


class SiteSettings(Struct, frozen=True):
    """Settings of the site; files in the folder `templates` replace ours of the same name."""

    title: str | None = None
    url: str | None = None
    templates: str | None = None


class Settings(Struct, frozen=True):
    """All settings. `precision`, `equivalence` and `count_threshold` are shares (0.01 is 1%), times are in seconds.

    A change of instructions below `count_threshold` is ignored.
    """

    pairs: PairLimits = field(default_factory=PairLimits)
    precision: float = 0.01
    trial_seconds: float = 0.5
    max_iterations: int = 2000
    equivalence: float = 0.02
    alpha: float = 0.002
    cpu: int | None = None
    count: Count = "off"
    count_threshold: float = 0.002
    anchor: Anchor = field(default_factory=Anchor)
    budget_s: float | None = None
    notify: Notify = field(default_factory=Notify)
    site: SiteSettings = field(default_factory=SiteSettings)


def parse_settings(table: object) -> Settings:
    """Parse the `jit` table. Raises UsageError that names the key, the expected and the found value."""
    values = _mapping(table, "jit")
    known = {f.name if f.name != "budget_s" else "budget" for f in fields(Settings)}
    _refuse_unknown(values, known, "jit")
    defaults = Settings()
    return Settings(
        pairs=_pairs(values.get("pairs", {})),
        precision=_number(values, "precision", defaults.precision, above=0.0, below=1.0),
        trial_seconds=_number(values, "trial_seconds", defaults.trial_seconds, above=0.0, below=LONGEST_S),
        max_iterations=_whole(values, "max_iterations", defaults.max_iterations, at_least=30),
        equivalence=_number(values, "equivalence", defaults.equivalence, above=-1e-12, below=1.0),
        alpha=_number(values, "alpha", defaults.alpha, above=0.0, below=0.5),
        cpu=None if values.get("cpu") is None else _whole(values, "cpu", 0, at_least=0),
        count=_count(values),
        count_threshold=_number(values, "count_threshold", defaults.count_threshold, above=0.0, below=1.0),
        anchor=_texts(values.get("anchor", {}), Anchor, "jit.anchor"),
        budget_s=None if values.get("budget") is None else parse_duration_s(values["budget"], "jit.budget"),
        notify=_notify(values.get("notify", {})),
        site=_texts(values.get("site", {}), SiteSettings, "jit.site"),
    )


def bounded_s(value: object) -> float | None:
    """Validate a time in seconds from a user: at most `LONGEST_S` (also for infinity), None unless above 0.

    Waits, clocks and calendars raise OverflowError for longer times, so every time from outside is validated here.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return float(min(value, LONGEST_S))


def parse_duration_s(text: object, where: str = "duration") -> float:
    """Parse `90`, `"90s"`, `"15m"`, `"2h"` or `"1h30m"` into seconds. Raises UsageError for anything else."""
    number_s = bounded_s(text)
    if number_s is not None:
        return number_s
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not any(int(group or 0) for group in match.groups()):
        raise UsageError(f'{where}: expected a duration such as "90s", "15m" or "2h", found {text!r}')
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return float(min(hours * 3600 + minutes * 60 + seconds, LONGEST_S))


def duration_text(seconds: float) -> str:
    """Format a duration: `2 h 5 min`, `3 min 5 s`, `7 s`."""
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def _pairs(table: object) -> PairLimits:
    values = _mapping(table, "jit.pairs")
    _refuse_unknown(values, {"min", "max"}, "jit.pairs")
    limits = PairLimits(
        min=_whole(values, "min", PairLimits().min, at_least=2, where="jit.pairs"),
        max=_whole(values, "max", PairLimits().max, at_least=2, where="jit.pairs"),
    )
    if limits.min > limits.max:
        raise UsageError(f"jit.pairs: min ({limits.min}) is above max ({limits.max}); give min <= max")
    return limits


def _count(values: Mapping[str, Any]) -> Count:
    value = values.get("count", "off")
    if value not in get_args(Count):
        raise UsageError(f"jit.count: expected one of {', '.join(get_args(Count))}, found {value!r}")
    chosen: Count = value
    return chosen


def _notify(table: object) -> Notify:
    values = _mapping(table, "jit.notify")
    _refuse_unknown(values, {"webhook", "command"}, "jit.notify")
    command = values.get("command", [])
    if not isinstance(command, list) or not all(isinstance(part, str) for part in command):
        raise UsageError(f"jit.notify.command: expected a list of strings, found {command!r}")
    return Notify(webhook=_text(values, "webhook", "jit.notify"), command=tuple(command))


def _texts(table: object, kind: type[_Table], where: str) -> _Table:
    values = _mapping(table, where)
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # every kind here is a dataclass of texts
    _refuse_unknown(values, names, where)
    return kind(**{name: _text(values, name, where) for name in names})


def _mapping(table: object, where: str) -> Mapping[str, Any]:
    if table is None:
        return {}
    if not isinstance(table, Mapping):
        raise UsageError(f"{where}: expected a table {{...}}, found {table!r}")
    return table


def _refuse_unknown(values: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
            raise UsageError(f"{where}: unknown key {name!r}; {hint}")


def _text(values: Mapping[str, Any], name: str, where: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{where}.{name}: expected a text, found {value!r}")
    return value


def _number(values: Mapping[str, Any], name: str, default: float, *, above: float, below: float) -> float:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < below:
        limits = f"above {max(above, 0.0):g} and below {below:g}"
        raise UsageError(f"jit.{name}: expected a number {limits}, found {value!r}")
    return float(value)


def _whole(values: Mapping[str, Any], name: str, default: int, *, at_least: int, where: str = "jit") -> int:
    value = values.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise UsageError(f"{where}.{name}: expected a whole number of at least {at_least}, found {value!r}")
    return value
