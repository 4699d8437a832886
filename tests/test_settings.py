"""The `jit` table: every key, and an error for everything that is not one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asv_jit.errors import UsageError
from asv_jit.settings import (
    LONGEST_S,
    Anchor,
    Notify,
    PairLimits,
    Settings,
    SiteSettings,
    bounded_s,
    duration_text,
    parse_duration_s,
    parse_settings,
)

EVERYTHING: dict[str, Any] = {
    "pairs": {"min": 6, "max": 20},
    "precision": 0.02,
    "trial_seconds": 1,
    "max_iterations": 500,
    "equivalence": 0.03,
    "alpha": 0.01,
    "cpu": 3,
    "count": "beside",
    "count_threshold": 0.005,
    "anchor": {"commit": "v1.0", "python": "3.14"},
    "budget": "1h30m",
    "notify": {"webhook": "https://example.org/hook", "command": ["mail", "me"]},
    "site": {"title": "T", "url": "https://example.org", "templates": "theme"},
}


def test_nothing_gives_the_defaults_of_the_documentation() -> None:
    assert parse_settings(None) == parse_settings({}) == Settings()
    assert Settings() == Settings(
        pairs=PairLimits(5, 45),
        precision=0.01,
        trial_seconds=0.5,
        max_iterations=2000,
        equivalence=0.02,
        alpha=0.002,
        cpu=None,
    )


def test_every_key_arrives() -> None:
    assert parse_settings(EVERYTHING) == Settings(
        pairs=PairLimits(6, 20),
        precision=0.02,
        trial_seconds=1.0,
        max_iterations=500,
        equivalence=0.03,
        alpha=0.01,
        cpu=3,
        count="beside",
        count_threshold=0.005,
        anchor=Anchor("v1.0", "3.14"),
        budget_s=5400.0,
        notify=Notify("https://example.org/hook", ("mail", "me")),
        site=SiteSettings("T", "https://example.org", "theme"),
    )
    names = {field.name for field in msgspec.structs.fields(Settings)} - {"budget_s"} | {"budget"}
    assert names == set(EVERYTHING)


@pytest.mark.parametrize("name", EVERYTHING)
def test_each_key_stands_for_itself(name: str) -> None:
    field = "budget_s" if name == "budget" else name
    settings = parse_settings({name: EVERYTHING[name]})
    changed = {
        f.name for f in msgspec.structs.fields(Settings) if getattr(settings, f.name) != getattr(Settings(), f.name)
    }
    assert changed == {field}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"precison": 0.01}, "jit: unknown key 'precison'; did you mean 'precision'?"),
        ({"pairs": {"mim": 5}}, "jit.pairs: unknown key 'mim'; did you mean 'min'?"),
        ({"count": "besides"}, "jit.count: expected one of off, beside, instead, found 'besides'"),
        ({"anchor": {"comit": "x"}}, "jit.anchor: unknown key 'comit'; did you mean 'commit'?"),
        ({"notify": {"webhok": "x"}}, "jit.notify: unknown key 'webhok'; did you mean 'webhook'?"),
        ({"site": {"titel": "x"}}, "jit.site: unknown key 'titel'; did you mean 'title'?"),
        ({"zzz": 1}, "jit: unknown key 'zzz'; known are alpha, anchor, budget"),
        ({"budget_s": 5}, "did you mean 'budget'?"),
    ],
)
def test_an_unknown_key_suggests_the_near_one(table: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(table)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("precision", [0, 1, -0.1, "0.01", True, None, float("nan"), float("inf")]),
        ("trial_seconds", [0, -1, "1", True, None, float("nan"), float("inf"), 10**400]),
        ("equivalence", [-0.01, 1, "x", None]),
        ("alpha", [0, 0.5, "x", None]),
        ("max_iterations", [29, 100.0, "100", True, None]),
        ("cpu", [-1, 1.0, "0", True]),
        ("pairs", [5, [5, 45], {"min": 1}, {"min": 46}, {"max": 4}, {"min": "5"}, {"max": 9.5}, {"min": True}]),
        ("anchor", ["v1", {"commit": 1}, {"python": 3.14}]),
        ("budget", ["", "soon", "1.5h", "-1h", "h", 0, -5, True, [], "0", "0h0m0s", float("nan")]),
        ("notify", ["mail me", {"command": "mail me"}, {"command": [1]}, {"webhook": 1}]),
        ("site", ["x", {"title": 1}]),
    ],
)
def test_a_wrong_value_is_named_with_what_was_found(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(UsageError, match=f"jit.{name}") as caught:
            parse_settings({name: value})
        assert "expected" in str(caught.value) or "give min <= max" in str(caught.value), value


def test_a_table_that_is_none_is_refused() -> None:
    tables: list[object] = [[], "x", 5, True]
    for table in tables:
        with pytest.raises(UsageError, match="jit: expected a table"):
            parse_settings(table)


def test_zero_equivalence_is_allowed() -> None:
    assert parse_settings({"equivalence": 0}).equivalence == 0.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(90, 90), (1.5, 1.5), ("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1h30m", 5400), (" 1h2m3s ", 3723)],
)
def test_durations_are_read(text: object, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (-3.0, "0 s"),
        (59.6, "1 min 0 s"),
        (185.0, "3 min 5 s"),
        (3599.7, "1 h 0 min"),
        (93784.0, "26 h 3 min"),
    ],
)
def test_durations_are_said(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["min", "commit", "x"]), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*EVERYTHING, "paris"]), _json, max_size=4) | _json)
def test_whatever_the_table_holds_it_is_settings_or_a_usage_error(table: object) -> None:
    try:
        settings = parse_settings(table)
    except UsageError:
        return
    assert settings.pairs.min <= settings.pairs.max
    assert 0 < settings.precision < 1
    assert settings.budget_s is None or settings.budget_s > 0


@pytest.mark.parametrize("endless", [float("inf"), 1e300, 10**400, "999999999h"])
def test_an_endless_time_is_one_that_every_clock_can_wait_for(endless: float | str) -> None:
    assert parse_duration_s(endless) == LONGEST_S
    assert duration_text(LONGEST_S)


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text(), st.lists(st.integers())))
def test_a_time_from_outside_is_bounded_or_none(value: object) -> None:
    seconds = bounded_s(value)
    assert seconds is None or 0 < seconds <= LONGEST_S


def test_a_time_of_too_many_digits_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a duration"):
        parse_duration_s("9" * 5000)
