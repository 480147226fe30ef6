"""How a step is timed and watched on an NVIDIA GPU."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from bench.records.record import Record
from bench.records.workload import Unit
from bench.system.power import Meter
from bench.worker.cuda_api import Cuda
from bench.worker.cuda_graph import capture
from bench.worker.cuda_timer import LatencyTimer, QueueTimer
from bench.worker.measuring.clock import Clock
from bench.worker.measuring.disturbances import CpuMonitor
from bench.worker.measuring.gpu_disturbances import GpuMonitor
from bench.worker.measuring.nvml import GpuIdentity, NvmlGpu, UnwatchedError
from bench.worker.measuring.rules import Rules
from bench.worker.measuring.sampler import Timer, beside_flushes
from bench.worker.measuring.watch import Watch
from bench.worker.runtimes.loaded import Loaded
from bench.worker.runtimes.pytorch import to_arrays

FLUSHED_BYTES = 256 * 2**20  # rule 3: at least so much, and twice the L2 cache


class Buffer(Protocol):
    """Bytes on the GPU."""

    def zero_(self) -> object:
        """Write all of them."""


class CudaMachine:
    """One loaded unit on one GPU: `buffer` gives that many bytes there, `monitor` watches the GPU and its host."""

    def __init__(
        self,
        unit: Unit,
        loaded: Loaded,
        clock: Clock,
        *,
        cuda: Cuda,
        monitor: GpuMonitor,
        buffer: Callable[[int], Buffer],
    ) -> None:
        if not unit.accelerator.startswith("cuda:"):
            raise ValueError(f"expected a unit on cuda:N, got {unit.accelerator!r}; a CPU has CpuMachine")
        self.clock = clock
        self.cpus = tuple(sorted(os.sched_getaffinity(0)))
        self._unit, self._loaded, self._cuda, self.monitor, self._buffer = unit, loaded, cuda, monitor, buffer
        self._graph: Loaded | None = None
        self._graph_bytes = self._flushed_bytes = 0
        self._timer: Timer | None = None
        self._flush: Callable[[], object] | None = None

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Makes the unit's GPU the current one; what loading left in its queue is done before the body runs."""
        with self._cuda.device(_index(self._unit)):
            self._cuda.synchronize()
            yield

    def wait(self) -> None:
        """Until the GPU is idle."""
        self._cuda.synchronize()

    def timed(self) -> Loaded:
        """The unit as it will be timed; where a CUDA graph is asked for, the first call captures it."""
        if not self._unit.settings.cuda_graph:
            return self._loaded
        if self._graph is None:
            self._graph = self._captured()
        return self._graph

    def _captured(self) -> Loaded:
        loaded = self._loaded
        # A replay allocates nothing: what the graph needs is seen while it is captured, or never.
        self._cuda.reset_peak_memory_stats()
        captured = capture(loaded.step, self._cuda)
        self._graph_bytes = self._cuda.max_memory_allocated()

        def output() -> Any:
            if loaded.restore is not None:
                loaded.restore()
            captured.replay()
            return to_arrays(captured.result)

        return replace(loaded, step=captured.replay, output=output)

    def reseat(self, draw: random.Random) -> None:
        """It stays: what a GPU's addresses do to a number is not measured yet."""

    def timer(self) -> Timer:
        """One for each unit: queued for throughput, call by call for latency or a cold cache."""
        if self._timer is None:
            timed = self.timed()
            if self._unit.settings.cold_cache:
                self._flush = self._flusher()
            if self._unit.mode == "throughput" and self._flush is None:
                self._timer = QueueTimer(timed.step, self.clock, self._cuda, timed.restore)
            else:
                self._timer = LatencyTimer(timed.step, self.clock, self._cuda, timed.restore, self._flush)
        return self._timer

    def _flusher(self) -> Callable[[], object]:
        cache = int(self._cuda.get_device_properties(self._unit.accelerator).L2_cache_size)
        self._flushed_bytes = max(2 * cache, FLUSHED_BYTES)
        return self._buffer(self._flushed_bytes).zero_

    def begin(self, rules: Rules) -> Rules:
        """Shorter samples where flushing takes most of the time; memory is counted from here."""
        timer = self.timer()
        if self._flush is not None:
            rules = beside_flushes(rules, timer, self._flush_and_wait, self.clock)
        # Not before: cuDNN's trials of algorithms, in the first call, may have taken far more than the step needs.
        self._cuda.reset_peak_memory_stats()
        return rules

    def _flush_and_wait(self) -> None:
        if self._flush is not None:
            self._flush()
        self._cuda.synchronize()

    def held_bytes(self) -> int:
        return 0  # the buffer is on the GPU

    def notes(self) -> tuple[str, ...]:
        flushed = f"cold cache: {self._flushed_bytes // 2**20} MiB are written before each call, untimed"
        return (flushed,) if self._flushed_bytes else ()

    def device_memory_bytes(self) -> int:
        """The allocator's peak while the unit was sampled, or captured; our own buffer is not in it."""
        return max(self._graph_bytes, self._cuda.max_memory_allocated() - self._flushed_bytes)

    def meter(self) -> Meter:
        return self.monitor.meter(self.clock.now_ns)


def cuda_machine(unit: Unit, loaded: Loaded, clock: Clock) -> CudaMachine:
    """The machine for a unit on a GPU of this computer."""
    import torch

    properties = torch.cuda.get_device_properties(unit.accelerator)
    return CudaMachine(
        unit,
        loaded,
        clock,
        cuda=torch.cuda,
        monitor=monitor_for(properties, CpuMonitor(tuple(sorted(os.sched_getaffinity(0))), clock)),
        buffer=partial(torch.empty, dtype=torch.uint8, device=unit.accelerator),
    )


def open_context(device: str) -> None:
    """Make the process's context on that GPU, which takes a second the first time and nothing afterwards."""
    import torch

    torch.zeros(1, device=device)
    torch.cuda.synchronize(device)


def monitor_for(properties: Any, host: Watch, library: Any = None) -> GpuMonitor:
    """Watches the GPU with these CUDA properties; without NVML, the host alone, and says so."""
    try:
        gpu = NvmlGpu(identity_of(properties), library)
    except UnwatchedError as error:
        return GpuMonitor(host, None, unwatched=str(error))
    # CUDA's own figure first, in kHz: the rule is nvbench's, and so is this clock. Older torch does not give it.
    khz = getattr(properties, "clock_rate", 0)
    return GpuMonitor(host, gpu, default_sm_clock_mhz=khz / 1000 if khz else gpu.default_sm_clock_mhz())


def identity_of(properties: Any) -> GpuIdentity:
    """What NVML can find the GPU by; older builds of torch give less."""
    domain, bus, device = (getattr(properties, f"pci_{name}_id", None) for name in ("domain", "bus", "device"))
    place = "" if None in (domain, bus, device) else f"{domain:08x}:{bus:02x}:{device:02x}.0"
    return GpuIdentity(uuid=str(getattr(properties, "uuid", "")), pci_bus_id=place)


def leaves_usable(record: Record, cuda: Cuda) -> bool:
    """Empty the allocator's caches for the next unit; False where this one spoilt the process for it."""
    try:
        with cuda.device(_index(record.unit)):
            cuda.synchronize()
            cuda.empty_cache()
    except RuntimeError:
        return False  # after an illegal access, say, every later call fails as well
    # In some versions of torch a capture that breaks leaves the allocator waiting for its end.
    return not (record.unit.settings.cuda_graph and record.status != "done")


def _index(unit: Unit) -> int:
    return int(unit.accelerator.removeprefix("cuda:"))
