"""What earlier measurements of a range suggest about its culprit: a prior for a bisection, never a proof.

Earlier measurements come from other sessions, and the machine may have drifted between them. So only half of the
prior follows them; the other half is spread evenly. Whatever history says, no commit starts with more than even odds,
and against a history that is wrong the right commit needs only about `count` times the evidence that it would need
without one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from asv_jit.analysis.culprit.posterior import culprit_posterior

FEWEST_MEASURED = 6
_TRUST = 0.5


def prior_of(count: int, known: Mapping[int, float]) -> npt.NDArray[np.float64] | None:
    """P(commit k is the first bad one), shape (count,), from one positive figure of each commit measured earlier.

    `known` maps a commit's place (0 the good end, count - 1 the bad end) to its figure, one a commit, because all
    trials of one session share its drift. None unless both ends and at least six commits are among them.
    """
    if len(known) < FEWEST_MEASURED or not {0, count - 1} <= known.keys():
        return None
    places = sorted(known)
    history = culprit_posterior(count, places, np.log([known[place] for place in places])).mass
    evenly = np.full(count, 1.0 / (count - 1))
    evenly[0] = 0.0
    return np.asarray(_TRUST * history + (1.0 - _TRUST) * evenly, dtype=np.float64)
