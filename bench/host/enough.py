"""When a comparison has enough pairs: its interval is narrow, its time is up, or nothing calls for the second ones."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.host.budget import Budget
from bench.records.answer import MARGIN, answer
from bench.records.pair import FEWEST_PAIRS, Pair, PairRecord
from bench.records.record import Record
from bench.records.workload import Unit
from bench.statistics import log_mean_interval

FEWEST_TO_STOP = 8  # stopping at six that happen to agree costs coverage: scripts/coverage.py


@dataclass(kw_only=True)
class Enough:
    """Asked before each pair. Without limits every planned pair is measured, those of the second measurement where the
    first came out SLOWER: they take the time that they take, since nothing is confirmed without them.

    until: half-width of the ratio's interval, relative, at which a comparison ends.
    budget_s: seconds after which no pair begins that would, like the longest so far, end too late.
    rows: the budget of the units of a table; None where every planned one is measured.
    margin: beyond which a comparison is SLOWER, relative.
    """

    until: float | None = None
    budget_s: float | None = None
    rows: Budget | None = None
    margin: float = MARGIN
    _started: float = field(default_factory=time.monotonic)
    _ratios: dict[str, list[float]] = field(default_factory=dict)
    _longest_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("until", "budget_s", "margin"):
            limit = getattr(self, name)
            if limit is not None and not 0 < limit < math.inf:
                raise ValueError(f"expected {name} over 0, got {limit}")

    def ended(self, record: Record | PairRecord, *, here: bool = True) -> None:
        """A unit or pair of this or an earlier process of the run has its record."""
        if isinstance(record, Record):
            if self.rows is not None:
                self.rows.ended(record, here=here)
            return
        self._longest_s = max(self._longest_s, record.seconds)
        if record.status == "done" and not record.pair.again:
            self._ratios.setdefault(record.pair.cell, []).append(record.log_ratio)

    @property
    def left_s(self) -> float:
        """Seconds until the time is up; infinite where none was given."""
        if self.rows is not None:
            return self.rows.left_s
        return math.inf if self.budget_s is None else max(0.0, self.budget_s - (time.monotonic() - self._started))

    def chosen(self, units: Sequence[Unit]) -> tuple[Unit, ...]:
        """Those of one worker's units that are to be measured now."""
        return tuple(units) if self.rows is None else self.rows.chosen(units)

    def plan(self, units: Sequence[Unit]) -> None:
        """The units of one device that are to come."""
        if self.rows is not None:
            self.rows.plan(units)

    def owed(self, units: Sequence[Unit]) -> tuple[Unit, ...]:
        """Those that must have a record, also where their device is lost."""
        return tuple(units) if self.rows is None else self.rows.owed(units)

    def has(self, pair: Pair) -> bool:
        """Whether its comparison needs no more pairs, or has no time for one."""
        if pair.again:
            return not slower(self._ratios.get(pair.cell, ()), self.margin)
        if self.budget_s is not None and time.monotonic() - self._started + self._longest_s > self.budget_s:
            return True
        return self.until is not None and narrow(self._ratios.get(pair.cell, ()), self.until)


def narrow(log_ratios: Sequence[float], until: float) -> bool:
    """Whether the interval of the ratio is that narrow; never with fewer than eight pairs."""
    if len(log_ratios) < FEWEST_TO_STOP:
        return False
    half = log_mean_interval([math.exp(each) for each in log_ratios]).half_width
    return half is not None and half <= until


def slower(log_ratios: Sequence[float], margin: float) -> bool:
    """Whether a comparison of these pairs came out SLOWER."""
    if len(log_ratios) < FEWEST_PAIRS:
        return False
    return answer(log_mean_interval([math.exp(each) for each in log_ratios]), margin) == "SLOWER"
