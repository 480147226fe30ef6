"""Two units compared by a pair of live workers: what is planned, what is recorded (measurement.md rule 7)."""

import hashlib
import math
from dataclasses import dataclass

from bench.records.counts import Counts
from bench.records.record import FailureKind, Status
from bench.records.times import are_times
from bench.records.verdict import Verdict
from bench.records.workload import Unit
from bench.statistics import midmean

FEWEST_PAIRS = 4  # below it Student's t on the pairs is too wide to say anything
MOST_PAIRS = 1000  # of one comparison; rounds from here on are its second measurement
MOST_SLOWDOWN = 10.0


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One fresh pair of workers; `first.round` counts the pairs of one comparison.

    `slowdown` is how many times as long the second one's step is made to take, to see whether that is found.
    """

    first: Unit
    second: Unit
    slowdown: float = 1.0

    def __post_init__(self) -> None:
        if self.first.device != self.second.device or self.first.round != self.second.round:
            raise ValueError("expected both units of a pair on one device and in one round")
        if not 1 <= self.slowdown <= MOST_SLOWDOWN:
            raise ValueError(f"expected a slowdown of 1 to {MOST_SLOWDOWN:g}, got {self.slowdown}")

    @property
    def again(self) -> bool:
        """Whether it belongs to the second measurement, that of comparisons that came out SLOWER."""
        return self.first.round >= MOST_PAIRS

    @property
    def id(self) -> str:
        """16 hex digits from both units' ids."""
        return hashlib.sha256(f"{self.first.id}:{self.second.id}".encode()).hexdigest()[:16]

    @property
    def cell(self) -> str:
        """The id that all pairs of one comparison share."""
        return f"{self.first.cell}:{self.second.cell}"


@dataclass(frozen=True, kw_only=True)
class PairRecord:
    """The end of one pair: bursts in ABBA order, each the mean seconds of one iteration.

    `first_s[i]` and `second_s[i]` are neighbours in time. `counts` are both sides', none where they were not made.
    """

    pair: Pair
    attempt: int
    status: Status
    reason_kind: FailureKind = ""
    reason: str = ""
    first_s: tuple[float, ...] = ()
    second_s: tuple[float, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    counts: tuple[Counts, ...] = ()
    started_utc: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if len(self.first_s) != len(self.second_s) or (self.status == "done") != bool(self.first_s):
            raise ValueError("expected as many first as second bursts, and some exactly where status is done")
        if not are_times(self.first_s + self.second_s):
            raise ValueError("expected bursts that are times in seconds")
        if len(self.counts) not in (0, 2):
            raise ValueError(f"expected counts of both sides or none, got {len(self.counts)}")

    @property
    def log_ratio(self) -> float:
        """Midmean of log(second / first) over neighbouring bursts: positive where `first` is the faster one."""
        if not self.first_s:
            raise ValueError(f"expected a finished pair, got status {self.status}")
        return midmean([math.log(b / a) for a, b in zip(self.first_s, self.second_s, strict=True)])
