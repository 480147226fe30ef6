"""How this worker times a step and watches its machine: on the CPU, or on an NVIDIA GPU."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from bench.measuring.clock import Clock
from bench.measuring.disturbances import CpuMonitor
from bench.measuring.rules import Rules
from bench.measuring.sampler import CpuTimer, Samples, measure
from bench.records import Disturbances
from bench.runtimes.loaded import Loaded
from bench.verdicts import Verdict
from bench.workload import Unit


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What was seen of the machine while one unit was sampled."""

    disturbances: Disturbances
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()


class Machine(Protocol):
    """One loaded unit on one device."""

    clock: Clock
    cpus: tuple[int, ...]

    def ready(self) -> "Iterator[None] | object":
        """A context in which the step may be called."""

    def wait(self) -> None:
        """Until what was started has finished."""

    def measured(self, rules: Rules, overhead_s: float) -> tuple[Samples, Ending]:
        """Warm up and sample once."""

    def device_memory_bytes(self) -> int | None:
        """Peak memory on an accelerator; None on a CPU."""


class CpuMachine:
    """A plain loop, the wall clock, and the kernel's counters."""

    def __init__(self, loaded: Loaded, clock: Clock) -> None:
        self.clock = clock
        self.cpus = tuple(sorted(os.sched_getaffinity(0)))
        self._timer = CpuTimer(loaded.step, clock, loaded.restore)
        self._monitor = CpuMonitor(self.cpus, clock)

    @contextmanager
    def ready(self) -> Iterator[None]:
        yield

    def wait(self) -> None:
        """A CPU's call has finished when it returns."""

    def measured(self, rules: Rules, overhead_s: float) -> tuple[Samples, Ending]:
        samples = measure(self._timer, self._monitor, self.clock, rules, overhead_s)
        disturbances, verdicts, notes = self._monitor.finish()
        return samples, Ending(disturbances=disturbances, verdicts=verdicts, notes=notes)

    def device_memory_bytes(self) -> int | None:
        return None


def machine_for(unit: Unit, loaded: Loaded, clock: Clock) -> CpuMachine:
    """The way to time this unit."""
    return CpuMachine(loaded, clock)
