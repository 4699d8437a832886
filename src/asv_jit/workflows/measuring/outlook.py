"""Progress of a measurement: counts trials and forecasts when it will end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asv_jit.analysis.remaining import Forecast
from asv_jit.model import Trial
from asv_jit.workflows.measuring.reporter import Left, Reporter

_LOOKS_A_ROUND = 4  # forecasts a round; each looks at every case, which is too slow for every block
USUAL_PACE = 1.1


class Outlook:
    """Reports progress.

    `forecast` forecasts the unfinished cases; `spent_s` and `most_s` return the seconds spent and left of the budget.
    """

    def __init__(
        self,
        reporter: Reporter,
        forecast: Callable[[], Forecast],
        *,
        spent_s: Callable[[], float],
        most_s: Callable[[], float],
    ) -> None:
        self._reporter = reporter
        self._forecast = forecast
        self._spent_s = spent_s
        self._most_s = most_s
        self._made: Forecast | None = None
        self._made_at = (0, 0.0)
        self._began_s = spent_s()
        self._told_s = 0.0
        self._took_s = 0.0
        self.trials = 0

    @property
    def pace(self) -> float:
        """Duration of a block divided by that of its trials: repeats, writing and waiting take extra time."""
        return self._took_s / self._told_s if self._told_s else USUAL_PACE

    def count(self, trials: Sequence[Trial], *, first: bool) -> None:
        """Count a block that ended; the `first` of a case includes calibration and does not count for the pace."""
        self.trials += len(trials)
        now_s = self._spent_s()
        if not first:
            self._took_s += now_s - self._began_s
            self._told_s += sum(trial.duration_s for trial in trials)
        self._began_s = now_s

    def show(self, text: str, position: int, cases: int) -> None:
        """Report that `text` is next, the case at `position` of the round's `cases`."""
        if self._made is None or position % max(1, cases // _LOOKS_A_ROUND) == 0:
            self._made, self._made_at = self._forecast(), (self.trials, self._spent_s())
        total = self._made_at[0] + round(self._made.trials.middle)
        left: Left = None
        if self.trials:
            since_s = self._spent_s() - self._made_at[1]
            most_s = self._most_s()
            low_s, high_s = (max(end - since_s, 0.0) for end in (self._made.seconds.low, self._made.seconds.high))
            left = (min(low_s, most_s), min(high_s, most_s))
        self._reporter.advance(text, self.trials, max(total, self.trials + 1), left)
