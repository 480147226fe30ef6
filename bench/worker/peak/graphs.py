"""Graphs of one node as .onnx bytes, written without `onnx`, which no board has.

The numbers of fields are those of onnx.proto (ONNX 1.16, IR version 8), the wire format that of protobuf.
"""

from math import prod

FLOAT32, UINT8, INT8, INT32, FLOAT16 = 1, 2, 3, 6, 10  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 13


def product_graph(shape: tuple[int, int, int], dtype: str, weights: bytes) -> bytes:
    """c = a x b, b being the (k, n) `weights`, which a runtime may lay out as it likes; in int8 c is int32."""
    (m, k, n), (left, right, result, operator) = shape, _KINDS[dtype]
    if len(weights) != prod((k, n)) * _SIZES[right]:
        raise ValueError(f"expected {k * n} weights, got {len(weights)} bytes")
    tensor = _ints(1, k, n) + _int(2, right) + _bytes(8, b"b") + _bytes(9, weights)
    return _model(operator, ("a", "b"), _bytes(5, tensor), _value("a", left, m, k), _value("c", result, m, n))


def identity_graph() -> bytes:
    """c = a, of one number."""
    return _model("Identity", ("a",), b"", _value("a", FLOAT32, 1), _value("c", FLOAT32, 1))


_KINDS = {
    "float32": (FLOAT32, FLOAT32, FLOAT32, "MatMul"),
    "float16": (FLOAT16, FLOAT16, FLOAT16, "MatMul"),
    "int8": (UINT8, INT8, INT32, "MatMulInteger"),
}
_SIZES = {FLOAT32: 4, FLOAT16: 2, INT8: 1}


def _model(operator: str, inputs: tuple[str, ...], weights: bytes, given: bytes, result: bytes) -> bytes:
    node = b"".join(_bytes(1, name.encode()) for name in inputs) + _bytes(2, b"c") + _bytes(4, operator.encode())
    graph = _bytes(1, node) + _bytes(2, b"peak") + weights + _bytes(11, given) + _bytes(12, result)
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
