"""What is written into .tflite files without a converter, by the schema that LiteRT's package brings."""

from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any


def product_graph(shape: tuple[int, int, int], weights: bytes) -> bytes:
    """c = a x b in float32, b being a constant of (n, k): each output's weights side by side."""
    from ai_edge_litert import schema_py_generated as schema

    m, k, n = shape
    if len(weights) != 4 * k * n:
        raise ValueError(f"expected {k * n} weights of float32, got {len(weights)} bytes")
    operator = schema.BuiltinOperator.FULLY_CONNECTED
    options = (schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT())
    tensors = [_tensor("a", (m, k)), _tensor("b", (n, k), buffer=1), _tensor("c", (m, n))]
    return _model(operator, options, tensors, weights)


def copy_graph() -> bytes:
    """c = a of one number, reshaped to what it is."""
    from ai_edge_litert import schema_py_generated as schema

    options = schema.ReshapeOptionsT()
    options.newShape = [1]
    told = (schema.BuiltinOptions.ReshapeOptions, options)
    return _model(schema.BuiltinOperator.RESHAPE, told, [_tensor("a", (1,)), _tensor("c", (1,))], b"")


def marked_for_float16(path: Path) -> bytes:
    """The same file, which says that XNNPACK may compute it in float16 (LiteRT's reduced_precision_support).

    Of the file's size it takes twice while it is made, once then: what is read stays on the disk, weights and all.
    """
    from ai_edge_litert import schema_py_generated as schema

    with path.open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    model, mark = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0)), schema.MetadataT()
    mark.name, mark.buffer = "reduced_precision_support", len(model.buffers)
    model.buffers.append(_buffer(b"fp16accfp16"))
    model.metadata = [*(model.metadata or []), mark]
    return _packed(model, len(data))


def _model(operator: int, options: tuple[int, Any], tensors: Sequence[Any], weights: bytes) -> bytes:
    """One operation from all tensors but the last, of which the first is the graph's input, to the last."""
    from ai_edge_litert import schema_py_generated as schema

    code, node, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = operator, operator, 1
    node.opcodeIndex, node.inputs, node.outputs = 0, [*range(len(tensors) - 1)], [len(tensors) - 1]
    node.builtinOptionsType, node.builtinOptions = options
    graph.tensors, graph.operators, graph.inputs, graph.outputs = list(tensors), [node], [0], node.outputs
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [_buffer(b""), _buffer(weights)]  # the first is that of what holds no constant
    return _packed(model, len(weights))


def _packed(model: Any, about_bytes: int) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(about_bytes + 4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(memoryview(builder.Bytes)[builder.Head() :])  # one copy, `builder.Output()` is one more


def _tensor(name: str, sizes: Sequence[int], buffer: int = 0) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(sizes), schema.TensorType.FLOAT32, buffer
    return tensor


def _buffer(data: bytes) -> Any:
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data, dtype=np.uint8) if data else None
    return buffer
