"""A user's .onnx file: what it takes, what it is fed, and that its output is its own."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.cache.store import Store
from bench.plan.axes import Axes, cells
from bench.plan.names import Asked, network_workloads
from bench.plan.support import unsupported
from bench.records.device import Device
from bench.records.workload import Unit
from bench.wire.messages import Network
from bench.worker.inputs import Declared, input_arrays
from bench.worker.onnx_file import Graph, self_contained
from bench.worker.output_check import QUANTISED_ERROR_LIMIT, arrays_in, check, read_reference
from bench.worker.runtimes import onnx_runtime
from models.registry import Pixels
from tests.made_up import unit
from tests.test_worker_inspect import inspected, prepared

FLOAT, HALF, UINT8, INT64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.INT64
Sizes = Sequence[int | str | None]
Input = tuple[str, int, Sizes]


def save(
    path: Path, nodes: Sequence[Any], inputs: Sequence[Input], weights: dict[str, Any], output: Any = None
) -> Path:
    """A graph whose output is `y`."""
    graph = helper.make_graph(
        nodes,
        "made_up",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [output or helper.make_tensor_value_info("y", FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def doubled(path: Path, sizes: Sizes, kind: int = FLOAT) -> Path:
    """y = x + x."""
    output = helper.make_tensor_value_info("y", kind, None)
    return save(path, [helper.make_node("Add", ["x", "x"], ["y"])], [("x", kind, sizes)], {}, output)


def planned(path: Path, input_px: Pixels | None = 8, axes: Axes | None = None, arrays: Path | None = None) -> Unit:
    """The unit that `bench models --model path` plans, with `--input` or `--input-data`."""

    def inspect(sources: Sequence[str], _: Asked) -> dict[str, Network]:
        found = {source: inspected(source, input_px or 0, str(arrays or "")) for source in sources}
        assert not any(each.reason for each in found.values()), found
        return found

    asked: list[Pixels | str] = [str(arrays)] if arrays else [input_px] if input_px else []
    workloads = network_workloads(inspect, [str(path)], asked, forms=("plain",), fused=True)
    (made,) = cells(workloads, axes or Axes(), Device(name="cpu"), ("onnxruntime",))
    return made


def checked(path: Path, made: Unit, tmp_path: Path) -> tuple[Any, ...]:
    """Its outputs in ONNX Runtime, compared with its reference; the artifact's MACs come last."""
    artifact = prepared(tmp_path / "cache", made)
    assert artifact.reason == ""
    assert artifact.cost is not None
    store = Store(tmp_path / "cache")
    loaded = onnx_runtime.load(made, store.path(artifact.model))
    error = check(made, loaded, lambda: read_reference(store.path(artifact.reference)))
    assert error is not None
    return (*arrays_in(loaded.output()), artifact.cost.macs)


@pytest.mark.parametrize("open_size", [-1, None, "n"])
def test_an_open_size_is_one_however_it_is_written(open_size: Any, tmp_path: Path) -> None:
    weights = {"w": np.ones((4, 3, 3, 3), dtype="float32")}
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    path = save(tmp_path / "net.onnx", nodes, [("x", FLOAT, (open_size, 3, open_size, open_size))], weights)
    assert "--input N" in inspected(str(path), 0).reason
    made = planned(path, 6, Axes(batches=(2,)))
    assert (made.batch, made.workload.input_shape) == (2, (3, 6, 6))
    output, macs = checked(path, made, tmp_path)
    assert output.shape == (2, 4, 6, 6)
    assert macs == 4 * 27 * 36  # per image


def test_a_fixed_batch_is_taken_and_another_refused_with_the_one_that_helps(tmp_path: Path) -> None:
    path = doubled(tmp_path / "net.onnx", (4, 3, 8, 8))
    made = planned(path)
    assert made.batch == 4
    assert unsupported(made, None) == ""
    output, _ = checked(path, made, tmp_path)
    assert output.shape == (4, 3, 8, 8)
    assert "give --batch 4" in unsupported(planned(path, axes=Axes(batches=(1,))), None)


