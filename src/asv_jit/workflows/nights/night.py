"""The result of a night: the workflow fills it in, reports show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from asv_jit.analysis.cells.cell import CellKey
from asv_jit.analysis.counts.summary import CaseCount, CountKey, Move
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.planning import Plan
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import CaseKey
from asv_jit.workflows.measuring.engine import Tally


class Counted(Struct, frozen=True):
    """What a night counted: numbers of trials and different cases, the commits, the number of cells without time left,
    the counts that moved at the new commits, the largest first, and the cases with a failed trial."""

    trials: int
    cases: int
    commits: tuple[str, ...]
    left: int
    moves: tuple[Move, ...]
    failed: tuple[CaseCount, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the counts for --json and the hooks."""
        return {
            "trials": self.trials,
            "cases": self.cases,
            "commits": self.commits,
            "cells_left": self.left,
            "moved": [
                {
                    "case": str(move.case),
                    "commit": move.commit,
                    "before": move.before,
                    "interpreter": move.interpreter,
                    "changes": move.changes,
                }
                for move in self.moves
            ],
            "failed": _reasons([(one.key, one.problem) for one in self.failed]),
        }


@dataclass(slots=True)
class Night:
    """Everything that reports show.

    `problems`: failures that did not end the night; `notes`: what readers must know; `counted`: None if it counted
    nothing; `unclear`: measured cells that are still unclear, with the reason; `fresh`: regressions that no earlier
    night found; `bisected`: a sentence each; `unsettled`: candidates without time to confirm them; `finished`: False
    while it runs.
    """

    project: str
    machine: str
    folder: Path
    started: str
    budget_s: float | None
    interpreters: tuple[Interpreter, ...] = ()
    installed: tuple[str, ...] = ()
    counted: Counted | None = None
    plans: list[Plan] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    unclear: dict[CellKey, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    fresh: tuple[Event, ...] = ()
    confirmed: int = 0
    refuted: int = 0
    unsettled: int = 0
    bisected: list[str] = field(default_factory=list)
    published: str | None = None
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    spent_s: float = 0.0
    finished: bool = False

    @property
    def timed_first(self) -> set[tuple[str, str, CaseKey]]:
        """Return the cells that plans time first because a count moved: commit, interpreter, case."""
        first = [step for plan in self.plans for step in plan.steps if step.kind == "moved"]
        return {(step.commit, step.interpreters[0], case) for step in first for case in step.cases}

    @property
    def open_events(self) -> tuple[Event, ...]:
        """Return the regressions that still need action, confirmed ones first."""
        found = [event for event in self.events if event.is_open]
        return tuple(sorted(found, key=lambda event: event.state != "confirmed"))

    @property
    def exit_code(self) -> int:
        """Return 1 for a regression that no earlier night found, 4 for failed cells or steps, else 0."""
        if self.fresh:
            return 1
        failed = self.tally.failed or (self.counted is not None and self.counted.failed)
        return 4 if failed or self.problems else 0

    def as_json(self) -> dict[str, Any]:
        """Return the night for --json and the hooks: every condition, whatever the exit code is."""
        return {
            "project": self.project,
            "machine": self.machine,
            "started": self.started,
            "finished": self.finished,
            "exit_code": self.exit_code,
            "budget_s": self.budget_s,
            "spent_s": round(self.spent_s, 3),
            "interpreters": [one.identity for one in self.interpreters],
            "installed": list(self.installed),
            "counts": None if self.counted is None else self.counted.as_json(),
            "plans": [plan_json(plan) for plan in self.plans],
            "trials": self.tally.trials,
            "cells_measured": self.tally.measured,
            "cells_left": self.tally.left,
            "failed": _reasons(sorted(self.tally.failed.items(), key=str)),
            "unclear": _reasons(sorted(self.unclear.items())),
            "regressions": {
                "fresh": [event_json(event) for event in self.fresh],
                "open": [event_json(event) for event in self.open_events],
                "confirmed": self.confirmed,
                "refuted": self.refuted,
                "unsettled": self.unsettled,
                "bisected": self.bisected,
            },
            "published": self.published,
            "notes": self.notes,
            "problems": self.problems,
        }


def _reasons(found: Sequence[tuple[CellKey | CountKey, str]]) -> list[dict[str, str]]:
    return [
        {"case": str(key.case), "commit": key.commit, "interpreter": key.interpreter, "reason": reason}
        for key, reason in found
    ]


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return a plan for --json; an infinite budget is null."""
    value: dict[str, Any] = msgspec.to_builtins(plan)
    value["budget_s"] = None if plan.budget_s == float("inf") else plan.budget_s
    return value


def event_json(event: Event) -> dict[str, Any]:
    """Return an event for --json and the hooks."""
    change = event.headline
    return {
        "event": event.identity,
        "case": str(event.key.case),
        "machine": event.key.machine,
        "line": event.key.line,
        "state": event.state,
        "axis": event.axis,
        "metric": change.metric,
        "ratio": change.ratio,
        "commit": event.commit,
        "parent": event.parent,
        "before": event.before,
        "after": event.after,
        "cause": event.attribution.cause,
        "why": event.why,
        "bisection": event.bisection,
    }


def one_line(text: str) -> str:
    """Join the lines of another program's message."""
    return " ".join(text.split())
