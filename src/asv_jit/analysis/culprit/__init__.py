"""Finds the commit that changed a figure."""

from asv_jit.analysis.culprit.searcher import Culprit, Unbuildable, search

__all__ = ["Culprit", "Unbuildable", "search"]
