"""Reads result trees that asv wrote, by itself or for asv-jit, as series: see `reading.read_asv_results`."""

from __future__ import annotations

from asv_jit.asv_adapter.history.counting import MeasuredByTrials
from asv_jit.asv_adapter.history.reading import AsvResults, AsvSeries, read_asv_results

__all__ = ["AsvResults", "AsvSeries", "MeasuredByTrials", "read_asv_results"]
