"""Graphs of few kinds of node as .onnx bytes, written without `onnx`, which no board has.

The numbers of fields are those of onnx.proto (ONNX 1.16, IR version 8), the wire format that of protobuf.
"""

from itertools import pairwise
from math import prod

FLOAT32, UINT8, INT8, INT32, FLOAT16 = 1, 2, 3, 6, 10  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 13


def product_graph(shape: tuple[int, int, int], dtype: str, weights: bytes) -> bytes:
    """c = a x b, b being the (k, n) `weights`, which a runtime may lay out as it likes; in int8 c is int32."""
    (m, k, n), (left, right, result, operator) = shape, _KINDS[dtype]
    if len(weights) != prod((k, n)) * _SIZES[right]:
        raise ValueError(f"expected {k * n} weights, got {len(weights)} bytes")
    tensor = _ints(1, k, n) + _int(2, right) + _bytes(8, b"b") + _bytes(9, weights)
    node = _node(operator, ("a", "b"), "c")
    return _model(node, _bytes(5, tensor), _value("a", left, m, k), _value("c", result, m, n))


def identity_graph() -> bytes:
    """c = a, of one number."""
    return _model(_node("Identity", ("a",), "c"), b"", _value("a", FLOAT32, 1), _value("c", FLOAT32, 1))


def chain_graph(nodes: int, *sizes: int) -> bytes:
    """c = sigmoid(...(sigmoid(a))), a node with a name for each: next to no work, and nothing to be optimised away."""
    tensors = ["a", *(f"b{index}" for index in range(1, nodes)), "c"]
    chain = (
        _node("Sigmoid", (taken,), made, f"stages.0.blocks.0.chain/Sigmoid_{index}")
        for index, (taken, made) in enumerate(pairwise(tensors))
    )
    return _model(b"".join(chain), b"", _value("a", FLOAT32, *sizes), _value("c", FLOAT32, *sizes))


_KINDS = {
    "float32": (FLOAT32, FLOAT32, FLOAT32, "MatMul"),
    "float16": (FLOAT16, FLOAT16, FLOAT16, "MatMul"),
    "int8": (UINT8, INT8, INT32, "MatMulInteger"),
}
_SIZES = {FLOAT32: 4, FLOAT16: 2, INT8: 1}


def _node(operator: str, inputs: tuple[str, ...], output: str, name: str = "") -> bytes:
    tensors = b"".join(_bytes(1, each.encode()) for each in inputs) + _bytes(2, output.encode())
    return _bytes(1, tensors + _bytes(3, name.encode()) + _bytes(4, operator.encode()))


def _model(nodes: bytes, weights: bytes, given: bytes, result: bytes) -> bytes:
    graph = nodes + _bytes(2, b"peak") + weights + _bytes(11, given) + _bytes(12, result)
    return _int(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _int(2, _OPSET))


def _value(name: str, kind: int, *sizes: int) -> bytes:
    shape = b"".join(_bytes(1, _int(1, size)) for size in sizes)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _int(1, kind) + _bytes(2, shape)))


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _ints(field: int, *values: int) -> bytes:
    return b"".join(_int(field, value) for value in values)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
