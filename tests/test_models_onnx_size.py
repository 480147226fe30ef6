"""The size of a graph, worked by hand."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from models.onnx_size import GraphSize, graph_size

F32 = 4
IMAGE = 4 * 6 * 6 * F32


def save(path: Path, nodes: list[onnx.NodeProto], batch: int | str = 1, given: int = TensorProto.FLOAT) -> Path:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", given, [batch, 4, 6, 6])],
        [helper.make_tensor_value_info("y", given, None)],
        [helper.make_tensor("w", TensorProto.FLOAT, [8, 4, 1, 1], [0.5] * 32)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=8), path)
    return path


def chain() -> list[onnx.NodeProto]:
    return [helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_chain_holds_two_tensors_at_once(batch: int, tmp_path: Path) -> None:
    """x beside a is 3 images; a beside y, each of twice the channels, is 4; the weights do not count."""
    size = graph_size(save(tmp_path / "net.onnx", chain(), batch))
    assert size == GraphSize(nodes=2, peak_bytes=4 * IMAGE * batch)


def test_what_is_read_later_stays(tmp_path: Path) -> None:
    """x is added at the end: at the second node x, a and b live, at the third x, b and y: three images each."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Add", ["x", "b"], ["y"]),
    ]
    assert graph_size(save(tmp_path / "net.onnx", nodes)).peak_bytes == 3 * IMAGE
    # The same with the shortcut made anew from b: two at a time.
    nodes[2] = helper.make_node("Add", ["b", "b"], ["y"])
    assert graph_size(save(tmp_path / "net.onnx", nodes)).peak_bytes == 2 * IMAGE


def test_a_result_that_nothing_reads_is_gone_at_once_and_an_output_stays(tmp_path: Path) -> None:
    unread = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Relu", ["x"], ["left"])]
    assert graph_size(save(tmp_path / "net.onnx", unread)).peak_bytes == 3 * IMAGE


def test_a_branch_reads_what_lies_around_it(tmp_path: Path) -> None:
    """`a` is read by the branches alone; it lives until they have run: x is gone by then."""
    branch = [
        helper.make_graph([helper.make_node(op, ["a"], ["z"])], op, [], [_image("z")]) for op in ("Relu", "Sigmoid")
    ]
    nodes = [
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("", TensorProto.BOOL, [], [True])),
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("If", ["yes"], ["c"], then_branch=branch[0], else_branch=branch[1]),
        helper.make_node("Add", ["b", "c"], ["y"]),
    ]
    assert graph_size(save(tmp_path / "net.onnx", nodes)) == GraphSize(nodes=4, peak_bytes=3 * IMAGE)


def test_half_the_bytes_in_half_precision(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    assert graph_size(save(tmp_path / "net.onnx", nodes, given=TensorProto.FLOAT16)).peak_bytes == IMAGE


def test_an_open_size_is_none_and_can_be_given(tmp_path: Path) -> None:
    path = save(tmp_path / "net.onnx", chain(), "N")
    assert graph_size(path) == GraphSize(nodes=2, peak_bytes=None)
    assert graph_size(path, {"x": (2, 4, 6, 6)}).peak_bytes == 8 * IMAGE


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match="expected an ONNX model"):
        graph_size(tmp_path / "net.onnx")


def _image(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 6, 6])
