"""The clock that everything timed is given, so that tests can give it another."""

import time
from typing import Protocol

_CALLS = 2000


class Clock(Protocol):
    """A monotonic clock and the wait that goes with it."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait without using the processor."""


class SystemClock:
    """`time.perf_counter_ns` and `time.sleep`."""

    def now_ns(self) -> int:
        return time.perf_counter_ns()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def timer_overhead_s(clock: Clock) -> float:
    """Median cost of reading the clock once."""
    gaps = []
    for _ in range(_CALLS):
        start = clock.now_ns()
        gaps.append(clock.now_ns() - start)
    gaps.sort()
    return gaps[len(gaps) // 2] / 1e9


def timer_resolution_s(clock: Clock) -> float:
    """Smallest non-zero step seen between two readings; 0 where it never moved."""
    smallest, last = 0, clock.now_ns()
    for _ in range(_CALLS):
        now = clock.now_ns()
        if now > last and (smallest == 0 or now - last < smallest):
            smallest = now - last
        last = now
    return smallest / 1e9
