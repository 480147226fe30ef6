"""The upper ends of times by accuracy: so that not every candidate is held against every other."""

import math
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate


class Ends:
    """Made of pairs of an accuracy in percent and the upper end of a time in seconds."""

    def __init__(self, ends: Iterable[tuple[float, float]]) -> None:
        ordered = sorted(ends)
        self._accuracies = [accuracy for accuracy, _ in ordered]
        highs = [high for _, high in ordered]
        self._least_from = [*accumulate(reversed(highs), min, initial=math.inf)][::-1]
        self._most_below = [*accumulate(highs, max, initial=0.0)]

    def least_from(self, accuracy: float) -> float:
        """The earliest end of those that are as accurate or more; infinity where there are none."""
        return self._least_from[bisect_left(self._accuracies, accuracy)]

    def most_below(self, accuracy: float) -> float:
        """The latest end of those that are less accurate; 0 where there are none."""
        return self._most_below[bisect_left(self._accuracies, accuracy)]
