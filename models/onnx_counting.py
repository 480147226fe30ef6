"""What the graph in an .onnx file costs, read from the file: parameters and multiply-adds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from models.onnx_params import count_params, subgraphs
from models.onnx_rules import RULES, Node, OpenSizeError, Shape, counts_nothing
from models.onnx_shapes import load_with_shapes, shapes_of


class UncountedError(Exception):
    """An operation that nobody counts, by its name."""


@dataclass(frozen=True, kw_only=True)
class GraphCost:
    """The cost of one graph, in the convention of count_rules.

    `macs` are per image, None where operations are `unseen`. `params` are the elements of its weights, constants that
    the exporter folded included, scales and zero points not. `unseen` has a line for each operation that is not
    counted: one that nobody wrote a rule for and that may multiply, or one whose sizes the file leaves open.
    """

    params: int
    macs: int | None
    unseen: tuple[str, ...]


def count_graph(path: Path, input_shapes: Mapping[str, Sequence[int]] | None = None) -> GraphCost:
    """Count the graph in `path`; `input_shapes` fills in, by an input's name, sizes that the file leaves open.

    Raises ValueError where the file is no ONNX model.
    """
    model = load_with_shapes(path, input_shapes)
    shapes = shapes_of(model.graph)
    macs: int = 0
    skipped: Counter[str] = Counter()
    for node in model.graph.node:
        try:
            macs += macs_of_node(node, shapes)
        except UncountedError as error:
            skipped[str(error)] += 1
    total = len(model.graph.node)
    return GraphCost(
        params=count_params(model.graph),
        macs=None if skipped else macs // batch_of(model.graph, shapes),
        unseen=tuple(f"{name}: {calls} calls, {calls / total:.2%} of nodes" for name, calls in skipped.most_common()),
    )


def macs_of_node(node: Any, shapes: dict[str, Shape]) -> int:
    """Multiply-adds of one operation over the whole batch; UncountedError names one that is not counted."""
    rule = RULES.get((node.domain, node.op_type))
    if rule is None and _is_free(node):
        return 0
    if rule is None:
        raise UncountedError(f"{node.domain}::{node.op_type}".removeprefix("::"))
    try:
        return rule(_describe(node, shapes))
    except (OpenSizeError, IndexError, ValueError):  # the latter where a graph is not as its schema says
        raise UncountedError(f"{node.op_type} of unknown size") from None


def _is_free(node: Any) -> bool:
    """Whether the operation counts 0; a branch or a loop does where all that it holds does."""
    held = list(subgraphs(node))
    if not held:
        return counts_nothing(node.domain, node.op_type)
    return all(_is_free(each) for graph in held for each in graph.node)


def _describe(node: Any, shapes: dict[str, Shape]) -> Node:
    return Node(
        attributes={item.name: onnx.helper.get_attribute_value(item) for item in node.attribute},
        inputs=tuple(shapes.get(name) if name else () for name in node.input),
        outputs=tuple(shapes.get(name) if name else () for name in node.output),
    )


def batch_of(graph: Any, shapes: dict[str, Shape]) -> int:
    """How many images the graph takes in one call."""
    weights = {weight.name for weight in graph.initializer}
    images = [shapes[value.name] for value in graph.input if value.name not in weights and value.name in shapes]
    first = next((sizes for sizes in images if len(sizes) == 4), images[0] if images else ())
    return max(1, first[0]) if first else 1
