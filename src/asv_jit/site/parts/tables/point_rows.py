"""The rows of a table of points, as HTML: a large site has hundreds of thousands of them.

They are made here because a template's loop takes ten times as long. What HTML lets us leave out is left out. A table
is put together from columns, so that those that many tables share need to be made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NewType

from markupsafe import Markup, escape

Cells = NewType("Cells", list[str])
"""A column as HTML: one entry a point, every text in it escaped."""


def head_cells(texts: Iterable[str]) -> Cells:
    """The column that heads the rows."""
    return Cells([f"<tr><th>{escape(text)}" for text in texts])


def text_cells(texts: Iterable[str]) -> Cells:
    """A column of texts."""
    return Cells(list(map(_cell, texts)))


def figure_cells(figures: Iterable[tuple[str, str]]) -> Cells:
    """A column of texts with what stands below each of them in small, if anything."""
    return Cells([f"{_cell(text)}<small>{escape(below)}</small>" if below else _cell(text) for text, below in figures])


def point_rows(columns: Sequence[Cells]) -> Markup:
    """A row for each point, the last one first; the columns from left to right."""
    rows = zip(*(reversed(column) for column in columns), strict=True)
    return Markup("".join(chain.from_iterable(rows)))  # noqa: S704 - every text in it went through escape


@lru_cache(maxsize=1 << 14)  # thousands of figures of three digits stand in a hundred thousand cells
def _cell(text: str) -> str:
    return f"<td>{escape(text)}"
