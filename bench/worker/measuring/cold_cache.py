"""Calls on cold caches: before each one other memory is read through them, outside the timed region."""

import mmap
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from bench.system.caches import cache_levels
from bench.system.tuning import memory_bytes
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.page_faults import minor_faults
from bench.worker.measuring.sampler import Sample
from bench.worker.runtimes.loaded import UnsupportedError

TIMES_THE_CACHE = 2  # whatever a cache likes to keep, twice its size replaces it
MOST_OF_FREE = 0.5  # of the free memory that the buffer may take
_MIB = 1 << 20


class ColdCache:
    """A buffer of `size` bytes, a multiple of 8, read on each of the CPUs in turn: private caches are emptied too.

    It is read, not written: a call must not pay for writing it back.
    """

    def __init__(self, cpus: Iterable[int], size: int) -> None:
        self._cpus = tuple(cpus)
        # Not by malloc, which is part of what is measured. Ones: unwritten pages are all the same page of zeros.
        self._buffer = np.frombuffer(mmap.mmap(-1, size), dtype=np.int64)
        self._buffer[:] = 1

    @property
    def held_bytes(self) -> int:
        """What it takes of the process's memory."""
        return self._buffer.nbytes

    @property
    def note(self) -> str:
        """What to say of a row."""
        where = f" on each of {len(self._cpus)} CPUs" * (len(self._cpus) > 1)
        return f"cold cache: {self.held_bytes // _MIB} MiB are read{where} before each call, untimed"

    def empty(self) -> None:
        """Nothing of what ran before is left in the caches."""
        if len(self._cpus) == 1:
            self._buffer.max()
            return
        try:
            for cpu in self._cpus:
                os.sched_setaffinity(0, {cpu})
                self._buffer.max()
        finally:
            os.sched_setaffinity(0, self._cpus)


def cold_cache(cpus: Iterable[int], root: Path = Path("/")) -> ColdCache:
    """The buffer for these CPUs; UnsupportedError where their caches are unknown, or too large for the free memory."""
    cpus = tuple(cpus)
    last = last_level_bytes(cpus, root)
    if not last:
        raise UnsupportedError(
            "expected the kernel to tell the size of the caches (/sys/devices/system/cpu), it does not on this device;"
            " measure with --cache warm"
        )
    size, free = TIMES_THE_CACHE * last, memory_bytes(root).get("MemAvailable")
    if free is not None and size > MOST_OF_FREE * free:
        raise UnsupportedError(
            f"expected {size // _MIB} MiB to empty a cache of {last // _MIB} MiB, {free // _MIB} MiB of memory are"
            " free on this device; free some, or measure with --cache warm"
        )
    return ColdCache(cpus, size)


def last_level_bytes(cpus: Iterable[int], root: Path = Path("/")) -> int:
    """The largest cache that any one of the CPUs has; 0 where the kernel does not tell."""
    sys = root / "sys/devices/system"
    return max((level.size_bytes for cpu in cpus for level in cache_levels((cpu,), sys)), default=0)


class ColdTimer:
    """Wall-clock time of single calls, the caches emptied before each. `restore` is called before a sample, untimed."""

    def __init__(
        self,
        step: Callable[[], object],
        clock: Clock,
        empty: Callable[[], object],
        restore: Callable[[], None] | None = None,
    ) -> None:
        self._step, self._now, self._empty, self._restore = step, clock.now_ns, empty, restore

    def sample(self, iterations: int) -> Sample:
        """Their mean."""
        step, now, empty = self._step, self._now, self._empty
        if self._restore is not None:
            self._restore()
        spent_ns = faults = 0
        for _ in range(iterations):
            empty()
            before = minor_faults()
            start = now()
            step()
            spent_ns += now() - start
            faults += minor_faults() - before
        # A clock that stands still (coarse ones do) must not give a zero.
        return Sample(wall_s=max(spent_ns, 1) / 1e9 / iterations, page_faults=faults)
