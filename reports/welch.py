"""The ratio of two times from independent rounds: Welch's t on their logarithms (Welch 1947)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, variance
from typing import Self

from bench.statistics import CONFIDENCE, Interval, t_quantile, t_tail


@dataclass(frozen=True, kw_only=True)
class Logs:
    """Logarithms of two or more times in seconds, by their number, mean and variance."""

    count: int
    mean: float
    variance: float

    def __post_init__(self) -> None:
        if self.count < 2:
            raise ValueError(f"expected two values or more, got {self.count}: one says nothing of how they spread")

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Of logarithms; ValueError for fewer than two."""
        if len(values) < 2:
            return cls(count=len(values), mean=0.0, variance=0.0)
        mean = fmean(values)
        return cls(count=len(values), mean=mean, variance=variance(values, mean))

    @cached_property
    def error_squared(self) -> float:
        """Of the mean."""
        return self.variance / self.count


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The time of `second` over that of `first`."""

    first: Logs
    second: Logs

    @property
    def log(self) -> float:
        """Its logarithm: positive where the second is slower."""
        return self.second.mean - self.first.mean

    @cached_property
    def error(self) -> float:
        """Standard error of the logarithm; never 0, since no clock shows a billionth of a time."""
        return max(math.sqrt(self.first.error_squared + self.second.error_squared), 1e-9)

    @cached_property
    def freedom(self) -> float:
        """Welch's and Satterthwaite's degrees of freedom."""
        a, b = self.first, self.second
        below = a.error_squared**2 / (a.count - 1) + b.error_squared**2 / (b.count - 1)
        return (a.error_squared + b.error_squared) ** 2 / below if below > 0 else float(a.count + b.count - 2)

    @property
    def half(self) -> float:
        """Half the 95% interval of the logarithm."""
        return t_quantile((1 + CONFIDENCE) / 2, round(self.freedom, 3)) * self.error

    @property
    def interval(self) -> Interval:
        """The ratio with its 95% interval."""
        log, half = self.log, self.half
        return Interval(centre=math.exp(log), low=math.exp(log - half), high=math.exp(log + half))

    @property
    def p_slower(self) -> float:
        """One-sided p of "the second is no slower": small where it is slower."""
        return t_tail(self.log / self.error, self.freedom)


def holds_one(ratio: Interval) -> bool:
    """Whether the interval leaves open which of the two is slower; it does where it has no bounds."""
    return ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high
