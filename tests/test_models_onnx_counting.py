"""The counts read from a graph, worked by hand; test_models_export.py holds them against those of networks."""

from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

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
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("some.where", 1)]),
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
    assert count_graph(path, (4, 6, 6)).macs == count_graph(_small(tmp_path / "one.onnx", 1)).macs


def test_einsum_counts_each_combination_of_letters(tmp_path: Path) -> None:
    nodes = [helper.make_node("Einsum", ["x", "w"], ["y"], equation="nchw,cd->ndhw")]
    assert count_graph(_save(tmp_path / "net.onnx", nodes, {"w": [4, 5]}, 2)).macs == 4 * 36 * 5


def test_what_has_no_rule_is_listed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Mystery", ["a"], ["y"], domain="some.where"),
    ]
    assert count_graph(_save(tmp_path / "net.onnx", nodes, {}, 1)).unseen == (
        "some.where::Mystery: 1 calls, 50.00% of nodes",
    )


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match="expected an ONNX model"):
        count_graph(path)
