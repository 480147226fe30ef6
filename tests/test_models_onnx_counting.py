"""The counts read from a graph, worked by hand; test_models_export.py holds them against those of networks."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_dynamic, quantize_static

from models.onnx_counting import count_graph


def _save(path: Path, nodes: list[onnx.NodeProto], weights: dict[str, list[int]], batch: int | str) -> Path:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 4, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            helper.make_tensor(name, TensorProto.FLOAT, dims, [0.5] * int(torch.Size(dims).numel()))
            for name, dims in weights.items()
        ],
    )
    onnx.save(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("some.where", 1)], ir_version=8
        ),
        path,
    )
    return path


def _small(path: Path, batch: int | str) -> Path:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "v", "u"], ["y"], transB=1),
    ]
    return _save(path, nodes, {"w": [8, 4, 3, 3], "v": [10, 8], "u": [10]}, batch)


@pytest.mark.parametrize("batch", [1, 3])
def test_counts_a_graph_worked_by_hand(batch: int, tmp_path: Path) -> None:
    cost = count_graph(_small(tmp_path / "net.onnx", batch))
    assert cost.params == 8 * 36 + 80 + 10
    assert cost.macs == 16 * 8 * 36 + 16 * 8 + 80  # conv to 4x4, pooling, linear
    assert cost.unseen == ()


def test_open_sizes_are_said_and_can_be_given(tmp_path: Path) -> None:
    path = _small(tmp_path / "net.onnx", "N")
    assert count_graph(path).unseen == (
        "Conv of unknown size: 1 calls, 20.00% of nodes",
        "GlobalAveragePool of unknown size: 1 calls, 20.00% of nodes",
        "Gemm of unknown size: 1 calls, 20.00% of nodes",
    )
    assert count_graph(path, {"x": (1, 4, 6, 6)}).macs == count_graph(_small(tmp_path / "one.onnx", 1)).macs


def test_einsum_counts_each_combination_of_letters(tmp_path: Path) -> None:
    nodes = [helper.make_node("Einsum", ["x", "w"], ["y"], equation="nchw,cd->ndhw")]
    assert count_graph(_save(tmp_path / "net.onnx", nodes, {"w": [4, 5]}, 2)).macs == 4 * 36 * 5


def test_what_has_no_rule_is_listed_and_empties_the_count(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Mystery", ["a"], ["y"], domain="some.where"),
    ]
    cost = count_graph(_save(tmp_path / "net.onnx", nodes, {"w": [8, 4, 3, 3]}, 1))
    assert cost.unseen == ("some.where::Mystery: 1 calls, 50.00% of nodes",)
    assert (cost.macs, cost.params) == (None, 8 * 36)


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_operators_worked_by_hand(kind: str, gates: int, directions: int, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"], axis=2),  # (4, 36): four steps of one image
        helper.make_node("Unsqueeze", ["f", "one"], ["s"]),
        helper.make_node(
            kind, ["s", "w", "r"], ["y"], hidden_size=5, direction="forward" if directions == 1 else "bidirectional"
        ),
    ]
    weights = {"w": [directions, gates * 5, 36], "r": [directions, gates * 5, 5]}
    path = _save(tmp_path / "net.onnx", nodes, weights, 1)
    model = onnx.load(path)
    model.graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, [1], [1]))
    onnx.save(model, path)
    cost = count_graph(path)
    assert cost.macs == 4 * gates * 5 * (36 + 5) * directions
    assert cost.params == gates * 5 * (36 + 5) * directions


def _quantised(path: Path, how: str) -> Path:
    """The small network above with integer weights: one scale and one zero point to each tensor."""

    class Images(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
        def __init__(self) -> None:
            self.left = iter([{"x": np.linspace(-1, 1, 144, dtype=np.float32).reshape(1, 4, 6, 6)}])

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            return next(self.left, None)

    plain = _small(path.with_name("plain.onnx"), 1)
    model = onnx.load(plain)
    del model.opset_import[1:]
    model.opset_import[0].version = 17
    onnx.save(model, plain)
    if how == "dynamic":
        quantize_dynamic(plain, path, op_types_to_quantize=["MatMul", "Gemm", "Conv"])
    else:
        quantize_static(plain, path, Images(), quant_format=QuantFormat[how])
    return path


@pytest.mark.parametrize("how", ["QDQ", "QOperator", "dynamic"])
def test_a_quantised_graph_counts_what_the_plain_one_does(how: str, tmp_path: Path) -> None:
    cost = count_graph(_quantised(tmp_path / "net.onnx", how))
    assert cost.unseen == ()
    assert cost.macs == 16 * 8 * 36 + 16 * 8 + 80
    assert cost.params == 8 * 36 + 80 + 10  # no scale, no zero point


def test_onnx_runtimes_own_operations_count_as_what_they_fuse(tmp_path: Path) -> None:
    """Five tokens of 8 with two heads: the projection to 24, then every token with every other, twice."""
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["t"]),  # (1, 18, 8)
        helper.make_node("Attention", ["t", "w", "b"], ["a"], domain="com.microsoft", num_heads=2),
        helper.make_node("FusedMatMul", ["a", "v"], ["m"], domain="com.microsoft", transB=1),
        helper.make_node("FastGelu", ["m"], ["y"], domain="com.microsoft"),
    ]
    path = _save(tmp_path / "net.onnx", nodes, {"w": [8, 24], "b": [24], "v": [3, 8]}, 1)
    model = onnx.load(path)
    model.graph.initializer.append(helper.make_tensor("shape", TensorProto.INT64, [3], [1, 18, 8]))
    model.opset_import[1].domain = "com.microsoft"
    onnx.save(model, path)
    cost = count_graph(path)
    assert (cost.macs, cost.unseen) == (18 * 8 * 24 + 2 * 18 * 18 * 8 + 18 * 8 * 3, ())
    assert cost.params == 8 * 24 + 24 + 3 * 8


def _branching(path: Path, inner: onnx.NodeProto, weights: list[onnx.TensorProto]) -> Path:
    branch = helper.make_graph([inner], "branch", [], [helper.make_empty_tensor_value_info("z")], weights)
    nodes = [
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("", TensorProto.BOOL, [], [True])),
        helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch),
    ]
    return _save(path, nodes, {}, 1)


def test_a_branch_that_multiplies_is_named_and_its_weights_are_counted(tmp_path: Path) -> None:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 4, 1, 1], [0.5] * 32)
    cost = count_graph(_branching(tmp_path / "a.onnx", helper.make_node("Conv", ["x", "w"], ["z"]), [weight]))
    assert (cost.macs, cost.params) == (None, 32)
    assert cost.unseen == ("If: 1 calls, 50.00% of nodes",)
    free = count_graph(_branching(tmp_path / "b.onnx", helper.make_node("Relu", ["x"], ["z"]), []))
    assert (free.macs, free.unseen) == (0, ())


def test_weights_in_constant_nodes_are_parameters_and_settings_are_not(tmp_path: Path) -> None:
    weight = helper.make_tensor("", TensorProto.FLOAT, [8, 4, 3, 3], [0.5] * 288)
    nodes = [
        helper.make_node("Constant", [], ["w"], value=weight),
        helper.make_node("Constant", [], ["six"], value_float=6.0),
        helper.make_node("Constant", [], ["sides"], value_floats=[1.0, 1.0, 2.0, 2.0]),
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Clip", ["a", "", "six"], ["b"]),
        helper.make_node("Resize", ["b", "", "sides"], ["y"], mode="linear"),
    ]
    cost = count_graph(_save(tmp_path / "net.onnx", nodes, {}, 1))
    assert cost.params == 288
    assert cost.macs == 16 * 8 * 36 + 4 * 8 * 64  # four neighbours to a pixel


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match="expected an ONNX model"):
        count_graph(path)
