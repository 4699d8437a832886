"""The rows of a table of points, as HTML: a large site has hundreds of thousands of them.

They are made here because a template's loop takes ten times as long. What HTML lets us leave out is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from markupsafe import Markup, escape

__all__ = ["point_rows"]


def point_rows(words: Sequence[Sequence[str]], figures: Iterable[Iterable[tuple[str, str]]]) -> Markup:
    """A row for each point, the last one first.

    `words` are columns of text, the first of which heads the rows; `figures` are columns of a text and what stands
    below it in small. Every column has one entry a point.
    """
    heads, *others = ([_escaped(text) for text in column] for column in words)
    columns = [[f"<tr><th>{text}" for text in heads], *([f"<td>{text}" for text in column] for column in others)]
    columns += [[_cell(*figure) for figure in column] for column in figures]
    rows = ["".join(cells) for cells in zip(*columns, strict=True)]
    return Markup("\n".join(reversed(rows)))  # noqa: S704 - every text in it went through escape


def _cell(text: str, detail: str) -> str:
    return f"<td>{_escaped(text)}<small>{_escaped(detail)}</small>" if detail else f"<td>{_escaped(text)}"


@lru_cache(maxsize=1 << 16)  # the same commits and figures stand in many tables
def _escaped(text: str) -> str:
    return str(escape(text))
