"""What the JIT costs in memory: the peak resident set of paired trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.cells.levels import middle
from asv_jit.analysis.speedup import check_share
from asv_jit.analysis.verdict import quantile

Floats = npt.NDArray[np.float64]


class PeakMemory(Struct, frozen=True):
    """Peak resident set in bytes: the level of each mode, and the difference, on minus off.

    `difference_bytes` is the mean over the pairs, positive if the JIT costs memory; `low_bytes` and
    `high_bytes` bound it at level 1 - alpha; `error_bytes` is its standard error. With a single pair they are infinite.
    """

    off_bytes: float
    on_bytes: float
    difference_bytes: float
    low_bytes: float
    high_bytes: float
    pairs: int
    error_bytes: float = math.inf


def estimate(off_bytes: Sequence[int] | Floats, on_bytes: Sequence[int] | Floats, *, alpha: float) -> PeakMemory | None:
    """Return the peak memory of each mode and the paired difference with a t interval; None without pairs.

    Both arguments have shape (pairs,), the peak resident set of each trial in bytes, paired by index. The
    difference is in bytes, not a ratio: what the JIT takes hardly depends on the size of the program's data.
    The level holds for a fixed number of pairs; the adaptive rule looks at times, not at memory.
    Raises ValueError for unequal lengths, sizes that are not positive and finite, or an `alpha` outside (0, 1).
    """
    check_share("alpha", alpha)
    off, on = (np.asarray(arm, dtype=np.float64) for arm in (off_bytes, on_bytes))
    if off.ndim != 1 or off.shape != on.shape:
        raise ValueError(f"off and on must pair by index, found shapes {off.shape} and {on.shape}")
    if not all(np.all(np.isfinite(arm) & (arm > 0.0)) for arm in (off, on)):
        raise ValueError("peak memory must be positive and finite, in bytes")
    pairs = len(off)
    levels = middle(off), middle(on)
    if levels[0] is None or levels[1] is None:
        return None
    differences = on - off
    mean, half, error = float(np.mean(differences)), math.inf, math.inf
    if pairs > 1:
        error = float(np.std(differences, ddof=1)) / math.sqrt(pairs)
        half = quantile(pairs - 1, alpha) * error
    return PeakMemory(levels[0], levels[1], mean, mean - half, mean + half, pairs, error)
