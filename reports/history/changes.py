"""Where a series changed its level: binary segmentation by the largest t between its two parts.

A split counts where t is beyond Student's quantile at a level that is shared out over all splits looked at (Bonferroni,
Worsley 1979 for the maximum over splits) and over all series of the report: a history in which nothing changed shows a
change in one report of twenty, for independent normal logarithms. docs/history.md says what other noise does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.statistics import Interval, t_quantile
from reports.history.points import History, Point, Series
from reports.welch import Logs, Ratio, holds_one

LEVEL = 0.05  # of a false change in a whole report
FEWEST = 2  # points on either side of a change: one alone says nothing of its spread
_ROUNDING = 1e-9  # relative; below it times are the same


@dataclass(frozen=True, kw_only=True)
class Change:
    """`after` is the first point of the new level; `ratio` the new level over the one before, above 1 it is slower."""

    before: Point
    after: Point
    ratio: Interval

    @property
    def news(self) -> str:
        """What else is known to have changed there; empty where nothing is."""
        (code, network), (own, made) = self.before.code, self.after.code
        said = [f"bench {code or '?'} -> {own or '?'}"] if code != own else []
        return ", ".join([*said, *(["the network"] if network != made else [])])


def changes(history: History) -> dict[Series, tuple[Change, ...]]:
    """Of every series, the changes in the order of time."""
    tested = sum(len(series.measured) >= 2 * FEWEST for series in history.series)
    return {series: _changes(series, LEVEL / max(1, tested)) for series in history.series}


def splits(values: Sequence[float], level: float) -> list[int]:
    """The indices at which a new level begins; `level` is the chance of any where there is none."""
    count = len(values)
    if count < 2 * FEWEST:
        return []
    at, squared = _clearest(values)
    tried = count - 2 * FEWEST + 1
    if math.sqrt(squared) <= t_quantile(1 - level / (2 * tried), count - 2):
        return []
    return [*splits(values[:at], level), at, *(at + each for each in splits(values[at:], level))]


def _clearest(values: Sequence[float]) -> tuple[int, float]:
    """The split with the largest squared t of equal variances, and that."""
    count, mean = len(values), math.fsum(values) / len(values)
    whole = math.fsum((value - mean) ** 2 for value in values)
    left, best = math.fsum(value - mean for value in values[: FEWEST - 1]), (FEWEST, 0.0)
    for at in range(FEWEST, count - FEWEST + 1):
        left += values[at - 1] - mean
        between = left * left * count / (at * (count - at))
        within = max(whole - between, count * _ROUNDING**2)
        squared = between * (count - 2) / within
        if squared > best[1]:
            best = at, squared
    return best


def _changes(series: Series, level: float) -> tuple[Change, ...]:
    points = series.measured
    levels = [math.fsum(map(math.log, point.medians)) / len(point.medians) for point in points]
    return tuple(
        Change(before=points[at - 1], after=points[at], ratio=ratio)
        for at, ratio in _told_apart(levels, splits(levels, level))
    )


def _told_apart(levels: Sequence[float], found: Sequence[int]) -> list[tuple[int, Interval]]:
    """The splits with the ratio of their levels, without those whose interval holds 1: a level that scatters more."""
    ends = [0, *found, len(levels)]
    parts = [Logs.of(levels[begin:end]) for begin, end in pairwise(ends)] if found else []
    ratios = [Ratio(first=old, second=new).interval for old, new in pairwise(parts)]
    kept = [at for at, ratio in zip(found, ratios, strict=True) if not holds_one(ratio)]
    if len(kept) < len(found):
        return _told_apart(levels, kept)
    return list(zip(found, ratios, strict=True))