@pytest.mark.parametrize(("kind", "own", "other"), [(FLOAT, "float32", "float16"), (HALF, "float16", "float32")])
def test_a_file_is_measured_in_its_own_dtype_and_no_other(kind: int, own: str, other: str, tmp_path: Path) -> None:
    path = doubled(tmp_path / "net.onnx", (1, 3, 8, 8), kind)
    made = planned(path)
    assert made.dtype == own
    assert unsupported(made, None) == ""
    output, _ = checked(path, made, tmp_path)
    assert output.dtype == own
    assert f"give --dtype {own}" in unsupported(planned(path, axes=Axes(dtypes=(other,))), None)


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [
        ((1, 8, 8, 3), (3, 8, 8)),
        (("n", None, None, 1), (1, 6, 6)),
        ((1, 1, 8, 8), (1, 8, 8)),
        ((1, 3, 5, 3), (3, 5, 3)),
        ((1, 4, 8, 8), (4, 8, 8)),
        ((None, None, None, None), (3, 6, 6)),
    ],
)
def test_channels_stand_where_the_sizes_say(sizes: Sizes, shape: tuple[int, int, int], tmp_path: Path) -> None:
    path = doubled(tmp_path / "net.onnx", sizes)
    made = planned(path, None if isinstance(sizes[2], int) else 6)
    assert made.workload.input_shape == shape
    output, _ = checked(path, made, tmp_path)
    channels_last = sizes[-1] in (1, 3) and sizes[1] not in (1, 3)
    assert output.shape == (1, *((*shape[1:], shape[0]) if channels_last else shape))


def test_open_channels_are_those_of_the_first_convolution(tmp_path: Path) -> None:
    weights = {"w": np.ones((4, 1, 3, 3), dtype="float32")}
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], group=2)]
    made = planned(save(tmp_path / "net.onnx", nodes, [("x", FLOAT, (-1, -1, -1, -1))], weights))
    assert made.workload.input_shape == (2, 8, 8)


def test_a_half_graph_between_float_ends_computes_in_half(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=HALF),
        helper.make_node("Mul", ["h", "w"], ["z"]),
        helper.make_node("Cast", ["z"], ["y"], to=FLOAT),
    ]
    path = save(tmp_path / "net.onnx", nodes, [("x", FLOAT, (1, 3, 8, 8))], {"w": np.full(8, 3, dtype="float16")})
    made = planned(path)
    assert made.dtype == "float16"
    output, _ = checked(path, made, tmp_path)
    assert output.dtype == "float32"


def test_inputs_are_drawn_by_their_dtype() -> None:
    def drawn(dtype: str, *sizes: int) -> Any:
        (array,) = input_arrays(unit(), [Declared(name="x", dtype=dtype, sizes=sizes)])
        assert array.dtype == dtype
        return array

    assert abs(drawn("float16", 1, 3, 32, 32).mean()) < 0.1
    assert (drawn("uint8", 1, 3, 64, 64).min(), drawn("uint8", 1, 3, 64, 64).max()) == (0, 255)
    assert (drawn("int8", 1, 3, 64, 64).min(), drawn("int8", 1, 3, 64, 64).max()) == (-128, 127)
    assert (drawn("int32", 1, 3, 64, 64).min(), drawn("int32", 1, 3, 64, 64).max()) == (0, 255)
    assert set(drawn("int64", 1, 99).ravel()) == {0, 1}
    assert set(drawn("bool", 1, 99).ravel()) == {False, True}


def test_several_inputs_are_drawn_each_by_its_declaration(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["a"], to=FLOAT),
        helper.make_node("Mul", ["a", "mask"], ["b"]),
        helper.make_node("Gather", ["rows", "index"], ["c"]),
        helper.make_node("ReduceSum", ["c"], ["d"], keepdims=0),
        helper.make_node("Add", ["b", "d"], ["y"]),
    ]
    inputs: list[Input] = [
        ("x", UINT8, ("n", 3, None, None)),
        ("mask", FLOAT, ("n", 1, None, None)),
        ("index", INT64, ("n",)),
    ]
    path = save(tmp_path / "net.onnx", nodes, inputs, {"rows": np.array([[2, 3], [5, 7]], dtype="float32")})
    made = planned(path, 8, Axes(batches=(2,)))
    output, _ = checked(path, made, tmp_path)
    image, mask, index = input_arrays(made, Graph.read(path, self_contained(path)).inputs)
    assert (image.shape, mask.shape, index.shape) == ((2, 3, 8, 8), (2, 1, 8, 8), (2,))
    np.testing.assert_allclose(output, image * mask + np.array([5, 12])[index].sum(), rtol=1e-6)


@pytest.mark.parametrize(
    ("inputs", "remedy"),
    [
        ([("x", FLOAT, (1, 16))], "export it with an input of four sizes"),
        ([("x", FLOAT, (1, 3, 8, 8)), ("z", FLOAT, (1, None))], "export it with them"),
        ([("x", FLOAT, None)], "export it so"),
        (
            [("x", TensorProto.DOUBLE, (1, 3, 8, 8))],
            "to compute in float32 or .*, got float64; export it so",
        ),
        (
            [("x", FLOAT, (1, 3, 8, 8)), ("s", TensorProto.STRING, (1,))],
            "numbers for 's', .*, got string; export it with",
        ),
        ([("x", FLOAT, (1, 3, 0, 8))], "sizes of at least 1, or open ones, got .*; export it so"),
    ],
)
def test_what_cannot_be_fed_is_said_with_what_helps(inputs: Sequence[Input], remedy: str, tmp_path: Path) -> None:
    path = save(tmp_path / "net.onnx", [helper.make_node("Identity", ["x"], ["y"])], inputs, {})
    reason = inspected(str(path), 8).reason
    assert "\n" not in reason
    assert "--input N" not in reason
    assert re.search(remedy, reason), reason


