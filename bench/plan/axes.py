"""From what was asked to the list of units: every list is an axis, every round visits all cells in a fresh order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from bench.plan.runtimes import runtime
from bench.records.device import Device
from bench.records.workload import Effort, Mode, Settings, Unit, Workload
from bench.system.allocator import DEFAULT_ALLOCATOR


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The axes that operators and networks share. An empty list stands for the device's own default."""

    runtimes: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    dtypes: tuple[str, ...] = ("float32",)
    layouts: tuple[str, ...] = ("nchw",)
    allocators: tuple[str, ...] = (DEFAULT_ALLOCATOR,)
    rounds: int = 5
    effort: Effort = "normal"
    seed: int = 0
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"expected at least one round, got {self.rounds}")


def cells(
    workloads: Iterable[Workload], axes: Axes, device: Device, default_runtimes: tuple[str, ...]
) -> tuple[Unit, ...]:
    """The table's rows on one device, as units of round 0."""
    runtimes = [runtime(name).name for name in axes.runtimes or device.runtimes or default_runtimes]
    batches = axes.batches or ((32,) if device.accelerator else (1,))
    threads = axes.threads or ((device.threads,) if device.threads else (1,))
    return tuple(
        Unit(
            workload=workload,
            runtime=runtime,
            dtype=dtype,
            layout=layout,
            batch=batch,
            threads=count,
            device=device.name,
            mode=mode_of(device, batch, axes.settings),
            round=0,
            effort=axes.effort,
            seed=axes.seed,
            settings=axes.settings,
            allocator=allocator,
            accelerator=device.accelerator,
        )
        for workload, runtime, dtype, layout, batch, count, allocator in product(
            workloads, runtimes, axes.dtypes, axes.layouts, batches, threads, axes.allocators
        )
    )


def mode_of(device: Device, batch: int, settings: Settings) -> Mode:
    """One image is asked for its latency, a batch on a GPU for its throughput; a CPU's batch is one call's latency.

    So is a GPU's batch with a cold cache: calls between which the cache is emptied are no queue.
    """
    return "throughput" if device.accelerator and batch > 1 and not settings.cold_cache else "latency"
