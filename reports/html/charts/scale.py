"""From numbers to places in a picture, and which numbers are written at its axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1, 2, 5)
_FEW = 1.3  # decades, up to which 2 and 5 are written too
_ROOM = 1.25  # beyond the outermost numbers, as a factor
_FEWEST_TICKS, _MOST_TICKS = 3, 8


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A number at its place."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Scale:
    """An axis from `low` at the place `start` to `high` at `end`; both over 0 where it is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.logarithmic and self.low <= 0):
            raise ValueError(f"expected an axis from a lower to a higher number, got {self.low} to {self.high}")

    def at(self, value: float) -> float:
        """Its place, on the axis: what lies beyond is put at its end."""
        held = min(max(value, self.low), self.high)
        low, high, own = map(math.log, (self.low, self.high, held)) if self.logarithmic else (self.low, self.high, held)
        return round(self.start + (own - low) / (high - low) * (self.end - self.start), 1)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """What is written at it."""
        values = self._decades() if self.logarithmic else self._steps()
        return tuple(Tick(at=self.at(value), text=f"{value:g}") for value in values)

    def _decades(self) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        steps = _STEPS if math.log10(self.high / self.low) < 2 * _FEW else (1,)
        made = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        inside = [value for value in made if self.low <= value <= self.high]
        if len(inside) < _FEWEST_TICKS:
            return self._steps()
        return inside[:: max(1, math.ceil(len(inside) / _MOST_TICKS))]

    def _steps(self) -> list[float]:
        rough = (self.high - self.low) / _MOST_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((each * power for each in _STEPS if each * power >= rough), 10 * power)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]


def log_scale(values: Sequence[float], start: float, end: float) -> Scale:
    """One that holds all of them, with some room."""
    return Scale(low=min(values) / _ROOM, high=max(values) * _ROOM, start=start, end=end, logarithmic=True)


def linear_scale(values: Sequence[float], start: float, end: float, *, from_zero: bool = False) -> Scale:
    """The same with equal steps."""
    room = (max(values) - min(values)) / 12 or 1.0
    low = 0.0 if from_zero else min(values) - room
    return Scale(low=low, high=max(values) + room, start=start, end=end, logarithmic=False)
