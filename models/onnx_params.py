"""How many parameters a graph holds, whatever their dtype and wherever they stand."""

import math
from collections.abc import Iterator
from typing import Any

import onnx
from onnx import TensorProto

# Weights and biases by dtype; those of 32 bits among the integers only where a quantised operation adds them.
_WEIGHTS = frozenset(
    getattr(TensorProto, name)
    for name in (
        *("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT4", "UINT4", "INT2"),
        *("UINT2", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT4E2M1"),
    )
    if hasattr(TensorProto, name)
)
# Which inputs of quantised operations are data; the others are scales and zero points.
_QUANTISED = {
    "QuantizeLinear": (0,),
    "DequantizeLinear": (0,),
    "DynamicQuantizeLSTM": tuple(range(8)),
    "DynamicQuantizeMatMul": (0, 1, 4),
    "GatherBlockQuantized": (0,),
    "MatMulInteger": (0, 1),
    "MatMulIntegerToFloat": (0, 1, 6),
    "MatMulNBits": (0, 1, 5),
    "ConvInteger": (0, 1),
    "QAttention": (0, 1, 2, 8),
    "QEmbedLayerNormalization": tuple(range(8)),
    "QGemm": (0, 3, 6),
    "QLinearConcat": tuple(range(2, 1000, 3)),
    "QLinearConv": (0, 3, 8),
    "QLinearWhere": (0, 1, 4),
}
# Which inputs of others are data; the rest are bounds, sizes and values to fill in.
_SETTINGS = {"Clip": (0,), "Pad": (0,), "Resize": (0,), "Upsample": (0,), "Dropout": (0,)}


def subgraphs(node: Any) -> Iterator[Any]:
    """The graphs that an If, a Loop or a Scan holds."""
    for item in node.attribute:
        yield from (item.g,) if item.type == onnx.AttributeProto.GRAPH else item.graphs


def count_params(graph: Any) -> int:
    """The elements of all constants that some operation takes as data; a scalar is a setting."""
    sizes = _sizes(graph)
    wanted = {name for inner in with_subgraphs(graph) for node in inner.node for name in _data(node)}
    return sum(size for name, size in sizes.items() if name in wanted)


def params_by_node(graph: Any) -> list[int]:
    """The same for each of the graph's own nodes; what several take is the first one's."""
    left = _sizes(graph)
    return [sum(left.pop(name, 0) for name in _data(node)) for node in graph.node]


def _sizes(graph: Any) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for inner in with_subgraphs(graph):
        quantised = {name for node in inner.node for name in _data(node, quantised_only=True)}
        for name, tensor in constants(inner):
            is_bias = tensor.data_type == TensorProto.INT32 and name in quantised
            if tensor.dims and (tensor.data_type in _WEIGHTS or is_bias):
                sizes[name] = math.prod(tensor.dims)
        for node in inner.node:
            if node.op_type == "MatMulNBits":  # packed, several to an element
                packed = {item.name: item.i for item in node.attribute}
                sizes[node.input[1]] = packed["K"] * packed["N"]
    return sizes


def with_subgraphs(graph: Any) -> Iterator[Any]:
    """The graph, then those that its operations hold, and so on inwards."""
    yield graph
    for node in graph.node:
        for inner in subgraphs(node):
            yield from with_subgraphs(inner)


def constants(graph: Any) -> Iterator[tuple[str, Any]]:
    """Initializers, and what Constant nodes hold; of sparse ones the dense size."""
    yield from ((tensor.name, tensor) for tensor in graph.initializer)
    yield from ((sparse.values.name, sparse.values) for sparse in graph.sparse_initializer)
    for node in graph.node:
        if node.op_type == "Constant":
            for item in node.attribute:
                if item.name == "value":
                    yield node.output[0], item.t
                elif item.name == "value_floats":
                    yield (
                        node.output[0],
                        onnx.helper.make_tensor("", TensorProto.FLOAT, [len(item.floats)], item.floats),
                    )


def _data(node: Any, *, quantised_only: bool = False) -> list[str]:
    """The names that the node takes as data."""
    positions = _QUANTISED.get(node.op_type, (0, 3) if node.op_type.startswith("QLinear") else None)
    if positions is None:
        if quantised_only:
            return []
        positions = _SETTINGS.get(node.op_type)
    return [name for index, name in enumerate(node.input) if name and (positions is None or index in positions)]
