"""Decide from noisy measurements which side of a boundary a value lies on, as `git bisect run` needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from asv_jit.analysis.stats.wild import tempered

Side = Literal["below", "above", "more", "unclear"]

FEWEST = 4
_DECIDED_T = 5.0  # as for the ends of a bisection, see `culprit`


def side_of(logs: Sequence[float], boundary: float, *, limit: int) -> Side:
    """Return on which side of `boundary` the mean of `logs` lies, shape (measurements,), in the same unit.

    From 4 measurements on it is decided once the mean lies at least 5 standard errors away, the rule by which a
    bisection's ends differ; until then it is `more`, and `unclear` after `limit` measurements.
    Raises ValueError for values that are not finite.
    """
    values = np.asarray(logs, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ValueError("measurements must be finite")
    if len(values) < FEWEST:
        return "more"
    values = tempered(values)
    distance = float(values.mean()) - boundary
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    if distance != 0.0 and abs(distance) >= _DECIDED_T * error:
        return "above" if distance > 0.0 else "below"
    return "unclear" if len(values) >= limit else "more"
