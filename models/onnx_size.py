"""How large a graph is: its operations, and the activations that are live at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import onnx

from models.onnx_params import subgraphs
from models.onnx_shapes import load_with_shapes, shapes_of


@dataclass(frozen=True, kw_only=True)
class GraphSize:
    """Operations, constants left out, and the most bytes live at once; None where a tensor's size is unknown."""

    nodes: int
    peak_bytes: int | None


def graph_size(path: Path, input_shapes: Mapping[str, Sequence[int]] | None = None) -> GraphSize:
    """Of the graph in `path`, its nodes run in the file's order, each tensor a block of its own, nothing in place.

    A tensor lives from the node that makes it to the last that reads it, an input of the graph from the start, an
    output to the end; weights do not count. Raises ValueError where the file is no ONNX model.
    """
    model = load_with_shapes(path, input_shapes)
    nodes = [node for node in model.graph.node if node.op_type != "Constant"]
    try:
        return GraphSize(nodes=len(nodes), peak_bytes=_peak(model.graph, nodes))
    except KeyError:
        return GraphSize(nodes=len(nodes), peak_bytes=None)


def _peak(graph: Any, nodes: Sequence[Any]) -> int:
    """KeyError where a tensor's size is unknown."""
    sizes, weights = _bytes_by_name(graph), {tensor.name for tensor in graph.initializer}
    ends = _last_uses(graph, nodes)
    live = {value.name: sizes[value.name] for value in graph.input if value.name not in weights}
    peak = sum(live.values())
    for position, node in enumerate(nodes):
        live |= {name: sizes[name] for name in node.output if name}
        peak = max(peak, sum(live.values()))
        live = {name: size for name, size in live.items() if ends.get(name, -1) > position}
    return peak


def _last_uses(graph: Any, nodes: Sequence[Any]) -> dict[str, int]:
    """The position of the last node that reads each tensor; past the end for what the graph gives back."""
    found = {name: position for position, node in enumerate(nodes) for name in _reads(node)}
    return found | {value.name: len(nodes) for value in graph.output}


def _reads(node: Any) -> Iterator[str]:
    """What the node takes, and what the graphs that it holds take from around them."""
    yield from node.input
    for graph in subgraphs(node):
        for inner in graph.node:
            yield from _reads(inner)


def _bytes_by_name(graph: Any) -> dict[str, int]:
    values = {value.name: value for value in (*graph.input, *graph.value_info, *graph.output)}
    return {
        name: prod(shape) * onnx.helper.tensor_dtype_to_np_dtype(values[name].type.tensor_type.elem_type).itemsize
        for name, shape in shapes_of(graph).items()
        if name in values
    }
