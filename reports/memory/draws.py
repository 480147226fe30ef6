"""The bootstrap over workloads: how often each cell counts in each of many runs that might have been (Efron 1979)."""

import numpy as np
import numpy.typing as npt

from bench.statistics import CONFIDENCE, Interval
from reports.memory.cells import Cells

DRAWS = 1000
_SEED = 0  # the same run gives the same bytes

Floats = npt.NDArray[np.float64]


def weights(cells: Cells) -> Floats:
    """A line per draw, a column per cell: how often its workload was drawn, all its allocators together."""
    numbers = {workload: number for number, workload in enumerate(cells.workloads)}
    count = len(numbers)
    drawn = np.random.default_rng(_SEED).multinomial(count, [1 / count] * count, size=DRAWS).astype(np.float64)
    return drawn[:, [numbers[cell.workload] for cell in cells.every]]


def interval(centre: float, drawn: Floats) -> Interval:
    """The estimate with the quantiles of what was drawn; draws that gave no number are left out."""
    known = drawn[np.isfinite(drawn)]
    if len(known) < DRAWS / 2:
        return Interval(centre=centre)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(centre=centre, low=float(low), high=float(high))
