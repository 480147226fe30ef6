"""When a comparison has enough pairs: its interval is narrow, or its time is up."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.records.pair import Pair, PairRecord
from bench.statistics import log_mean_interval

FEWEST_TO_STOP = 6  # stopping at four that happen to agree costs coverage: scripts/coverage.py


@dataclass(kw_only=True)
class Enough:
    """Asked before each pair. Without limits every planned pair is measured.

    until: half-width of the ratio's interval, relative, at which a comparison ends.
    budget_s: seconds after which no pair begins that would, like the longest so far, end too late.
    """

    until: float | None = None
    budget_s: float | None = None
    _started: float = field(default_factory=time.monotonic)
    _ratios: dict[str, list[float]] = field(default_factory=dict)
    _longest_s: float = 0.0

    def ended(self, record: PairRecord) -> None:
        """A pair of this or an earlier process of the run has its record."""
        self._longest_s = max(self._longest_s, record.seconds)
        if record.status == "done":
            self._ratios.setdefault(record.pair.cell, []).append(record.log_ratio)

    def has(self, pair: Pair) -> bool:
        """Whether its comparison needs no more pairs, or has no time for one."""
        if self.budget_s is not None and time.monotonic() - self._started + self._longest_s > self.budget_s:
            return True
        return self.until is not None and narrow(self._ratios.get(pair.cell, ()), self.until)


def narrow(log_ratios: Sequence[float], until: float) -> bool:
    """Whether the interval of the ratio is that narrow; never with fewer than six pairs."""
    if len(log_ratios) < FEWEST_TO_STOP:
        return False
    half = log_mean_interval([math.exp(each) for each in log_ratios]).half_width
    return half is not None and half <= until
