"""Change points of simulated histories by our test and by the libraries that are installed beside it.

    python scripts/change_points.py [SERIES]

First ours in a report of one and of a hundred series, at its level of 5 %: how often a step of 5 and of 10 % in the
middle of 20 points is found, and how often a change where there is none. Then for each library a line: how often it
finds a change where there is none (normal scatter at 5, 10, 20 and 50 points, Student's t with 4 degrees of freedom
likewise, autocorrelation 0.5 at 20), and how often a step of 10 % within one point of where it is: in the middle of
10, 20 and 50 points, and in the last 3 of 20 and 50. Scatter is 3 %. Looked for are ruptures, changeforest and
apache-otava, each in an environment of its own (otava needs another numpy).
"""

import importlib
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from reports.history.changes import splits

Find = Callable[[Sequence[float]], list[int]]  # from logarithms to where new levels begin
SCATTER = 0.03
LENGTHS = (5, 10, 20, 50)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for many in (1, 100):
        print(
            f"{many:3} series: {_percents([found(_ours(0.05 / many), count, 20, 10, step) for step in (0.05, 0.10)])}"
        )
    print(f"  1 series: {_percents([false_alarms(_ours(0.05), count, length) for length in LENGTHS])} without a step")
    for name, find in methods():
        normal, heavy = ([false_alarms(find, count, length, tail) for length in LENGTHS] for tail in (False, True))
        correlated = false_alarms(find, count, 20, correlation=0.5)
        middle = [found(find, count, length, length // 2) for length in (10, 20, 50)]
        late = [found(find, count, length, length - 3) for length in (20, 50)]
        told = (_percents(normal), _percents(heavy), _percents([correlated]), _percents(middle), _percents(late))
        print(f"{name:14} {' | '.join(told)}", flush=True)


def methods() -> Iterator[tuple[str, Find]]:
    """Ours at 1 %, then each library that can be imported here."""
    yield "ours at 1 %", _ours(0.01)
    for name, make in (("ruptures", _ruptures), ("changeforest", _changeforest), ("otava", _otava)):
        try:
            yield name, make()
        except ImportError:
            print(f"{name:14} is not installed")


def _ours(level: float) -> Find:
    return lambda logs: splits(logs, level)


def _ruptures() -> Find:
    ruptures, numpy = importlib.import_module("ruptures"), importlib.import_module("numpy")

    def find(logs: Sequence[float]) -> list[int]:
        # Its penalty is in units of the scatter, which only neighbours tell where levels may change.
        steps = [abs(b - a) for a, b in pairwise(logs)]
        unit = median(steps) / 0.6745 / math.sqrt(2) or 1e-9
        fitted = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(numpy.array(logs).reshape(-1, 1) / unit)
        return list(fitted.predict(pen=6 * math.log(len(logs)))[:-1])

    return find


def _changeforest() -> Find:
    library, numpy = importlib.import_module("changeforest"), importlib.import_module("numpy")
    control = library.Control(minimal_relative_segment_length=0.04)
    return lambda logs: list(
        library.changeforest(numpy.array(logs).reshape(-1, 1), "knn", "bs", control).split_points()
    )


def _otava() -> Find:
    analysis = importlib.import_module("otava.analysis")

    def find(logs: Sequence[float]) -> list[int]:
        changes, _ = analysis.compute_change_points(list(map(math.exp, logs)), max_pvalue=0.001)
        return [each.index for each in changes]

    return find


def false_alarms(find: Find, count: int, length: int, tail: bool = False, correlation: float = 0.0) -> float:
    """The share of series without a change in which one is found."""
    draw = random.Random(7)
    return sum(bool(find(_series(draw, length, tail, correlation))) for _ in range(count)) / count


def found(find: Find, count: int, length: int, at: int, step: float = 0.10) -> float:
    """The share of series in which a step is found within one point of where it is."""
    draw, hits = random.Random(8), 0
    for _ in range(count):
        logs = [value + (math.log1p(step) if index >= at else 0.0) for index, value in enumerate(_series(draw, length))]
        hits += any(abs(each - at) <= 1 for each in find(logs))
    return hits / count


def _series(draw: random.Random, length: int, tail: bool = False, correlation: float = 0.0) -> list[float]:
    logs: list[float] = []
    for _ in range(length):
        value = draw.gauss(0, 1)
        if tail:  # Student's t with 4 degrees of freedom, of variance 1
            value /= math.sqrt(sum(draw.gauss(0, 1) ** 2 for _ in range(4)) / 4) * math.sqrt(2)
        before = logs[-1] / SCATTER if logs else draw.gauss(0, 1)
        logs.append(SCATTER * (correlation * before + math.sqrt(1 - correlation**2) * value))
    return logs


def _percents(shares: Sequence[float]) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in shares)


if __name__ == "__main__":
    main()
