"""Edits asv.conf.json (JSON5) as text, so that comments, order and formatting are preserved.

No library fits: those that keep comments either rewrite the whole text, or use the import name `json5` of asv's own
JSON5 library, so that the two cannot be installed together.
"""

from __future__ import annotations

import json
import re

import json5
from msgspec import Struct

from asv_jit.errors import UsageError

_SPACE = re.compile(r"(?:\s|//[^\n\r\u2028\u2029]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r"""(["'])(?:(?!\1)[^\\]|\\.)*\1""", re.DOTALL)
_PLAIN = re.compile(r"""[^\s,:{}\[\]"'/]+""")
_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*[^\n\r]*?\*/)*(?://[^\n\r]*)?(?=[\r\n])")
_CLOSING = {"{": "}", "[": "]"}


class _Item(Struct, frozen=True):
    """An element of a list or a member of an object; `start` is the offset of the key, or of the value in a list."""

    key: str | None
    start: int
    value_start: int
    end: int


class _Container(Struct, frozen=True):
    """An object or a list: offsets of its brackets, its items, and the end of a trailing comma (None: no comma)."""

    start: int
    items: tuple[_Item, ...]
    comma_end: int | None
    close: int

    def member(self, key: str) -> _Item | None:
        """Return the last member with that key, which overrides earlier ones."""
        return next((item for item in reversed(self.items) if item.key == key), None)


def value_text(text: str, path: tuple[str, ...]) -> str | None:
    """Return the source text of the value at `path`; None if missing. `text` must be a valid JSON5 object."""
    found = _find(text, path)
    return None if found is None else text[found.value_start : found.end]


def set_member(text: str, path: tuple[str, ...], written: str) -> str:
    """Return the text with the value at `path` set to `written`; a new key becomes its object's last member.

    Raises UsageError if a parent is not an object.
    """
    *way, key = path
    found = _find(text, path)
    if found is not None:
        return text[: found.value_start] + written + text[found.end :]
    return _appended(text, _container_at(text, tuple(way), "{"), f"{json.dumps(key)}: {written}")


def append_to_list(text: str, path: tuple[str, ...], written: str) -> str:
    """Return the text with `written` appended to the list at `path`. Raises UsageError if there is no list."""
    return _appended(text, _container_at(text, path, "["), written)


def _container_at(text: str, path: tuple[str, ...], opening: str) -> _Container:
    found = _find(text, path)
    start = _skip(text, 0) if not path else (-1 if found is None else found.value_start)
    if start < 0 or text[start] != opening:
        kind = "a table {…}" if opening == "{" else "a list […]"
        raise UsageError(f"asv.conf.json: expected {kind} at {'.'.join(path) or 'the top'}, found something else")
    return _container(text, start)


def _find(text: str, path: tuple[str, ...]) -> _Item | None:
    start, item = _skip(text, 0), None
    for key in path:
        if text[start] != "{":
            return None
        item = _container(text, start).member(key)
        if item is None:
            return None
        start = item.value_start
    return item


def _appended(text: str, container: _Container, written: str) -> str:
    """Add an item after the last one, on its own line if the last one is on its own line."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if not container.items:
        inner = text[container.start + 1 : container.close]
        if "\n" not in inner:
            return text[: container.start + 1] + written + text[container.start + 1 :]
        at = container.start + 1 + len(inner.rstrip(" \t\r\n"))  # after the comments, if there are any
        indent = _indent(text, container.start) + "    "
        return f"{text[:at]}{newline}{indent}{written}{text[at:]}"
    last = container.items[-1]
    comma, end = ("", container.comma_end) if container.comma_end is not None else (",", last.end)
    if text[_line_start(text, last.start) : last.start].strip():
        after = "," if container.comma_end is not None else ""
        return f"{text[:end]}{comma} {written}{after}{text[end:]}"
    rest = _REST_OF_LINE.match(text, end)
    at = rest.end() if rest else end
    trailing = "," if container.comma_end is not None else ""
    added = f"{newline}{_indent(text, last.start)}{written}{trailing}"
    return text[: last.end] + comma + text[last.end : at] + added + text[at:]


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _indent(text: str, position: int) -> str:
    line = text[_line_start(text, position) :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _value_end(text: str, start: int) -> int:
    if text[start] in _CLOSING:
        return _container(text, start).close + 1
    found = (_STRING if text[start] in "\"'" else _PLAIN).match(text, start)
    return found.end() if found else start + 1


def _container(text: str, start: int) -> _Container:
    closing, is_object = _CLOSING[text[start]], text[start] == "{"
    items: list[_Item] = []
    comma_end: int | None = None
    position = _skip(text, start + 1)
    while text[position] != closing:
        key, item_start = None, position
        if is_object:
            key_end = _value_end(text, position)
            key = _key(text[position:key_end])
            position = _skip(text, _skip(text, key_end) + 1)  # past the colon
        end = _value_end(text, position)
        items.append(_Item(key, item_start, position, end))
        position = _skip(text, end)
        comma_end = None
        if text[position] == ",":
            comma_end = position + 1
            position = _skip(text, comma_end)
    return _Container(start, tuple(items), comma_end, position)


def _key(written: str) -> str:
    (key,) = json5.loads(f"{{{written}: 0}}")
    return str(key)
