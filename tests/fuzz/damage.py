"""Files as strangers, full disks and merge conflicts leave them: anything at all, and good ones with a wound."""

from __future__ import annotations

import json
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
