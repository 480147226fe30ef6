"""From axes to units: which, how many, in which order, in which worker."""

from collections import Counter
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import pytest

from bench.errors import UsageError
from bench.plan.axes import Axes, cells
from bench.plan.schedule import all_rounds, grouped
from bench.plan.subjects import TABLE1_SIZES, OperatorGrid, operator_spec, operator_workloads
from bench.records.device import Device
from bench.records.origin import Origin
from bench.records.workload import OperatorArguments, Settings
from operators.spec import AXES, OperatorSpec
from tests.table1 import CPU, default_cells

GPU = Device(name="cuda", accelerator="cuda:0")


def test_the_default_is_the_papers_table_1() -> None:
    """Section 4.1: four operators at four sizes, ten layers, batch 1, one thread, 3x3, 16 groups, r = 1/4."""
    table = default_cells()
    assert {(unit.workload.name, unit.workload.input_shape) for unit in table} == {
        (name, size) for name in ("conv", "gconv", "dwconv", "pconv") for size in TABLE1_SIZES
    }
    assert len(table) == 16
    assert {(unit.batch, unit.threads, unit.runtime, unit.dtype, unit.mode) for unit in table} == {
        (1, 1, "eager", "float32", "latency")
    }
    for unit in table:
        arguments = unit.workload.operator
        assert arguments is not None
        assert (unit.workload.stack, unit.workload.variant, arguments.kernel) == (10, "", 3)
    assert len(all_rounds(table, 5)) == 80


def test_warm_and_cold_caches_are_rows_of_one_table_in_workers_of_their_own() -> None:
    table = default_cells(caches=("warm", "cold"))
    assert len(table) == 32
    assert [unit.settings.cold_cache for unit in table[:4]] == [False, True, False, True]
    assert len({unit.cell for unit in table}) == 32
    assert [len({unit.settings.cold_cache for unit in group}) for group in grouped(table)] == [1, 1]
    assert not any(unit.settings.cold_cache for unit in default_cells())


@pytest.mark.parametrize(
    ("asked", "entry", "realtime"),
    [("", "", False), ("realtime", "", True), ("", "realtime", True), ("normal", "realtime", False)],
)
def test_the_command_line_decides_the_priority_then_the_devices_entry(asked: str, entry: str, realtime: bool) -> None:
    device = Device(name="pi4", priority=entry)
    made = cells(operator_workloads(OperatorGrid()), Axes(priority=asked), device, ("onnxruntime",))
    assert {unit.settings for unit in made} == {Settings(realtime=realtime)}


def test_an_axis_that_an_operator_lacks_does_not_multiply_it() -> None:
    grid = OperatorGrid(
        sizes=((64, 8, 8),),
        axes={
            "groups": (4, 16),
            "ratio": (Fraction(1, 8), Fraction(1, 4)),
            "implementation": ("split_cat", "slice", "inplace"),
            "kernel": (3, 5),
        },
    )
    counted = Counter(workload.name for workload in operator_workloads(grid))
    assert counted == {"conv": 2, "dwconv": 2, "gconv": 2 * 2, "pconv": 2 * 2 * 3}


def test_a_records_arguments_are_the_axes_and_bring_the_operator_back() -> None:
    """An axis without its field would be timed, but told from no other; `stack` stands in the workload."""
    assert {argument.name for argument in fields(OperatorArguments)} == AXES.keys() - {"stack"} | {"seed"}
    asked: dict[str, tuple[Any, ...]] = {
        "kernel": (5,),
        "ratio": (Fraction(1, 8),),
        "stack": (3,),
        "selection": ("even",),
    }
    (workload,) = operator_workloads(OperatorGrid(operators=("pconv",), sizes=((64, 8, 6),), axes=asked))
    assert operator_spec(workload) == OperatorSpec(
        op="pconv", channels=64, height=8, width=6, kernel=5, ratio=Fraction(1, 8), stack=3, selection="even"
    )
    assert workload.operator is not None
    assert (workload.operator.ratio, workload.stack, workload.variant) == ("1/8", 3, "k5,r1/8,even")


def test_axes_vary_in_the_order_of_the_spec_the_last_one_fastest() -> None:
    grid = OperatorGrid(
        operators=("pconv",), sizes=((64, 8, 8),), axes={"implementation": ("slice", "inplace"), "kernel": (5, 3)}
    )
    assert [w.variant for w in operator_workloads(grid)] == ["k5,slice", "k5,inplace", "slice", "inplace"]


def test_an_axis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected axes among kernel, .*, got kernels"):
        OperatorGrid(axes={"kernels": (3,)})


