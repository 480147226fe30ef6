"""Threads that do the same work side by side, each on a CPU of its own; one thread is this one."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Self, TypeVar

from bench.worker.measuring.clock import Clock

T = TypeVar("T")
GATE_S = 60.0


class Crew:
    """As many threads as CPUs; used in a `with`."""

    def __init__(self, cpus: Sequence[int], clock: Clock) -> None:
        self.size, self._clock = len(cpus), clock
        free: SimpleQueue[int] = SimpleQueue()
        for cpu in cpus:
            free.put(cpu)
        # sched_setaffinity(0) is about the calling thread.
        self._pool = ThreadPoolExecutor(self.size, initializer=lambda: os.sched_setaffinity(0, {free.get()}))
        self._gate = threading.Barrier(self.size, timeout=GATE_S)  # one that never came holds nobody for ever

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def each(self, make: Callable[[], T]) -> list[T]:
        """What every thread makes, so that its memory lies near it."""
        return [task.result() for task in [self._pool.submit(self._after_all, make) for _ in range(self.size)]]

    def seconds(self, steps: Sequence[Callable[[], object]]) -> float:
        """From the first step's start to the last one's end; a step for each thread, which must free the GIL."""
        times = [task.result() for task in [self._pool.submit(self._timed, step) for step in steps]]
        return max((max(end for _, end in times) - min(start for start, _ in times)) / 1e9, 1e-9)

    def _after_all(self, make: Callable[[], T]) -> T:
        self._gate.wait()  # else one thread might take two tasks
        return make()

    def _timed(self, step: Callable[[], object]) -> tuple[int, int]:
        self._gate.wait()
        start = self._clock.now_ns()
        step()
        return start, self._clock.now_ns()
