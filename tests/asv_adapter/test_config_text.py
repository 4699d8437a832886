"""Editing asv.conf.json as text: what is added is read, and not a byte of the rest changes."""

from __future__ import annotations

from typing import Any

import json5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asv_jit.asv_adapter.config_text import append_to_list, set_member, value_text
from asv_jit.errors import UsageError

_SPACES = st.sampled_from(["", " ", "\n", "\n    ", "\r\n\t", " // a note, {\n", "/* [ */", " /* two\n lines: } */ "])
_KEYS = st.sampled_from(['"a"', "'b'", "c", '"d e"', '"with \\"quotes\\" // and more"', "$_9", '"\\u0041"'])
_SCALARS = st.sampled_from(
    ["1", "-0.5e3", "0xFF", "+Infinity", "true", "null", '"text"', "'it\\'s'", '"a \\\\"', '"{ // }"', "'line\\\nmore'"]
)


def _container(opening: str, closing: str, items: list[str], trailing: bool, space: str) -> str:
    return f"{opening}{space}{f',{space}'.join(items)}{',' if trailing and items else ''}{space}{closing}"


_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.builds(_container, st.just("["), st.just("]"), st.lists(inner, max_size=3), st.booleans(), _SPACES)
        | st.builds(
            _container,
            st.just("{"),
            st.just("}"),
            st.lists(st.builds("{}{}:{}{}".format, _KEYS, _SPACES, _SPACES, inner), max_size=3),
            st.booleans(),
            _SPACES,
        )
    ),
    max_leaves=8,
)
_MEMBERS = st.lists(st.builds("{}{}: {}".format, _KEYS, _SPACES, _VALUES), max_size=4)
_DOCUMENTS = st.builds(
    lambda before, items, trailing, space, after: before + _container("{", "}", items, trailing, space) + after,
    _SPACES.filter(lambda text: text.count("/") != 1),
    _MEMBERS,
    st.booleans(),
    _SPACES,
    st.sampled_from(["", "\n", " // the end"]),
)


def _is_within(old: str, new: str) -> bool:
    """Whether `new` is `old` with text added, nothing taken away."""
    rest = iter(new)
    return all(letter in rest for letter in old)


@settings(max_examples=60)
@given(_DOCUMENTS)
def test_a_new_member_is_read_and_the_rest_stays(text: str) -> None:
    before: dict[str, Any] = json5.loads(text)
    after = set_member(text, ("added",), '{"x": [1]}')
    assert json5.loads(after) == {**before, "added": {"x": [1]}}
    assert _is_within(text, after)
    assert len(after) - len(text) <= len('"added": {"x": [1]}') + 60


@settings(max_examples=60)
@given(_DOCUMENTS, st.data())
def test_replacing_a_value_touches_nothing_else(text: str, data: st.DataObject) -> None:
    before: dict[str, Any] = json5.loads(text)
    if not before:
        return
    key = data.draw(st.sampled_from(sorted(before)))
    written = value_text(text, (key,))
    assert written is not None
    assert json5.loads(written) == before[key]
    after = set_member(text, (key,), '"new"')
    assert json5.loads(after)[key] == "new"
    at = after.rindex('"new"')
    assert after[:at] + written + after[at + 5 :] == text


@settings(max_examples=60)
@given(_DOCUMENTS)
def test_an_element_is_appended_to_a_list(text: str) -> None:
    listed = set_member(text, ("the list",), "[ // none yet\n ]")
    twice = append_to_list(append_to_list(listed, ("the list",), '"one"'), ("the list",), '"two"')
    assert json5.loads(twice) == {**json5.loads(text), "the list": ["one", "two"]}
    assert _is_within(listed, twice)


def test_what_is_added_looks_like_what_is_there() -> None:
    text = '{\n\t"a": 1, // first\n\t"b": [\n\t\t"x",\n\t\t"y"\n\t] // last\n\t// "c": 3\n}\n'
    text = append_to_list(set_member(text, ("d",), "4"), ("b",), '"z"')
    assert text == (
        '{\n\t"a": 1, // first\n\t"b": [\n\t\t"x",\n\t\t"y",\n\t\t"z"\n\t], // last\n\t"d": 4\n\t// "c": 3\n}\n'
    )
    assert set_member('{"a": {"b": 1}}', ("a", "c"), "2") == '{"a": {"b": 1, "c": 2}}'
    assert set_member('{\r\n  "a": 1,\r\n}', ("b",), "2") == '{\r\n  "a": 1,\r\n  "b": 2,\r\n}'


def test_a_place_that_is_no_list_or_table_is_refused() -> None:
    with pytest.raises(UsageError, match="a list"):
        append_to_list('{"a": 1}', ("a",), "2")
    with pytest.raises(UsageError, match="a table"):
        set_member('{"a": [1]}', ("a", "b"), "2")
    assert value_text('{"a": [1]}', ("a", "b")) is None
