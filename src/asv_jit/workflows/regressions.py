"""`asv-jit regressions`: the change points of the stored history as events, with attribution and state."""

from __future__ import annotations

from asv_jit.analysis.events import Event
from asv_jit.analysis.series import History
from asv_jit.asv_adapter.project import Project

__all__ = ["find_events"]


def find_events(project: Project, history: History) -> tuple[Event, ...]:
    """Every event of the history, the newest first; improvements and closed ones too.

    Raises DamagedFileError where the file of accepted regressions is not readable.
    """
    return ()
