"""Does speed go with MACs per byte? Spearman's rank correlation (Spearman 1904) with its bootstrap interval."""

import numpy as np
import numpy.typing as npt

from bench.statistics import Interval
from reports.memory.draws import Floats, interval

_Groups = npt.NDArray[np.signedinteger]  # of equal values, each by its number from the smallest


def association(first: Floats, second: Floats, weights: Floats) -> Interval | None:
    """Of two quantities of the same cells; None where one of them is the same in all.

    `weights` has a line for each draw: how often each cell was drawn.
    """
    centre = spearman(first, second, np.ones((1, len(first))))[0]
    if not np.isfinite(centre):
        return None
    return interval(float(centre), spearman(first, second, weights))


def spearman(first: Floats, second: Floats, weights: Floats) -> Floats:
    """Pearson's correlation of the ranks for each line of weights, whole numbers: how often each pair counts.

    Equal values share their rank. NaN where one of the two is constant.
    """
    groups = [np.unique(values, return_inverse=True)[1] for values in (first, second)]  # sorted once for all draws
    return np.array([_spearman(groups[0], groups[1], line.copy()) for line in weights])  # side by side in memory


def _spearman(first: _Groups, second: _Groups, weights: Floats) -> float:
    a, b = (_ranks(group, weights) - (weights.sum() + 1) / 2 for group in (first, second))
    # Sums of multiples of a quarter: exact in any order. No `@`, whose threads would wait for each other in each draw.
    power = float(np.sqrt((a * a * weights).sum() * (b * b * weights).sum()))
    return float((a * b * weights).sum()) / power if power else float("nan")


def _ranks(group: _Groups, weights: Floats) -> Floats:
    """Of each pair the mean rank of its group, from 1; what was not drawn gets one that counts for nothing."""
    counts = np.bincount(group, weights)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[group]
    return ranks
