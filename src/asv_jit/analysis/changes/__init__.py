"""Finds the change points of series."""

from asv_jit.analysis.changes.detector import ChangePoint, detect

__all__ = ["ChangePoint", "detect"]
