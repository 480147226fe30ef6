"""Does speed go with MACs per byte? Spearman's rank correlation (Spearman 1904) with its bootstrap interval."""

import numpy as np

from bench.statistics import Interval
from reports.memory.draws import Floats, interval


def association(first: Floats, second: Floats, weights: Floats) -> Interval | None:
    """Of two quantities of the same cells; None where one of them is the same in all."""
    centre = spearman(first, second)
    if not np.isfinite(centre):
        return None
    drawn = (np.repeat(np.arange(len(first)), line.astype(int)) for line in weights)
    return interval(centre, np.array([spearman(first[index], second[index]) for index in drawn]))


def spearman(first: Floats, second: Floats) -> float:
    """Pearson's correlation of the ranks, equal values sharing theirs; NaN where one of the two is constant."""
    a, b = (_ranks(values) - (len(values) + 1) / 2 for values in (first, second))
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / power if power else float("nan")


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
