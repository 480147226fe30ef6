"""From what was asked to the list of units: every list is an axis, every round visits all cells in a fresh order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from bench.errors import UsageError
from bench.plan.limits import check_elements, check_number
from bench.plan.runtimes import Runtime, runtime
from bench.plan.values import shown
from bench.records.calibration import Calibration
from bench.records.device import Device
from bench.records.workload import CACHES, Effort, Mode, ModelArguments, Settings, Unit, Workload
from bench.system.allocator import DEFAULT_ALLOCATOR
from bench.system.priority import PRIORITIES


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The axes that operators and networks share. An empty list stands for a file's own, else the device's default."""

    runtimes: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    dtypes: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ("nchw",)
    allocators: tuple[str, ...] = (DEFAULT_ALLOCATOR,)
    caches: tuple[str, ...] = (CACHES[0],)
    rounds: int = 5
    effort: Effort = "normal"
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    switches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of runtimes, each with its values
    calibration: Calibration = field(default_factory=Calibration)  # of the int8 units
    priority: str = ""  # of bench.system.priority; empty: the device's own

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"expected at least one round, got {self.rounds}")


def cells(
    workloads: Iterable[Workload], axes: Axes, device: Device, default_runtimes: tuple[str, ...]
) -> tuple[Unit, ...]:
    """The table's rows on one device, as units of round 0; UsageError where that is out of all proportion."""
    runtimes = [runtime(name).name for name in axes.runtimes or device.runtimes or default_runtimes]
    usual_batch = 32 if device.accelerator else 1
    priority = axes.priority or device.priority or PRIORITIES[0]
    settings = [
        replace(axes.settings, realtime=priority == "realtime", cold_cache=cache == "cold") for cache in axes.caches
    ]
    turned = [(row.name, each) for row in map(runtime, runtimes) for each in _switched(row, axes.switches)]
    _check_switches(axes.switches, [runtime(name) for name in runtimes])
    threads = axes.threads or ((device.threads,) if device.threads else (1,))
    lists = {
        workload: (
            turned,
            axes.dtypes or (_own(workload).dtype or "float32",),
            axes.layouts,
            axes.batches or (_own(workload).batch or usual_batch,),
            threads,
            axes.allocators,
            settings,
        )
        for workload in workloads
    }
    check_number(axes.rounds * sum(prod(map(len, each)) for each in lists.values()))
    for workload, (_, _, _, batches, *_) in lists.items():
        check_elements(f"{workload.name}'s input", max(batches) * prod(workload.input_shape))
    return tuple(
        Unit(
            workload=workload,
            runtime=runtime,
            dtype=dtype,
            layout=layout,
            batch=batch,
            threads=count,
            device=device.name,
            mode=mode_of(device, batch, switches),
            round=0,
            effort=axes.effort,
            seed=axes.seed,
            settings=switches,
            allocator=allocator,
            switches=switched,
            calibration=axes.calibration if dtype == "int8" and workload.kind == "model" else Calibration(),
            accelerator=device.accelerator,
        )
        for workload, each in lists.items()
        for (runtime, switched), dtype, layout, batch, count, allocator, switches in product(*each)
    )


def _switched(row: Runtime, asked: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every combination of the row's switches that were asked for, each without those that are as usual.

    A value that another runtime's switch of that name has, and this one's lacks, makes no row here.
    """
    own = {name: _had(values, asked[name]) for name, values in sorted(row.switches.items()) if name in asked}
    return [
        tuple(f"{name}={value}" for name, value in zip(own, values, strict=True) if value != row.switches[name][0])
        for values in product(*own.values())
    ]


def _had(values: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value for value in asked if value in values) or values[:1]


def _check_switches(asked: Mapping[str, tuple[str, ...]], rows: Sequence[Runtime]) -> None:
    """UsageError where none of the runtimes has such a switch or value; one that lacks it is left alone."""
    for name, values in asked.items():
        known = {value: None for row in rows for value in row.switches.get(name, ())}
        if not known:
            there = sorted({each for row in rows for each in row.switches})
            raise UsageError(
                f"expected a switch of {', '.join(row.name for row in rows)}"
                f" ({', '.join(there) or 'which have none'}), got {shown(name)}; `bench runtimes` lists them"
            )
        if wrong := [value for value in values if value not in known]:
            raise UsageError(f"expected {name} of {', '.join(known)}, got {shown(wrong[0])}")


def in_turns(unit: Unit, said: Collection[str] = ()) -> Unit:
    """The unit as a side of a pair: its threads keep still while the other side takes its turn.

    Switches that the user has `said` himself stay.
    """
    if unit.threads == 1:
        return unit
    more = [text for text in runtime(unit.runtime).in_turns if text.partition("=")[0] not in said]
    return replace(unit, switches=tuple(sorted((*unit.switches, *more))))


def _own(workload: Workload) -> ModelArguments:
    """What a network's own file prescribes; nothing for all others."""
    return workload.model or ModelArguments(source="")


def mode_of(device: Device, batch: int, settings: Settings) -> Mode:
    """One image is asked for its latency, a batch on a GPU for its throughput; a CPU's batch is one call's latency.

    So is a GPU's batch with a cold cache: calls between which the cache is emptied are no queue.
    """
    return "throughput" if device.accelerator and batch > 1 and not settings.cold_cache else "latency"
