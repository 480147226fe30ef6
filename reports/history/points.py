"""A cell over time: a point for each run, a series for each environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bench.records.environment import Environment
from bench.records.record import Status
from bench.records.verdict import Verdict, of_rounds
from bench.records.workload import Unit
from bench.statistics import Interval, log_mean_interval
from reports.history.scan import Damage, ScannedRun


@dataclass(frozen=True, eq=False)
class Point:
    """One cell in one run; without a time where no round gave one.

    code: the bench that measured, and the network's digest. medians: seconds per call, one of each round.
    """

    run: ScannedRun
    code: tuple[str, str]
    medians: tuple[float, ...]
    said: tuple[Verdict, ...]
    ended: tuple[Status, ...]  # how rounds without a number did

    @cached_property
    def time(self) -> Interval | None:
        """Seconds per call: the geometric mean of the medians with its 95% interval, as in a run's own table."""
        return log_mean_interval(self.medians) if self.medians else None

    @property
    def verdict(self) -> Verdict | None:
        """As in a run's own table; None where there is no number."""
        if self.time is None:
            return None
        return of_rounds(self.said, self.time.half_width, len(self.medians))


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """The points of a cell in one environment, in the order of time."""

    cell: Unit
    fingerprint: str
    points: tuple[Point, ...]

    @cached_property
    def measured(self) -> tuple[Point, ...]:
        """Those that have a time."""
        return tuple(point for point in self.points if point.medians)


@dataclass(frozen=True, kw_only=True)
class History:
    """What some runs say over time.

    series: of one cell next to each other, in the order in which their environments came.
    runs: in the order of time. records: lines read. damage: lines that gave no number.
    """

    series: tuple[Series, ...]
    runs: tuple[ScannedRun, ...]
    environments: Mapping[str, Environment] = field(default_factory=dict)
    records: int = 0
    damage: tuple[Damage, ...] = ()

    def by_device(self) -> Iterator[tuple[str, tuple[Series, ...]]]:
        """The series of each device."""
        for device in dict.fromkeys(series.cell.device for series in self.series):
            yield device, tuple(series for series in self.series if series.cell.device == device)

    def fingerprints(self, device: str) -> tuple[str, ...]:
        """The environments that a device had, in the order in which they came."""
        first: dict[str, str] = {}
        for series in self.series:
            if series.cell.device == device:
                began = series.points[0].run.created_utc
                first[series.fingerprint] = min(began, first.get(series.fingerprint, began))
        return tuple(sorted(first, key=lambda each: (first[each], each)))
