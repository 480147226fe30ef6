"""How this worker times a step and watches its machine: on the CPU, or on an NVIDIA GPU."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from bench.measuring.clock import Clock
from bench.measuring.disturbances import CpuMonitor
from bench.measuring.rules import Rules
from bench.measuring.sampler import CpuTimer, Samples, Timer, measure
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

    def ready(self) -> AbstractContextManager[None]:
        """A context in which the step may be called."""

    def wait(self) -> None:
        """Until what was started has finished."""

    def timed(self) -> Loaded:
        """The unit in the form that is timed: its output is the one to check."""

    def timer(self) -> Timer:
        """What times its step."""

    def measured(self, rules: Rules, overhead_s: float) -> tuple[Samples, Ending]:
        """Warm up and sample once."""

    def watch(self) -> None:
        """Forget what was seen of the machine until now."""

    def look(self) -> bool:
        """Read the machine once; False where what was just timed must be discarded."""

    def seen(self) -> Ending:
        """What was seen since then."""

    def device_memory_bytes(self) -> int | None:
        """Peak memory on an accelerator; None on a CPU."""


class CpuMachine:
    """A plain loop, the wall clock, and the kernel's counters."""

    def __init__(self, loaded: Loaded, clock: Clock) -> None:
        self.clock = clock
        self.cpus = tuple(sorted(os.sched_getaffinity(0)))
        self._loaded = loaded
        self._timer = CpuTimer(loaded.step, clock, loaded.restore)
        self._monitor = CpuMonitor(self.cpus, clock)

    @contextmanager
    def ready(self) -> Iterator[None]:
        yield

    def wait(self) -> None:
        """A CPU's call has finished when it returns."""

    def timed(self) -> Loaded:
        return self._loaded

    def timer(self) -> Timer:
        return self._timer

    def measured(self, rules: Rules, overhead_s: float) -> tuple[Samples, Ending]:
        samples = measure(self._timer, self._monitor, self.clock, rules, overhead_s)
        return samples, self.seen()

    def watch(self) -> None:
        self._monitor.start()

    def look(self) -> bool:
        return self._monitor.keeps_group()

    def seen(self) -> Ending:
        disturbances, verdicts, notes = self._monitor.finish()
        return Ending(disturbances=disturbances, verdicts=verdicts, notes=notes)

    def device_memory_bytes(self) -> int | None:
        return None


def machine_for(unit: Unit, loaded: Loaded, clock: Clock) -> Machine:
    """The way to time this unit."""
    if not unit.accelerator:
        return CpuMachine(loaded, clock)
    # It needs torch, which a board may lack.
    from bench.worker.cuda_machine import cuda_machine

    return cuda_machine(unit, loaded, clock)
