"""Files as strangers, full disks and merge conflicts leave them: anything at all, and good ones with a wound."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import strategies as st

_NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
_TEXTS = st.text(max_size=6) | st.sampled_from(["", "\x00", "../../x", "\u202e", "1e999", "NaN", "\ud800", "x" * 300])
any_json = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)

_RUBBISH = st.binary(max_size=40) | st.sampled_from(
    [
        b"",
        b"\n",
        b"\xff\xfe",
        b"{",
        b"null",
        b"[" * 5000,
        b'{"a":' * 3000,
        b"1" * 5000,
        b"<<<<<<< HEAD\n",
        b"\xef\xbb\xbf{}",
    ]
)


@st.composite
def wounded(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with a part cut out, put in, doubled or turned round; or something else entirely."""
    if draw(st.integers(0, 4)) == 0:
        return draw(_RUBBISH)
    start = draw(st.integers(0, len(good)))
    end = draw(st.integers(start, min(len(good), start + 200)))
    middle = draw(st.sampled_from([b"", good[start:end] * 2, good[start:end][::-1]]) | _RUBBISH)
    return good[:start] + middle + good[end:]


@st.composite
def swapped(draw: st.DrawFn, good: Any) -> Any:
    """A JSON value like `good` in which some values, at any depth, are of another kind."""
    if draw(st.integers(0, 5)) == 0:
        return draw(any_json)
    if isinstance(good, dict):
        keys = [key for key in good if draw(st.integers(0, 9))]
        return {key: draw(swapped(good[key])) for key in keys}
    if isinstance(good, list) and len(good) <= 8:
        return [draw(swapped(value)) for value in good]
    return good


def encoded(value: Any) -> bytes:
    """As JSON, with the NaN and the lone surrogates that Python's own writer lets through."""
    return json.dumps(value).encode("utf-8")


_ABSURD: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**63, -(2**70), 0.5, 1e308, -1e308, 1e-308, "", "x", "../../x", "0" * 40, "on", "code",
    "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", [], {}, None, True, [[]], [{}], ["x"], [1], {"x": 1},
    math.nan, math.inf,
)  # fmt: skip


@st.composite
def poisoned(draw: st.DrawFn, good: Any) -> Any:
    """A JSON value like `good` in which one to three values are absurd, most of them of the right type."""
    copy = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        places = [(value, key) for value, key in _places(copy)]
        if not places:
            return copy
        within, key = draw(st.sampled_from(places))
        old = within[key]
        alike = [value for value in _ABSURD if type(value) is type(old)]
        if isinstance(old, list):
            alike += [old * 2, old[::-1], old[:1], old * 50]
        elif isinstance(old, int | float) and not isinstance(old, bool):
            alike += [-old, old * 1_000_000_007, old + 1]
        if isinstance(within, dict) and draw(st.integers(0, 11)) == 0:
            del within[key]
            continue
        new = draw(st.sampled_from(alike or _ABSURD) if draw(st.integers(0, 3)) else st.sampled_from(_ABSURD))
        within[key] = json.loads(json.dumps(new))  # a copy: the next round may change what is inside
    return copy


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each value inside of another, as the one around it and its key there; of long lists the first few."""
    keys: Any = list(value) if isinstance(value, dict) else range(min(len(value), 6)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]
