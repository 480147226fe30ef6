"""Robust location, intervals and tests, standard library only (the worker on a board uses them too).

Sources: Hahn & Meeker, Statistical Intervals (order-statistic interval of a quantile);
Kalibera & Jones 2013 (processes as the unit of replication); Mann & Whitney 1947; Holm 1979, A simple sequentially
rejective multiple test procedure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist, fmean, median, stdev

CONFIDENCE = 0.95  # of every interval
P90_MINIMUM_SAMPLES = 46
P99_MINIMUM_SAMPLES = 473


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A centre with its confidence bounds; `low` and `high` are None where no interval can be claimed."""

    centre: float
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"expected both bounds or none, got low={self.low} high={self.high}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"expected low <= high, got {self.low} > {self.high}")

    def over(self, unit: float) -> "Interval":
        """The same in a positive unit."""
        if self.low is None or self.high is None:
            return Interval(centre=self.centre / unit)
        return Interval(centre=self.centre / unit, low=self.low / unit, high=self.high / unit)

    @property
    def half_width(self) -> float | None:
        """Half the interval, relative to the centre."""
        if self.low is None or self.high is None or self.centre == 0:
            return None
        return (self.high - self.low) / 2 / abs(self.centre)


def quantile(values: Sequence[float], q: float) -> float:
    """Quantile by linear interpolation of the order statistics (Hyndman & Fan type 7)."""
    if not values or not 0 <= q <= 1:
        raise ValueError(f"expected values and 0 <= q <= 1, got {len(values)} values and q={q}")
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def midmean(values: Sequence[float]) -> float:
    """Mean of the middle half: nearly as sharp as a mean, and as deaf as a median to a few disturbed values."""
    cut = len(values) // 4
    return fmean(sorted(values)[cut : len(values) - cut])


def median_interval(values: Sequence[float]) -> Interval:
    """Median with its distribution-free order-statistic interval.

    No bounds below six values: min to max then covers the median with less than 95 %.
    """
    ordered = sorted(values)
    rank = _median_rank(len(ordered))
    centre = median(ordered)
    if rank is None:
        return Interval(centre=centre)
    return Interval(centre=centre, low=ordered[rank], high=ordered[-1 - rank])


