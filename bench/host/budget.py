"""A whole run in a given time: rounds go to the cells that need them, and no unit begins that would end too late.

A cell is settled when after each of its last three rounds its interval was narrow or apart from those of its group.
A round visits the cells that are not settled; where all are, those that are not narrow. Why three times in a row, and
what stopping on what was seen costs: docs/method.md, "A budget".
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.records.record import Record
from bench.records.verdict import NOISY
from bench.records.workload import Unit, rivals
from bench.statistics import Interval, log_mean_interval

FEWEST_ROUNDS = 3  # that a row needs; an interval of two is too wide to say anything
IN_A_ROW = 3  # rounds after which a cell must have been good enough
SETTLED_ROUNDS = FEWEST_ROUNDS + IN_A_ROW - 1  # after which a cell may be left alone
MOST_ROUNDS = 50  # unless the user says otherwise


@dataclass(kw_only=True)
class Cell:
    """One row so far: the median of each round, the seconds of its longest unit."""

    group: object  # cells of one group do the same work, so that their order means something
    medians: list[float] = field(default_factory=list)
    longest_s: float = 0.0
    failed: bool = False

    def interval(self) -> Interval | None:
        """None with too few rounds."""
        return log_mean_interval(self.medians) if len(self.medians) >= FEWEST_ROUNDS else None

    def always(self, good: Callable[[Interval], bool]) -> bool:
        """Whether the interval was good after each of the last rounds."""
        ends = range(len(self.medians) - IN_A_ROW + 1, len(self.medians) + 1)
        return ends.start >= FEWEST_ROUNDS and all(good(log_mean_interval(self.medians[:end])) for end in ends)


def is_narrow(interval: Interval) -> bool:
    """Within ±2 %, from which on a row is not `noisy`."""
    return interval.half_width is not None and interval.half_width <= NOISY


def is_apart(interval: Interval, others: Iterable[Interval | None]) -> bool:
    """Whether it meets none of the others; those without bounds may lie anywhere."""
    return all(
        other is not None and (_low(interval) > _high(other) or _high(interval) < _low(other)) for other in others
    )


def _low(interval: Interval) -> float:
    return interval.centre if interval.low is None else interval.low


def _high(interval: Interval) -> float:
    return interval.centre if interval.high is None else interval.high


class Budget:
    """Asked before each worker which of its units are to be measured.

    The devices have one time, and each its own thread, which touches nothing of the others.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._until = now, now() + seconds
        self._cells: dict[str, dict[str, Cell]] = {}  # of each device by their names
        self._visited: dict[tuple[str, int], set[str]] = {}  # the cells of a round, decided when it begins
        self._began: dict[str, float] = {}  # the last worker on each device, or its last unit
        self._start_s: dict[str, float] = {}  # the longest that a worker took there beside its units
        self._over: set[str] = set()  # devices where a unit would have ended too late

    @property
    def left_s(self) -> float:
        """Seconds until the time is up, at least none."""
        return max(0.0, self._until - self._now())

    def plan(self, units: Iterable[Unit]) -> None:
        """The cells that there are."""
        for unit in units:
            self._cell(unit)

    def ended(self, record: Record, *, here: bool = True) -> None:
        """A unit has its record; `here`: in this process, so that its time counts."""
        unit = record.unit
        cell = self._cell(unit)
        cell.longest_s = max(cell.longest_s, record.seconds)
        if record.measurement is not None:
            cell.medians.append(median(record.measurement.samples_s))
        elif record.status != "lost":
            cell.failed = True  # it would fail again
        if here and unit.device in self._began:
            beside_s = self._now() - self._began[unit.device] - record.seconds
            self._start_s[unit.device] = max(self._start_s.get(unit.device, 0.0), beside_s)
            self._began[unit.device] = self._now()

    def chosen(self, units: Sequence[Unit]) -> tuple[Unit, ...]:
        """Those of one worker that are worth their time and have it; the worker is taken to begin now."""
        device, left_s = units[0].device, self.left_s
        if device in self._over:
            return ()
        self._began[device] = self._now()
        left_s -= self._start_s.get(device, 0.0)
        fitting = []
        for unit in units:
            if (name := unit.cell) not in self._round(device, unit.round):
                continue
            left_s -= self._expected_s(device, name)
            if left_s < 0 or not self.left_s:
                self._over.add(device)  # for good: shorter units would get rounds that this one does not
            if device not in self._over:
                fitting.append(unit)
        return tuple(fitting)

    def owed(self, units: Iterable[Unit]) -> tuple[Unit, ...]:
        """Those of a device that is lost without which its rows have no number."""
        return tuple(unit for unit in units if unit.round < FEWEST_ROUNDS)

    def _cell(self, unit: Unit) -> Cell:
        return self._cells.setdefault(unit.device, {}).setdefault(unit.cell, Cell(group=rivals(unit)))

    def _expected_s(self, device: str, name: str) -> float:
        """As long as it took at most; what was not measured yet, as long as the longest of its device."""
        cells = self._cells[device]
        return cells[name].longest_s or max(cell.longest_s for cell in cells.values())

    def _round(self, device: str, number: int) -> set[str]:
        """Who takes part in a round: decided once, so that its order has no say in it."""
        if (device, number) not in self._visited:
            self._visited[device, number] = self._due(self._cells[device])
        return self._visited[device, number]

    @staticmethod
    def _due(cells: Mapping[str, Cell]) -> set[str]:
        going = {name: cell for name, cell in cells.items() if not cell.failed}
        wide = {name for name, cell in going.items() if not cell.always(is_narrow)}
        now: dict[object, dict[str, Interval | None]] = {}
        for name, cell in going.items():
            now.setdefault(cell.group, {})[name] = cell.interval()
        return {name for name in wide if not _is_settled(name, going[name], now[going[name].group])} or wide


def _is_settled(name: str, cell: Cell, group: Mapping[str, Interval | None]) -> bool:
    others = [each for key, each in group.items() if key != name]
    return bool(others) and cell.always(lambda interval: is_narrow(interval) or is_apart(interval, others))
