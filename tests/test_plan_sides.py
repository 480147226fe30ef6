"""A side of a comparison as it is written, and the unit that it becomes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.plan.axes import Axes
from bench.plan.names import Asked
from bench.plan.sides import comparison_pairs, parse_side
from bench.records.device import Device, SshTarget
from bench.records.origin import Origin
from bench.records.pair import MOST_PAIRS, Pair
from bench.records.workload import GivenInputs, NetworkChanges
from bench.wire.messages import Network

CPU = Device(name="cpu")


def no_inspection(names: object, px: object, origin: object) -> dict[str, Network]:
    pytest.fail("a network of the zoo at its own size needs no inspection")


def planned(first: str, second: str, axes: Axes | None = None, pairs: int = 1) -> tuple[Pair, ...]:
    sides = parse_side(first), parse_side(second)
    return comparison_pairs(sides, no_inspection, axes or Axes(), [CPU], pairs)


def test_each_side_is_what_it_says_and_the_rest_is_the_commands() -> None:
    axes = Axes(batches=(2,), dtypes=("float16",))
    (pair,) = planned("fasternet_t0@onnxruntime,batch=8,allocator=system", "mobilenetv2,dtype=float32", axes)
    first, second = pair.first, pair.second
    assert (first.workload.name, first.runtime, first.batch, first.dtype) == (
        "fasternet_t0",
        "onnxruntime",
        8,
        "float16",
    )
    assert (second.workload.name, second.runtime, second.batch, second.dtype) == ("mobilenetv2", "eager", 2, "float32")
    assert (first.allocator, second.allocator) == ("system", "retained")


def test_an_operator_takes_its_size_and_its_own_options() -> None:
    (pair,) = planned("pconv,size=96x56x56,variant=slice,ratio=1/8,stack=3", "pconv,size=96x56x56")
    arguments = pair.first.workload.operator
    assert arguments is not None
    assert (pair.first.workload.input_shape, pair.first.workload.stack) == ((96, 56, 56), 3)
    assert (arguments.implementation, arguments.ratio) == ("slice", "1/8")


def test_pairs_are_told_apart_by_their_number_and_share_a_cell() -> None:
    pairs = planned("conv,size=8x4x4", "conv,size=8x4x4", pairs=3)
    assert len({pair.id for pair in pairs}) == 3
    assert len({pair.cell for pair in pairs}) == 1
    assert replace(pairs[2].first, round=0) == pairs[0].first


def test_an_at_in_the_name_of_a_file_is_no_runtime() -> None:
    assert parse_side("nets@v2/net.onnx").subject == "nets@v2/net.onnx"
    assert parse_side("nets@v2/net.onnx@onnxruntime").runtime == "onnxruntime"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected SUBJECT"),
        ("@eager", "expected SUBJECT"),
        ("fasternet_t0@tflite", "expected a runtime of eager, .* got 'tflite'"),
        ("fasternet_t0,colour=red", "each name once of activation, allocator, .*batch, .* got 'colour=red'"),
        ("fasternet_t0,batch", "got 'batch'"),
        ("fasternet_t0,batch=1,batch=2", "got 'batch=2'"),
        ("fasternet_t0,size=96x56x56", "got 'size=96x56x56'"),
        ("fasternet_t0,dtype=int3", "expected dtype of float32, float16, bfloat16, int8, got 'int3'"),
        ("conv", "expected conv with its size, such as conv,size=96x56x56"),
    ],
)
def test_what_is_no_side_is_one_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_side(text)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("conv,size=8x4", "conv,size=8x4x4", "expected a size CxHxW"),
        ("conv,size=8x4xz", "conv,size=8x4x4", "expected a size CxHxW"),
        ("conv,size=8x4x4,batch=0", "conv,size=8x4x4", "batch: expected a whole number of at least 1"),
        ("conv,size=8x4x4,batch=" + "9" * 5000, "conv,size=8x4x4", "batch: expected a whole number"),
        ("pconv,size=8x4x4,ratio=x", "conv,size=8x4x4", "expected ratio like 1/4"),
        ("conv,size=8x4x4,threads=2", "conv,size=8x4x4", "expected both sides on as many threads"),
        ("fasternet", "mobilenetv2", "expected one network, fasternet stands for 6"),
        ("no_such_network", "mobilenetv2", "no_such_network"),
        ("resnet50,ratio=1/8", "resnet50", "expected a FasterNet of the zoo with another ratio, got resnet50; leave"),
        ("fasternet_t0,ratio=1/16", "fasternet_t0", "fasternet_t0: expected ratio times channels"),
        ("fasternet_t0,norm=group", "fasternet_t0", "expected norm to be one of bn, ln, got 'group'"),
        ("fasternet_t0,dilation=x", "fasternet_t0", "expected dilation like 1, got 'x'"),
        ("fasternet_t0,input=8x8x8", "fasternet_t0", "expected an input of N or HxW pixels"),
    ],
)
def test_what_cannot_be_one_pair_is_one_line(first: str, second: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        planned(first, second)


def test_a_changed_network_beside_the_published_one() -> None:
    (pair,) = planned("fasternet_t0,ratio=1/8,norm=ln,activation=relu,dilation=2,channels=shifted", "fasternet_t0")
    model = pair.first.workload.model
    assert model is not None
    assert model.changes == NetworkChanges(ratio="1/8", norm="ln", activation="relu", dilation=2, selection="shifted")
    assert pair.first.workload.variant == "r1/8,ln,relu,d2,shifted"
    assert pair.second.workload.variant == ""
    (same,) = planned("fasternet_t0,ratio=0.25,activation=gelu", "fasternet_t0")
    assert same.first == same.second


def test_a_list_for_both_is_no_comparison() -> None:
    with pytest.raises(UsageError, match="expected one value of each option for conv,size=8x4x4, got 2 combinations"):
        planned("conv,size=8x4x4", "conv,size=8x4x4", Axes(batches=(1, 2)))


@pytest.mark.parametrize("pairs", [-1, 0, MOST_PAIRS + 1])
def test_a_number_of_pairs_that_is_none_is_refused(pairs: int) -> None:
    """From a thousand on they would be taken for those of a second measurement."""
    with pytest.raises(UsageError, match=f"expected 1 to {MOST_PAIRS} pairs, got {pairs}"):
        planned("conv,size=8x4x4", "conv,size=8x4x4", pairs=pairs)


def test_each_side_comes_from_its_own_place() -> None:
    asked: list[tuple[str, Origin]] = []

    def inspect(sources: Sequence[str], _: Asked, origin: Origin) -> dict[str, Network]:
        asked.append((sources[0], origin))
        return {sources[0]: Network(source=sources[0], input_shape=(3, 8, 8), digest=origin.folder)}

    base, head = Origin(folder="/base", label="base"), Origin(python="/v/python", folder="/head", label="head")
    sides = parse_side("net.small:make"), parse_side("net.small:make")
    board = Device(name="pi4", ssh=SshTarget(destination="pi4"))
    here, there = comparison_pairs(sides, inspect, Axes(), [CPU, board], 1, (base, head))
    assert (here.first.origin, here.second.origin) == (base, head)
    assert (there.first.origin, there.second.origin) == (base, head)
    assert here.first.cell != here.second.cell
    # A board's Python builds nothing here, and what both devices ask for is built once.
    assert [origin for _, origin in asked] == [base, head, replace(head, python="")]


def test_a_network_of_the_zoo_takes_nothing_from_a_project() -> None:
    sides = parse_side("conv,size=8x4x4"), parse_side("fasternet_t0")
    project = Origin(python="/v/python", folder="/head", label="head")
    (pair,) = comparison_pairs(sides, no_inspection, Axes(), [CPU], 1, (project, project))
    assert pair.first.origin == pair.second.origin == replace(project, folder="")


def test_a_side_may_find_cold_caches() -> None:
    (pair,) = planned("dwconv,size=8x4x4,cache=cold", "dwconv,size=8x4x4")
    assert (pair.first.settings.cold_cache, pair.second.settings.cold_cache) == (True, False)
    with pytest.raises(ValueError, match="expected cache of warm, cold, got 'tepid'"):
        parse_side("dwconv,size=8x4x4,cache=tepid")


def test_a_side_is_fed_its_own_arrays() -> None:
    asked: list[Asked] = []

    def inspect(sources: Sequence[str], what: Asked, _: Origin) -> dict[str, Network]:
        asked.append(what)
        inputs = GivenInputs(source=str(what), digest=f"{len(asked)}" * 64)
        return {sources[0]: Network(source=sources[0], input_shape=(3, 8, 8), batch=4, inputs=inputs)}

    sides = parse_side("net.onnx,input-data=day.npz"), parse_side("net.onnx,input-data=night.npz")
    (pair,) = comparison_pairs(sides, inspect, Axes(), [CPU], 1)
    assert asked == [str(Path("day.npz").absolute()), str(Path("night.npz").absolute())]
    assert (pair.first.batch, pair.second.batch) == (4, 4)
    assert pair.first.runtime == "onnxruntime", "the file holds no PyTorch module"
    assert pair.first.workload.variant != pair.second.workload.variant
    with pytest.raises(UsageError, match="expected input or input-data, got both"):
        comparison_pairs((parse_side("resnet50,input=8,input-data=a.npz"), sides[0]), inspect, Axes(), [CPU], 1)
