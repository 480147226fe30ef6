"""From what was asked to the list of units: every list is an axis, every round visits all cells in a fresh order."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from bench.devices import Device
from bench.errors import UsageError
from bench.pair import Pair
from bench.workload import Effort, Mode, ModelArguments, OperatorArguments, Settings, Unit, Workload
from models.registry import NetworkEntry, resolve
from operators.choice import IMPLEMENTATIONS, SELECTIONS
from operators.registry import OPERATORS
from operators.spec import OperatorSpec, axes

# The command line takes its choices from here.
__all__ = ["IMPLEMENTATIONS", "OPERATORS", "SELECTIONS", "NetworkEntry", "resolve"]

# arXiv 2303.03667v3, Table 1: (channels, height, width), four operators, ten stacked layers.
TABLE1_SIZES = ((96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7))
TABLE1_OPERATORS = ("conv", "gconv", "dwconv", "pconv")
PAIRS_PER_CLAIM = 4
BURSTS_PER_SIDE = 30
WORKER_UNITS = 200  # of operators that share one worker


@dataclass(frozen=True, kw_only=True)
class OperatorGrid:
    """The axes of `bench ops`; an operator that lacks an axis is planned once, at its default."""

    operators: tuple[str, ...] = TABLE1_OPERATORS
    sizes: tuple[tuple[int, int, int], ...] = TABLE1_SIZES
    implementations: tuple[str, ...] = ("split_cat",)
    selections: tuple[str, ...] = ("first",)
    kernels: tuple[int, ...] = (3,)
    ratios: tuple[Fraction, ...] = (Fraction(1, 4),)
    groups: tuple[int, ...] = (16,)
    stacks: tuple[int, ...] = (10,)
    dilation: int = 1
    stride: int = 1


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The axes that operators and networks share. An empty list stands for the device's own default."""

    runtimes: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    dtypes: tuple[str, ...] = ("float32",)
    layouts: tuple[str, ...] = ("nchw",)
    rounds: int = 5
    effort: Effort = "normal"
    seed: int = 0
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"expected at least one round, got {self.rounds}")


def operator_workloads(grid: OperatorGrid) -> tuple[Workload, ...]:
    """One workload for each distinct operator of the grid; UsageError where one of them makes no sense."""
    found: dict[Workload, None] = {}
    rest = (grid.kernels, grid.groups, grid.ratios, grid.stacks, grid.implementations, grid.selections)
    for op, size in product(grid.operators, grid.sizes):
        for kernel, groups, ratio, stack, implementation, selection in product(*rest):
            workload = _operator_workload(op, size, grid, kernel, groups, ratio, stack, implementation, selection)
            found[workload] = None
    return tuple(found)


def _operator_workload(
    op: str,
    size: tuple[int, int, int],
    grid: OperatorGrid,
    kernel: int,
    groups: int,
    ratio: Fraction,
    stack: int,
    implementation: str,
    selection: str,
) -> Workload:
    asked = {
        "kernel": kernel,
        "groups": groups,
        "ratio": ratio,
        "dilation": grid.dilation,
        "implementation": implementation,
        "selection": selection,
    }
    try:
        # Stride is passed to every operator: one that cannot stride says so, instead of timing another shape.
        own = {name: value for name, value in asked.items() if name in axes(op)} | {"stride": grid.stride}
        spec = OperatorSpec(op=op, channels=size[0], height=size[1], width=size[2], stack=stack, **own)  # type: ignore[arg-type]
    except ValueError as error:
        raise UsageError(f"{op} at {size[0]}x{size[1]}x{size[2]}: {error}") from None
    return Workload(
        kind="op",
        name=op,
        input_shape=size,
        variant=spec.variant,
        stack=stack,
        operator=OperatorArguments(
            kernel=spec.kernel,
            groups=spec.groups,
            ratio=str(spec.ratio),
            dilation=spec.dilation,
            stride=spec.stride,
            implementation=spec.implementation,
            selection=spec.selection,
            seed=spec.seed,
        ),
    )


