"""The two ways to time a step on a GPU: call by call, or as a queue (rule 3)."""

from collections.abc import Callable

from bench.worker.cuda_api import Cuda
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.sampler import Sample

_MILLI, _NANO = 1e-3, 1e-9


class LatencyTimer:
    """Every call is waited for: wall clock and device time of the same calls, summed over a sample.

    `flush` empties the GPU's cache before each call, untimed; `restore` puts back an input that the step overwrites.
    Device time runs from the mark before the first kernel to the mark behind the last: gaps in which the GPU waits
    for the CPU to launch the next kernel are in it.
    """

    def __init__(
        self,
        step: Callable[[], object],
        clock: Clock,
        cuda: Cuda,
        restore: Callable[[], None] | None = None,
        flush: Callable[[], object] | None = None,
    ) -> None:
        self._step, self._now, self._cuda = step, clock.now_ns, cuda
        self._restore, self._flush = restore, flush
        self._begin, self._end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)

    def sample(self, iterations: int) -> Sample:
        """Time `iterations` calls, each on an idle GPU."""
        step, now, wait, flush = self._step, self._now, self._cuda.synchronize, self._flush
        begin, end = self._begin, self._end
        if self._restore is not None:
            self._restore()
        wall_ns, device_ms = 0, 0.0
        for _ in range(iterations):
            if flush is not None:
                flush()
            wait()
            # The first mark is set before the clock is read: setting it costs the wall time nothing.
            begin.record()
            start = now()
            step()
            end.record()
            wait()
            wall_ns += now() - start
            device_ms += begin.elapsed_time(end)
        return _sample(wall_ns, device_ms, iterations)


class QueueTimer:
    """The calls are queued and waited for once: the time of one when the GPU never runs dry."""

    def __init__(
        self, step: Callable[[], object], clock: Clock, cuda: Cuda, restore: Callable[[], None] | None = None
    ) -> None:
        self._step, self._now, self._cuda, self._restore = step, clock.now_ns, cuda, restore
        self._begin, self._end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)

    def sample(self, iterations: int) -> Sample:
        """Time `iterations` calls as one queue; the marks stand around all of it."""
        step, repeat = self._step, range(iterations)
        if self._restore is not None:
            self._restore()
        self._cuda.synchronize()
        self._begin.record()
        start = self._now()
        for _ in repeat:
            step()
        self._end.record()
        self._cuda.synchronize()
        wall_ns = self._now() - start
        return _sample(wall_ns, self._begin.elapsed_time(self._end), iterations)


def _sample(wall_ns: int, device_ms: float, iterations: int) -> Sample:
    # Clocks that stood still must not give a zero.
    return Sample(
        wall_s=max(wall_ns, 1) * _NANO / iterations,
        device_s=max(device_ms * _MILLI, _NANO) / iterations,
    )
