"""A sweep of matrix products in one runtime, from the smallest up, and the cost of a call that computes nothing."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from math import prod

from bench.records.ceilings import CallOverhead, Gemm
from bench.worker.measuring.clock import Clock

Shape = tuple[int, int, int]  # m, k, n
Step = Callable[[], object]

# Squares, and what the 1x1 convolutions of the paper's four sizes make, four times as wide as they are deep.
SHAPES: tuple[Shape, ...] = (
    (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048),
    (3136, 96, 384), (784, 192, 768), (196, 384, 1536), (49, 768, 3072),
)  # fmt: skip
SPENT_S = 0.06  # on each shape, in calls of which the fastest counts
FEWEST_CALLS = 2
LONGEST_CALL_S = 0.25  # as far as smaller shapes tell; a longer one is left out
EMPTY_CALLS, EMPTY_BATCHES = 200, 50


def sweep(
    runtime: str, dtype: str, make: Callable[[Shape], Step], shapes: Sequence[Shape], clock: Clock, isa: str = ""
) -> Iterator[Gemm]:
    """The speed of each shape's fastest call; `make` sets up a step that multiplies once."""
    speed = 0.0
    for shape in sorted(shapes or SHAPES, key=prod):
        if speed and prod(shape) / speed > LONGEST_CALL_S:
            return
        best = prod(shape) / _fastest(make(shape), clock)
        speed = max(speed, best)
        yield Gemm(runtime=runtime, dtype=dtype, shape=shape, macs_per_s=(best,), isa=isa)


def _fastest(step: Step, clock: Clock) -> float:
    step()  # what it sets up by itself
    best, spent, calls = float("inf"), 0.0, 0
    while calls < FEWEST_CALLS or spent < SPENT_S:
        seconds = _seconds(step, 1, clock)
        best, spent, calls = min(best, seconds), spent + seconds, calls + 1
    return best


def empty_call(runtime: str, step: Step, clock: Clock) -> CallOverhead:
    """Seconds of a call in the fastest of many short batches."""
    step()
    fastest = min(_seconds(step, EMPTY_CALLS, clock) for _ in range(EMPTY_BATCHES)) / EMPTY_CALLS
    return CallOverhead(runtime=runtime, seconds=(fastest,))


def _seconds(step: Step, calls: int, clock: Clock) -> float:
    start = clock.now_ns()
    for _ in itertools.repeat(None, calls):
        step()
    return max(clock.now_ns() - start, 1) / 1e9