def network_workload(
    entry: NetworkEntry, input_shape: tuple[int, int, int], *, fused: bool = True, form: str = "", digest: str = ""
) -> Workload:
    """One network at one input size."""
    differs = [] if fused or entry.library == "onnx" else ["unfused"]
    differs += [form] if form else []
    if entry.input_px is not None and input_shape[1] != entry.input_px:
        differs.append(f"{input_shape[1]}px")
    return Workload(
        kind="model",
        name=entry.name,
        input_shape=input_shape,
        variant=",".join(differs),
        model=ModelArguments(source=entry.name, fused=fused and entry.library != "onnx", form=form, digest=digest),
    )


def cells(
    workloads: Iterable[Workload], axes: Axes, device: Device, default_runtimes: tuple[str, ...]
) -> tuple[Unit, ...]:
    """The table's rows on one device, as units of round 0."""
    runtimes = axes.runtimes or device.runtimes or default_runtimes
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
            accelerator=device.accelerator,
        )
        for workload, runtime, dtype, layout, batch, count in product(
            workloads, runtimes, axes.dtypes, axes.layouts, batches, threads
        )
    )


def mode_of(device: Device, batch: int, settings: Settings) -> Mode:
    """One image is asked for its latency, a batch on a GPU for its throughput; a CPU's batch is one call's latency.

    So is a GPU's batch with a cold cache: calls between which the cache is emptied are no queue.
    """
    return "throughput" if device.accelerator and batch > 1 and not settings.cold_cache else "latency"


def all_rounds(table: Iterable[Unit], rounds: int) -> tuple[Unit, ...]:
    """Each cell once in each round."""
    rows = tuple(table)
    return tuple(replace(unit, round=number) for number in range(rounds) for unit in rows)


def ordered(units: Iterable[Unit], seed: int) -> tuple[Unit, ...]:
    """Round by round, each in its own shuffled order, so that no cell always follows the same neighbour."""
    by_round: dict[int, list[Unit]] = {}
    for unit in units:
        by_round.setdefault(unit.round, []).append(unit)
    found: list[Unit] = []
    for number in sorted(by_round):
        row = sorted(by_round[number], key=lambda unit: unit.id)
        random.Random(f"{seed}:{number}").shuffle(row)
        found += row
    return tuple(found)


def grouped(units: Iterable[Unit]) -> Iterator[tuple[Unit, ...]]:
    """Which units share a worker: operators of one round, runtime and thread count, at most `WORKER_UNITS`.

    A network has its own.
    """
    shared: dict[object, list[Unit]] = {}
    for unit in units:
        key: object = (unit.round, unit.device, unit.runtime, unit.threads, unit.settings)
        if unit.workload.kind == "model":
            key = unit.id
        shared.setdefault(key, []).append(unit)
    for members in shared.values():
        yield from chunks(members)


def chunks(units: Sequence[Unit]) -> Iterator[tuple[Unit, ...]]:
    """At most `WORKER_UNITS` in each: a job is one line, and a line has at most 1 MiB."""
    for start in range(0, len(units), WORKER_UNITS):
        yield tuple(units[start : start + WORKER_UNITS])


def claim_pairs(table: Iterable[Unit], claims: Iterable[tuple[str, str]], pairs: int) -> tuple[Pair, ...]:
    """`pairs` fresh pairs for each claim and cell of its two networks that differ in the network alone."""
    rows = [unit for unit in table if unit.workload.variant == ""]
    found = []
    for first_name, second_name in claims:
        for first in (unit for unit in rows if unit.workload.name == first_name):
            for second in (unit for unit in rows if unit.workload.name == second_name):
                if replace(second, workload=first.workload) == first:
                    found += [
                        Pair(first=replace(first, round=number), second=replace(second, round=number))
                        for number in range(pairs)
                    ]
    return tuple(found)
