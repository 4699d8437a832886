"""Progress as bars on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn

from asv_jit.terminal.console import console as plain_console
from asv_jit.text import units
from asv_jit.workflows.measuring.reporter import Left, Reporter, Silent


class ShowsResults(Reporter, Protocol):
    """A reporter that shows interim results."""

    def results(self, table: Callable[[Console], RenderableType]) -> None:
        """Show a table, which `table` builds for a console if it is shown."""


class _Shown(Progress):
    """The bar with a table below it, which a small terminal cuts."""

    table: RenderableType | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.table is not None:
            yield self.table


@contextmanager
def progress(*, quiet: bool) -> Iterator[ShowsResults]:
    """Yield a reporter: it draws bars on a terminal, prints lines elsewhere, and nothing if `quiet`."""
    if quiet:
        yield Silent()
    elif sys.stdout.isatty():
        console = Console()
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        with _Shown(*columns, TextColumn("{task.fields[left]}"), console=console, transient=True) as bars:
            yield _Bars(bars)
    else:
        yield _Lines()


_REFRESH_S = 10.0


class _Bars:
    def __init__(self, bars: _Shown) -> None:
        self._bars = bars
        self._shown_at = -math.inf
        self._task = bars.add_task("starting", total=None, left="")

    def stage(self, text: str) -> None:
        self._bars.update(self._task, description=text, total=None, left="")

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        left = "" if left_s is None else f"{units.duration_range(*left_s)} left"
        self._bars.update(self._task, description=text, completed=done, total=total, left=left)

    def warn(self, text: str) -> None:
        self._bars.console.print(f"warning: {text}", markup=False)

    def results(self, table: Callable[[Console], RenderableType]) -> None:
        if time.monotonic() >= self._shown_at + _REFRESH_S:
            self._bars.table = table(self._bars.console)
            self._shown_at = time.monotonic()


_QUIET_S = 120.0


class _Lines:
    """Prints a line for each tenth of the work, so that a log stays readable, and after two minutes of silence."""

    def __init__(self) -> None:
        self._next = 0.0
        self._said_at = time.monotonic()
        self._has_table = False

    def stage(self, text: str) -> None:
        self._next = 0.0
        print(text, flush=True)  # noqa: T201 - the output of a command

    def advance(self, text: str, done: int, total: int, left_s: Left) -> None:
        share = done / max(total, 1)
        now = time.monotonic()
        if share < self._next and now < self._said_at + _QUIET_S:
            return
        self._next, self._said_at = share + 0.1, now
        left = "" if left_s is None else f", {units.duration_range(*left_s)} left"
        print(f"measuring: {done} of about {total} trials{left} ({text})", flush=True)  # noqa: T201 - as above

    def warn(self, text: str) -> None:
        print(f"warning: {text}", file=sys.stderr, flush=True)  # noqa: T201 - as above

    def results(self, table: Callable[[Console], RenderableType]) -> None:
        if not self._has_table:
            self._has_table = True
            print("so far; measuring goes on:", flush=True)  # noqa: T201 - as above
            screen = plain_console()
            screen.print(table(screen))
