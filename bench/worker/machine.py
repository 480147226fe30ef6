"""How this worker times a step and watches its machine: on the CPU, or on an NVIDIA GPU."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Protocol

from bench.records.workload import Unit
from bench.system.power import Meter, find_meter
from bench.system.priority import is_realtime
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.cold_cache import ColdCache, ColdTimer, cold_cache
from bench.worker.measuring.disturbances import CpuMonitor
from bench.worker.measuring.giving_way import GivingWay
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import CpuTimer, Timer, beside_flushes
from bench.worker.measuring.watch import Watch
from bench.worker.runtimes.loaded import Loaded
from bench.worker.seats import Seats


class Machine(Protocol):
    """One loaded unit on one device."""

    clock: Clock
    cpus: tuple[int, ...]

    @property
    def monitor(self) -> Watch:
        """What watches the machine."""

    def ready(self) -> AbstractContextManager[None]:
        """A context in which the step may be called."""

    def wait(self) -> None:
        """Until what was started has finished."""

    def timed(self) -> Loaded:
        """The unit in the form that is timed: its output is the one to check."""

    def timer(self) -> Timer:
        """What times its step."""

    def reseat(self, draw: random.Random) -> None:
        """Lay the unit's memory elsewhere, as `draw` says, where the runtime can; `timer` is another one then."""

    def begin(self, rules: Rules) -> Rules:
        """Make ready for one warm-up and sampling; the rules as they hold here."""

    def held_bytes(self) -> int:
        """What measuring itself takes of the process's memory while it samples, to be left out of its peak."""

    def notes(self) -> tuple[str, ...]:
        """What is done beside the calls, a line each."""

    def device_memory_bytes(self) -> int | None:
        """Peak memory on an accelerator; None on a CPU."""

    def meter(self) -> Meter:
        """What counts its energy; NoMeterError where nothing does."""


class CpuMachine:
    """A plain loop, the wall clock, and the kernel's counters; single calls where `cold` empties the caches first."""

    def __init__(
        self, loaded: Loaded, clock: Clock, cold: Callable[[tuple[int, ...]], ColdCache] | None = None
    ) -> None:
        self.clock = clock
        self.cpus = tuple(sorted(os.sched_getaffinity(0)))
        self._seats = Seats(loaded)
        self._make_cold = cold
        self._cold: ColdCache | None = None
        self._timer = self._timer_of(loaded)
        self.monitor: Watch = CpuMonitor(self.cpus, clock)
        if is_realtime():
            self.monitor = GivingWay(self.monitor, clock, len(self.cpus))

    @contextmanager
    def ready(self) -> Iterator[None]:
        yield

    def wait(self) -> None:
        """A CPU's call has finished when it returns."""

    def timed(self) -> Loaded:
        return self._seats.loaded

    def timer(self) -> Timer:
        return self._timer

    def reseat(self, draw: random.Random) -> None:
        before = self._seats.loaded
        self._seats.change(draw)
        if (now := self._seats.loaded) is not before:
            self._timer = self._timer_of(now)

    def _timer_of(self, loaded: Loaded) -> Timer:
        if self._cold is None:
            return CpuTimer(loaded.step, self.clock, loaded.restore)
        return ColdTimer(loaded.step, self.clock, self._cold.empty, loaded.restore)

    def begin(self, rules: Rules) -> Rules:
        """Where caches are to be cold, each sample is one call, and there are fewer of them."""
        if self._make_cold is None:
            return rules
        if self._cold is None:  # not before: until now the peak of memory was the workload's own
            self._cold = self._make_cold(self.cpus)
            self._timer = self._timer_of(self._seats.loaded)
        rules = beside_flushes(rules, self._timer, self._cold.empty, self.clock)
        return replace(rules, sample_s=0.0, overhead_factor=0.0)

    def held_bytes(self) -> int:
        return 0 if self._cold is None else self._cold.held_bytes

    def notes(self) -> tuple[str, ...]:
        return () if self._cold is None else (self._cold.note,)

    def device_memory_bytes(self) -> int | None:
        return None

    def meter(self) -> Meter:
        return find_meter(self.clock.now_ns)


def machine_for(unit: Unit, loaded: Loaded, clock: Clock) -> Machine:
    """The way to time this unit."""
    if not unit.accelerator:
        return CpuMachine(loaded, clock, cold_cache if unit.settings.cold_cache else None)
    # It needs torch, which a board may lack.
    from bench.worker.cuda_machine import cuda_machine

    return cuda_machine(unit, loaded, clock)