@pytest.mark.parametrize("fixed", [(1, 3, 8, 8), (1, 3, None, 8)])
def test_a_fixed_size_is_named_where_another_is_asked_for(fixed: Sizes, tmp_path: Path) -> None:
    reason = inspected(str(doubled(tmp_path / "net.onnx", fixed)), 16).reason
    assert reason.startswith("expected --input 8 ")
    wide = inspected(str(doubled(tmp_path / "net.onnx", (1, 3, 8, 12))), 16).reason
    assert "expected no --input" in wide
    assert "8x12" in wide
    assert inspected(str(tmp_path / "net.onnx"), (8, 12)).input_shape == (3, 8, 12)


def test_an_open_size_is_taken_as_height_and_width(tmp_path: Path) -> None:
    path = str(doubled(tmp_path / "net.onnx", (1, 3, None, 12)))
    assert inspected(path, (8, 12)).input_shape == (3, 8, 12)
    assert "got --input 8x16" in inspected(path, (8, 16)).reason


def test_weights_listed_as_inputs_are_not_fed(tmp_path: Path) -> None:
    """Files of IR version 3 list them all."""
    weights = {"w": np.full((1, 3, 1, 1), 2, dtype="float32")}
    inputs: list[Input] = [("w", FLOAT, (1, 3, 1, 1)), ("x", FLOAT, (1, 3, 8, 8))]
    path = save(tmp_path / "net.onnx", [helper.make_node("Mul", ["x", "w"], ["y"])], inputs, weights)
    output, _ = checked(path, planned(path), tmp_path)
    (image,) = input_arrays(planned(path), Graph.read(path, self_contained(path)).inputs)
    np.testing.assert_array_equal(output, 2 * image)


def test_a_sequence_is_an_output_of_several_arrays(tmp_path: Path) -> None:
    nodes = [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("SequenceConstruct", ["x", "a"], ["y"])]
    output = helper.make_tensor_sequence_value_info("y", FLOAT, None)
    path = save(tmp_path / "net.onnx", nodes, [("x", FLOAT, (1, 3, 8, 8))], {}, output)
    first, second, _ = checked(path, planned(path), tmp_path)
    np.testing.assert_array_equal(first, -second)


def test_a_graph_with_chance_in_it_says_so(tmp_path: Path) -> None:
    nodes = [helper.make_node("RandomNormalLike", ["x"], ["y"])]
    path = save(tmp_path / "net.onnx", nodes, [("x", FLOAT, (1, 3, 8, 8))], {})
    made = prepared(tmp_path / "cache", planned(path))
    assert (made.kind, made.model) == ("wrong_output", "")
    assert "answers differently each time" in made.reason


def quantised(path: Path, scale: float) -> Path:
    """A pointwise convolution between two quantisers whose step is `scale`."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "t", "z"], ["wd"]),
        helper.make_node("Conv", ["xd", "wd"], ["c"]),
        helper.make_node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "s", "z"], ["y"]),
    ]
    weights = {
        "s": np.float32(scale),
        "t": np.float32(0.01),
        "z": np.int8(0),
        "w": np.random.default_rng(0).integers(-99, 99, (8, 3, 1, 1)).astype("int8"),
    }
    return save(path, nodes, [("x", FLOAT, (1, 3, 8, 8))], weights)


@pytest.mark.parametrize(("scale", "usual"), [(1 / 32, True), (1.0, False)])
def test_a_quantised_graph_may_be_off_by_some_of_its_steps(scale: float, usual: bool, tmp_path: Path) -> None:
    """By a tenth, or by two steps where each is a large part of the whole."""
    path = quantised(tmp_path / "net.onnx", scale)
    graph = Graph.read(path, self_contained(path))
    assert graph.is_quantised
    assert graph.output_step == scale
    assert not Graph.read(path, self_contained(doubled(tmp_path / "plain.onnx", (1, 3, 8, 8)))).is_quantised
    made = planned(path)
    output, _ = checked(path, made, tmp_path)
    artifact = prepared(tmp_path / "cache", made)
    found = read_reference(Store(tmp_path / "cache").path(artifact.reference)).limit
    assert found == pytest.approx(max(QUANTISED_ERROR_LIMIT, 2 * scale / np.abs(output).max()))
    assert (found == QUANTISED_ERROR_LIMIT) == usual