def test_asking_twice_is_asking_once() -> None:
    grid = OperatorGrid(operators=("conv", "conv"), sizes=((64, 8, 8), (64, 8, 8)), axes={"kernel": (3, 3)})
    assert len(operator_workloads(grid)) == 1


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        (OperatorGrid(operators=("gconv",), sizes=((100, 7, 7),)), "gconv at 100x7x7"),
        (OperatorGrid(operators=("pconv",), sizes=((6, 7, 7),)), "pconv at 6x7x7"),
        (OperatorGrid(operators=("conv",), axes={"kernel": (4,)}), "kernel"),
        (OperatorGrid(operators=("pconv",), sizes=((64, 7, 7),), axes={"stride": (2,)}), "stride"),
    ],
)
def test_an_operator_that_makes_no_sense_is_named(grid: OperatorGrid, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        operator_workloads(grid)


def test_every_list_is_an_axis() -> None:
    axes = Axes(
        runtimes=("eager", "onnxruntime"), batches=(1, 8), threads=(1, 2), dtypes=("float32", "bfloat16"),
        layouts=("nchw", "channels_last"), allocators=("system", "retained"),
    )  # fmt: skip
    table = cells(operator_workloads(OperatorGrid(operators=("conv",), sizes=((8, 4, 4),))), axes, CPU, ("compile",))
    assert len(table) == len(set(table)) == 2**6


def test_the_command_line_beats_the_devices_entry_and_that_the_default() -> None:
    board = Device(name="board", runtimes=("onnxruntime",), threads=4)
    workloads = operator_workloads(OperatorGrid(operators=("conv",), sizes=((8, 4, 4),)))

    def seen(device: Device, axes: Axes) -> tuple[str, int]:
        (unit,) = cells(workloads, axes, device, ("eager",))
        return unit.runtime, unit.threads

    assert seen(CPU, Axes()) == ("eager", 1)
    assert seen(board, Axes()) == ("onnxruntime", 4)
    assert seen(board, Axes(runtimes=("eager",), threads=(2,))) == ("eager", 2)


@pytest.mark.parametrize(
    ("device", "batches", "expected"),
    [
        (CPU, (), (1, "latency")),
        (CPU, (32,), (32, "latency")),
        (GPU, (), (32, "throughput")),
        (GPU, (1,), (1, "latency")),
    ],
)
def test_one_image_is_latency_and_a_gpus_batch_throughput(
    device: Device, batches: tuple[int, ...], expected: tuple[int, str]
) -> None:
    workloads = operator_workloads(OperatorGrid(operators=("conv",), sizes=((8, 4, 4),)))
    (unit,) = cells(workloads, Axes(batches=batches), device, ("eager",))
    assert (unit.batch, unit.mode) == expected


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, tuple):
        return tuple(changed(item) for item in value)
    raise TypeError(type(value).__name__)


CHANGES: dict[str, Any] = {
    "runtime": "compile",
    "dtype": "bfloat16",
    "layout": "channels_last",
    "mode": "throughput",
    "effort": "publish",
    "settings": Settings(tf32=True),
    "switches": ("graph=basic",),
    "origin": Origin(python="/v/bin/python"),
}


def test_the_id_repeats_and_any_field_changes_it() -> None:
    unit = default_cells()[0]
    assert unit.id == replace(unit).id == default_cells()[0].id
    others = {replace(unit, workload=replace(unit.workload, stack=11)).id}
    # A calibration is an int8 unit's alone: tests/test_plan_calibration.py.
    names = [field.name for field in fields(unit) if field.name not in ("workload", "calibration")]
    for name in names:
        value = CHANGES[name] if name in CHANGES else changed(getattr(unit, name))
        others.add(replace(unit, **{name: value}).id)
    for field in fields(Settings):
        value = changed(getattr(unit.settings, field.name))
        others.add(replace(unit, settings=replace(unit.settings, **{field.name: value})).id)
    others |= {replace(unit, origin=origin).id for origin in (Origin(folder="/p"), Origin(label="head"))}
    assert unit.workload.operator is not None
    for field in fields(unit.workload.operator):
        value = changed(getattr(unit.workload.operator, field.name))
        arguments = replace(unit.workload.operator, **{field.name: value})
        others.add(replace(unit, workload=replace(unit.workload, operator=arguments)).id)
    assert unit.id not in others
    # Settings(tf32=True) is met twice, on the unit and field by field.
    assert len(others) == 1 + 2 + len(names) + (len(fields(Settings)) - 1) + len(fields(unit.workload.operator))


def test_no_round_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        Axes(rounds=0)