@lru_cache(maxsize=4096)
def _median_rank(n: int) -> int | None:
    """Largest 0-based rank r whose interval [x_r, x_(n-1-r)] covers the median with CONFIDENCE."""
    tail, best = 0.0, None
    for rank in range(n // 2):
        # P(at most `rank` of n values lie below the median), one side.
        tail += math.comb(n, rank) / 2.0**n if n < 1000 else math.exp(_log_comb(n, rank) - n * math.log(2))
        if 1 - 2 * tail < CONFIDENCE:
            break
        best = rank
    return best


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def log_mean_interval(values: Sequence[float]) -> Interval:
    """Geometric mean of positive values with Student's t interval of the mean logarithm.

    The values are independent replicates (one median per worker process); a single one has no interval.
    """
    if not values or min(values) <= 0:
        raise ValueError(f"expected positive values, got {list(values)[:5]}")
    logs = [math.log(value) for value in values]
    centre = fmean(logs)
    if len(logs) < 2:
        return Interval(centre=math.exp(centre))
    half = mean_reach(stdev(logs), len(logs))
    return Interval(centre=math.exp(centre), low=math.exp(centre - half), high=math.exp(centre + half))


def mean_reach(spread: float, count: int) -> float:
    """Half the interval of the mean of `count` values, two or more, whose standard deviation is `spread`."""
    return t_quantile((1 + CONFIDENCE) / 2, count - 1) * spread / math.sqrt(count)


def share(count: int, total: int) -> Interval:
    """A part of a whole with Wilson's interval (1927, "Probable Inference")."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (count + z * z / 2) / (total + z * z)
    reach = z / (total + z * z) * math.sqrt(count * (total - count) / total + z * z / 4)
    return Interval(centre=count / total, low=max(0.0, middle - reach), high=min(1.0, middle + reach))


def paired_difference(only_first: int, only_second: int, total: int) -> Interval:
    """How much larger the first part of a whole is than the second, where each of its members counts for both or one.

    The interval is Agresti and Min's (2005, "Simple improved confidence intervals for comparing matched proportions").
    """
    z, more = NormalDist().inv_cdf((1 + CONFIDENCE) / 2), total + 2  # half a member in each of the four cells
    apart, unlike = (only_first - only_second) / more, (only_first + only_second + 1) / more
    reach = z * math.sqrt((unlike - apart**2) / more)
    return Interval(
        centre=(only_first - only_second) / total, low=max(-1.0, apart - reach), high=min(1.0, apart + reach)
    )


@lru_cache(maxsize=1024)
def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t distribution, by bisection of its distribution function."""
    if not 0 < probability < 1 or freedom <= 0:
        raise ValueError(f"expected 0 < probability < 1 and freedom > 0, got {probability} and {freedom}")
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while t_cdf(high, freedom) < probability:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def t_cdf(t: float, freedom: float) -> float:
    """Distribution function for t >= 0, by Simpson's rule on a bounded angle (t = sqrt(f) tan a)."""
    angle, steps = math.atan(t / math.sqrt(freedom)), 200
    width = angle / steps
    heights = [math.cos(i * width) ** (freedom - 1) for i in range(steps + 1)]
    total = heights[0] + 4 * sum(heights[1::2]) + 2 * sum(heights[2:-1:2]) + heights[-1]
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    area: float = scale * total * width / 3
    return 0.5 + area


def t_tail(t: float, freedom: float) -> float:
    """P(T >= t) of Student's t distribution."""
    return max(0.0, 1 - t_cdf(t, freedom)) if t >= 0 else t_cdf(-t, freedom)


def holm(p_values: Sequence[float], level: float = 1 - CONFIDENCE) -> tuple[bool, ...]:
    """Which of the hypotheses are rejected, so that with at most `level` probability any true one is (Holm 1979)."""
    return tuple(p <= level for p in holm_adjusted(p_values, len(p_values)))


def holm_adjusted(p_values: Sequence[float], tested: int) -> tuple[float, ...]:
    """The p that is left of each, in the same order, where so many were tested and the others had no smaller one."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, p_values[index] * (tested - rank))
        adjusted[index] = min(1.0, largest)
    return tuple(adjusted)


def lag1_autocorrelation(values: Sequence[float]) -> float:
    """Lag-1 autocorrelation; 0 where it is undefined (constant or fewer than 3 values)."""
    if len(values) < 3:
        return 0.0
    mean = fmean(values)
    around = [value - mean for value in values]
    power = sum(value * value for value in around)
    # Rounding alone gives equal values a power of a few ulp: that is still a constant.
    if power <= len(values) * (1e-12 * abs(mean)) ** 2:
        return 0.0
    return sum(a * b for a, b in pairwise(around)) / power


def decorrelated(values: Sequence[float]) -> list[float]:
    """Merges neighbours in pairs (their mean) while lag-1 autocorrelation exceeds 0.2.

    Stops where another merge would leave fewer than six values.
    """
    merged = list(values)
    while len(merged) // 2 >= 6 and lag1_autocorrelation(merged) > 0.2:
        merged = [(a + b) / 2 for a, b in zip(merged[::2], merged[1::2], strict=False)]
    return merged


def mann_whitney_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p of the Mann-Whitney test: normal approximation, ties and continuity corrected."""
    n, m = len(first), len(second)
    if n == 0 or m == 0:
        raise ValueError("expected two non-empty groups")
    ordered = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum, tie_term, i = 0.0, 0.0, 0
    while i < n + m:
        j = i
        while j < n + m and ordered[j][0] == ordered[i][0]:
            j += 1
        ties = j - i
        rank_sum += sum(1 for k in range(i, j) if ordered[k][1] == 0) * (i + 1 + j) / 2
        tie_term += ties**3 - ties
        i = j
    u = rank_sum - n * (n + 1) / 2
    variance = n * m / 12 * ((n + m + 1) - tie_term / ((n + m) * (n + m - 1)))
    if variance <= 0:
        return 1.0
    z = max(0.0, abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return 2 * (1 - NormalDist().cdf(z))


def drifts(values: Sequence[float]) -> bool:
    """Whether the medians of the two halves differ by more than 2 % and the difference is significant (p < 0.001)."""
    half = len(values) // 2
    if half < 5:
        return False
    early, late = values[:half], values[-half:]
    middle = median(early)
    return abs(median(late) - middle) > 0.02 * middle and mann_whitney_p(early, late) < 0.001


def kendall_tau_b(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's tau-b of two equally long lists; None where one of them is constant or too short."""
    if len(first) != len(second):
        raise ValueError(f"expected lists of one length, got {len(first)} and {len(second)}")
    concordance, pairs_first, pairs_second = 0, 0, 0
    for i in range(len(first)):
        for j in range(i):
            a = (first[i] > first[j]) - (first[i] < first[j])
            b = (second[i] > second[j]) - (second[i] < second[j])
            concordance += a * b
            pairs_first += a != 0
            pairs_second += b != 0
    if pairs_first == 0 or pairs_second == 0:
        return None
    return concordance / math.sqrt(pairs_first * pairs_second)
