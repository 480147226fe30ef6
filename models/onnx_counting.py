"""What the graph in an .onnx file costs, read from the file: parameters and multiply-adds, nothing run."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnx import inliner, shape_inference

Shape = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class GraphCost:
    """The cost of one graph, in the convention of count_rules.

    `macs` are per image. `params` are the floating-point elements of its weights, constants that the exporter folded
    included. `unseen` has a line for each operation that is not counted: one that nobody wrote a rule for and that
    may multiply, or one whose sizes the file leaves open.
    """

    params: int
    macs: int
    unseen: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Node:
    """One operation of the graph with the shapes around it; an absent optional input has none."""

    attributes: dict[str, Any]
    inputs: tuple[Shape, ...]
    output: Shape


Rule = Callable[[_Node], int]


def count_graph(path: Path, input_shape: tuple[int, int, int] | None = None) -> GraphCost:
    """Count the graph in `path`; `input_shape` (C, H, W) fills in sizes that the file leaves open.

    Raises ValueError where the file is no ONNX model.
    """
    try:
        model = onnx.load(path, load_external_data=False)
        if input_shape is not None:
            _fix_sizes(model.graph, input_shape)
        model = shape_inference.infer_shapes(inliner.inline_local_functions(model), data_prop=True)
    except Exception as error:  # protobuf's and onnx's errors share no public base class
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"expected an ONNX model at {path}, got {type(error).__name__}: {reason}") from error
    shapes = _shapes(model.graph)
    macs: int = 0
    skipped: Counter[str] = Counter()
    for node in model.graph.node:
        rule = _RULES.get(node.op_type) if node.domain in _KNOWN_DOMAINS else None
        needed = [*(name for name in node.input if name), node.output[0]]
        if rule is not None and all(name in shapes for name in needed):
            macs += rule(_describe(node, shapes))
        elif rule is not None:
            skipped[f"{node.op_type} of unknown size"] += 1
        elif node.op_type in _MAY_MULTIPLY or node.domain not in _KNOWN_DOMAINS:
            skipped[f"{node.domain}::{node.op_type}".removeprefix("::")] += 1
    total = len(model.graph.node)
    return GraphCost(
        params=sum(math.prod(weight.dims) for weight in model.graph.initializer if _is_float(weight)),
        macs=macs // _batch(model.graph, shapes),
        unseen=tuple(f"{name}: {calls} calls, {calls / total:.2%} of nodes" for name, calls in skipped.most_common()),
    )


def _convolution(weight: int, positions: int | None = None) -> Rule:
    """Once per output position, or, transposed, per position of the input of that index."""

    def rule(node: _Node) -> int:
        where = node.output if positions is None else node.inputs[positions]
        return math.prod(where) * math.prod(node.inputs[weight][1:])

    return rule


def _gemm(node: _Node) -> int:
    return math.prod(node.output) * node.inputs[0][0 if node.attributes.get("transA") else 1]


def _product(node: _Node) -> int:
    return math.prod(node.output) * node.inputs[0][-2 if node.attributes.get("transA") else -1]


def _einsum(node: _Node) -> int:
    """Once per combination of all letters, as a single pair of operands needs."""
    equation = node.attributes["equation"].decode().replace(" ", "").split("->")[0]
    letters: dict[str, int] = {}
    for term, shape in zip(equation.split(","), node.inputs, strict=True):
        letters.update(zip(term, shape, strict=True))
    return math.prod(letters.values()) if len(node.inputs) > 1 else 0


def _attention(node: _Node) -> int:
    """ONNX's own operator on (N, heads, length, width); on three dimensions, one head is the sum of all."""
    query, key, value = node.inputs[:3]
    return math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _per_input(count: int) -> Rule:
    return lambda node: count * math.prod(node.inputs[0])


def _resize(node: _Node) -> int:
    return math.prod(node.output) * (1 if node.attributes.get("mode", b"nearest") == b"nearest" else 4)


_KNOWN_DOMAINS = ("", "ai.onnx", "com.microsoft")
_RULES: dict[str, Rule] = {
    "Conv": _convolution(weight=1),
    "FusedConv": _convolution(weight=1),
    "ConvInteger": _convolution(weight=1),
    "QLinearConv": _convolution(weight=3),
    "ConvTranspose": _convolution(weight=1, positions=0),
    "Gemm": _gemm,
    "MatMul": _product,
    "FusedMatMul": _product,
    "MatMulInteger": _product,
    "QLinearMatMul": _product,
    "Einsum": _einsum,
    "Attention": _attention,
    "BatchNormalization": _per_input(2),
    "LayerNormalization": _per_input(5),
    "GroupNormalization": _per_input(5),
    "InstanceNormalization": _per_input(5),
    "GlobalAveragePool": _per_input(1),
    "Resize": _resize,
}
# Standard operations that multiply, or hold graphs that may, and have no rule here. All others count 0.
_MAY_MULTIPLY = frozenset(
    ("LSTM", "GRU", "RNN", "DeformConv", "DFT", "STFT", "Det", "GridSample", "If", "Loop", "Scan", "SequenceMap")
)


def _describe(node: Any, shapes: dict[str, Shape]) -> _Node:
    return _Node(
        attributes={item.name: onnx.helper.get_attribute_value(item) for item in node.attribute},
        inputs=tuple(shapes[name] if name else () for name in node.input),
        output=shapes[node.output[0]],
    )


def _shapes(graph: Any) -> dict[str, Shape]:
    """The shape of every tensor whose sizes are all known."""
    shapes: dict[str, Shape] = {weight.name: tuple(weight.dims) for weight in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if value.type.HasField("tensor_type") and kind.HasField("shape"):
            sizes = [size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim]
            if min(sizes, default=0) >= 0:
                shapes[value.name] = tuple(sizes)
    return shapes


def _fix_sizes(graph: Any, input_shape: tuple[int, int, int]) -> None:
    weights = {weight.name for weight in graph.initializer}
    for value in graph.input:
        sizes = value.type.tensor_type.shape.dim
        if value.name not in weights and len(sizes) == 4:
            for size, wanted in zip(sizes, (1, *input_shape), strict=True):
                if not size.dim_value:
                    size.dim_value = wanted


def _batch(graph: Any, shapes: dict[str, Shape]) -> int:
    weights = {weight.name for weight in graph.initializer}
    images = [shapes[value.name] for value in graph.input if value.name not in weights and value.name in shapes]
    return max(1, images[0][0]) if images and images[0] else 1


def _is_float(weight: Any) -> bool:
    return weight.data_type in (
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.FLOAT16,
        onnx.TensorProto.BFLOAT16,
        onnx.TensorProto.DOUBLE,
    )
