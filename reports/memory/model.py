"""The time of a call as a sum of what it does: t = a MACs + b bytes + c page faults + d, none of them negative.

Fitted by least squares on the relative error, so that a call of 1 ms counts as much as one of 100 ms. With four terms
each set of terms that may be positive is tried: the best of those without a negative coefficient is the exact answer
(Lawson & Hanson, Solving Least Squares Problems, 1974, chapter 23).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.statistics import Interval
from reports.memory.cells import Cells
from reports.memory.draws import Floats, interval

TERMS = ("MAC", "byte", "page fault", "call")  # seconds for each of them
_RIDGE = 1e-12  # of columns of length 1: two that are proportional share their coefficient instead of failing


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How the fitted time of some cells divides: the mean over them, by term."""

    label: str
    cells: int
    of: Mapping[str, Interval]
    fitted_over_measured: float  # the mean


@dataclass(frozen=True, kw_only=True)
class TimeModel:
    """`seconds` for each of TERMS; `explained`: the part of the relative variance that a constant time leaves over."""

    seconds: Mapping[str, Interval]
    explained: float
    work: Floats  # of each cell: how much of each term it does
    measured: Floats  # seconds of each cell
    found: Floats  # seconds for one of each term, and in each draw
    drawn: Floats
    weights: Floats

    def shares(self, label: str, chosen: Sequence[int]) -> Shares:
        """Of the cells with these numbers."""
        index = list(chosen)
        own, fitted = self.work[index], self.work[index] @ self.found
        (mean,) = _shares(own, self.found[None], np.ones((1, len(index))))
        drawn = _shares(own, self.drawn, self.weights[:, index])
        return Shares(
            label=label,
            cells=len(index),
            of={term: interval(float(mean[at]), drawn[:, at]) for at, term in enumerate(TERMS)},
            fitted_over_measured=float((fitted / self.measured[index]).mean()),
        )


def fit(cells: Cells, weights: Floats) -> TimeModel:
    """The model of one place, its intervals over the draws."""
    work = np.array([(each.macs, each.bytes_moved, each.page_faults, 1.0) for each in cells.every])
    seconds = np.array([each.seconds for each in cells.every])
    relative = work / seconds[:, None]
    (found,) = nonnegative(relative, np.ones((1, len(seconds))))
    drawn = nonnegative(relative, weights)
    return TimeModel(
        seconds={term: interval(float(found[at]), drawn[:, at]) for at, term in enumerate(TERMS)},
        explained=_explained(relative @ found, seconds),
        work=work,
        measured=seconds,
        found=found,
        drawn=drawn,
        weights=weights,
    )


def nonnegative(relative: Floats, weights: Floats) -> Floats:
    """Coefficients for each line of weights: those >= 0 that bring `relative` times them nearest to 1."""
    length = np.linalg.norm(relative, axis=0)
    columns = relative / np.where(length > 0, length, 1.0)
    count = columns.shape[1]
    gram = (weights @ (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)).reshape(-1, count, count)
    right = weights @ columns
    best, gain = np.zeros((len(weights), count)), np.zeros(len(weights))
    for size in range(1, count + 1):
        for chosen in combinations(np.flatnonzero(length > 0), size):
            index = list(chosen)
            inner = gram[:, index][:, :, index] + _RIDGE * np.eye(size)
            found = np.linalg.solve(inner, right[:, index, None])[:, :, 0]
            gained = (found * right[:, index]).sum(axis=1)  # by how much the squared error falls
            better = (found >= 0).all(axis=1) & (gained > gain)
            best[better] = 0.0
            best[np.ix_(better, index)] = found[better]
            gain = np.where(better, gained, gain)
    return best / np.where(length > 0, length, 1.0)


def _explained(fitted: Floats, seconds: Floats) -> float:
    """1 is all of it; 0 is no more than one time for all cells explains."""
    inverse = 1 / seconds
    constant = inverse * inverse.sum() / (inverse @ inverse)
    left = float(((1 - constant) ** 2).sum())
    return 1 - float(((1 - fitted) ** 2).sum()) / left if left > 0 else 0.0


def _shares(work: Floats, seconds: Floats, weights: Floats) -> Floats:
    """For each line of `seconds` and weights: the weighted mean over the cells of each term's part of their time."""
    fitted = seconds @ work.T
    parts = weights / np.where(fitted > 0, fitted, np.inf)
    with np.errstate(invalid="ignore"):  # a draw may hold none of these cells
        mean: Floats = (parts @ work) * seconds / weights.sum(axis=1, keepdims=True)
    return mean
