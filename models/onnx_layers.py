"""What each operation of an .onnx file belongs to and costs, before any runtime fuses it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.layer_kinds import kind_of_operation, stride_of
from models.onnx_counting import UncountedError, batch_of, macs_of_node
from models.onnx_names import layer_of
from models.onnx_params import constants, params_by_node
from models.onnx_rules import Shape
from models.onnx_shapes import load_with_shapes, shapes_of


@dataclass(frozen=True, kw_only=True)
class GraphLayer:
    """One operation. `macs` are per image, None where it is not counted; `outputs` are the names of what it makes."""

    name: str
    layer: str  # the path of its module
    kind: str
    macs: int | None
    params: int
    stride: int  # as `stride_of` has it
    outputs: tuple[str, ...]
    takes: tuple[str, ...]  # the names of those whose outputs it reads


def graph_layers(
    path: Path, image: Sequence[int], input_shapes: Mapping[str, Sequence[int]] | None = None
) -> tuple[GraphLayer, ...]:
    """The operations of the graph in `path` on images of that (H, W), in the file's order.

    `input_shapes` fills in, by an input's name, sizes that the file leaves open. ValueError where it is no ONNX model.
    """
    graph = load_with_shapes(path, input_shapes).graph
    shapes, weights = shapes_of(graph), {name for name, _ in constants(graph)}
    batch = batch_of(graph, shapes)
    params = params_by_node(graph)
    makers = {output: _name(node) for node in graph.node for output in node.output}
    return tuple(
        GraphLayer(
            name=_name(node),
            layer=layer_of(node),
            kind=_kind(node, shapes, weights),
            macs=_macs(node, shapes, batch),
            params=own,
            stride=stride_of(shapes.get(node.output[0], ()) if node.output else (), batch, image),
            outputs=tuple(filter(None, node.output)),
            takes=tuple(dict.fromkeys(makers[name] for name in node.input if name in makers)),
        )
        for node, own in zip(graph.node, params, strict=True)
    )


def _name(node: Any) -> str:
    return str(node.name or next(filter(None, node.output), node.op_type))


def _macs(node: Any, shapes: dict[str, Shape], batch: int) -> int | None:
    try:
        return macs_of_node(node, shapes) // batch
    except UncountedError:
        return None


def _kind(node: Any, shapes: dict[str, Shape], weights: set[str]) -> str:
    groups = next((item.i for item in node.attribute if item.name == "group"), 1)
    second = node.input[1] if len(node.input) > 1 else ""
    return kind_of_operation(node.op_type, groups, shapes.get(second) if second in weights else None)
