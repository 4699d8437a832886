"""The rule that decides `same`, `faster`, `slower` or `unclear` in every comparison.

Everything that has a verdict has a mean log ratio m, positive where it is faster, and half-widths of the interval of m:

    same      the 90% interval lies within ± log(1 + equivalence): two one-sided tests at 5% (Schuirmann 1987)
    faster    else, if the interval at level 1 - alpha lies above 0
    slower    else, if it lies below 0
    unclear   otherwise

The bounds are symmetric in logarithms, so that exchanging the sides mirrors the verdict. `static/compare.js` repeats
`decide` and `narrowing` in the browser; a test holds the two equal.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import scipy

Verdict: TypeAlias = Literal["same", "faster", "slower", "unclear"]

EQUIVALENCE_ALPHA = 0.1
MOST_BLOCKS = 100
"""The number of blocks above which `narrowing` hardly changes."""


def decide(mean: float, half_width: float, narrow: float, equivalence: float) -> Verdict:
    """Return the verdict on a mean log ratio.

    `half_width`: of its interval at level 1 - alpha; `narrow`: of its interval at 90%; infinite where unknown.
    `equivalence`: the share that counts as no difference; with 0 nothing is `same`.
    """
    if is_equivalent(mean, narrow, equivalence):
        return "same"
    if mean - half_width > 0.0:
        return "faster"
    if mean + half_width < 0.0:
        return "slower"
    return "unclear"


def is_equivalent(mean: float, narrow: float, equivalence: float) -> bool:
    """Return True if both one-sided tests reject; arguments as for `decide`."""
    return equivalence > 0.0 and abs(mean) + narrow <= math.log1p(equivalence)


def quantile(freedom: float, alpha: float) -> float:
    """Return the half-width of Student's interval at level 1 - `alpha`, in standard errors."""
    return float(-scipy.special.stdtrit(freedom, alpha / 2.0))


def narrowing(blocks: int, alpha: float) -> float:
    """Return the half-width at 90% over that at level 1 - `alpha`, for an interval from `blocks` (0: very many)."""
    freedom = min(blocks, MOST_BLOCKS) - 1.0 if blocks else math.inf
    if freedom < 1.0:
        return math.nan
    return quantile(freedom, EQUIVALENCE_ALPHA) / quantile(freedom, alpha)
