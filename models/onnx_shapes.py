"""An .onnx file with the shapes of its tensors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import inliner, shape_inference

from models.onnx_params import constants
from models.onnx_rules import Shape


def load_with_shapes(path: Path, input_shapes: Mapping[str, Sequence[int]] | None = None) -> Any:
    """The model, its local functions inlined; `input_shapes` fills in, by an input's name, sizes left open.

    Raises ValueError where the file is no ONNX model.
    """
    try:
        model = onnx.load(path, load_external_data=False)
        _fix_sizes(model.graph, input_shapes or {})
        return _with_shapes(inliner.inline_local_functions(model))
    except Exception as error:  # protobuf's and onnx's errors share no public base class
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"expected an ONNX model at {path}, got {type(error).__name__}: {reason}") from error


def shapes_of(graph: Any) -> dict[str, Shape]:
    """The shape of every tensor whose sizes are all known."""
    shapes: dict[str, Shape] = {name: tuple(tensor.dims) for name, tensor in constants(graph)}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if value.type.HasField("tensor_type") and kind.HasField("shape"):
            sizes = [size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim]
            if min(sizes, default=0) >= 0:
                shapes[value.name] = tuple(sizes)
    return shapes


def _fix_sizes(graph: Any, input_shapes: Mapping[str, Sequence[int]]) -> None:
    for value in graph.input:
        sizes = value.type.tensor_type.shape.dim
        for size, wanted in zip(sizes, input_shapes.get(value.name, ()), strict=False):
            size.dim_value = wanted


def _with_shapes(model: Any) -> Any:
    """The graph with the shapes of its tensors; what does not follow from the inputs is read off one run."""
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    shapes = shapes_of(inferred.graph)
    open_ones = [name for node in inferred.graph.node for name in node.output if name and name not in shapes]
    if not open_ones or not all(value.name in shapes for value in inferred.graph.input):
        return inferred
    import onnxruntime as ort

    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    known = {value.name for value in probe.graph.output}
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in open_ones if name not in known)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
        blank = {
            value.name: np.zeros(
                shapes[value.name], onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            )
            for value in inferred.graph.input
        }
        for name, array in zip(open_ones, session.run(open_ones, blank), strict=True):
            kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            model.graph.value_info.append(onnx.helper.make_tensor_value_info(name, kind, array.shape))
    except Exception:  # noqa: BLE001  # its errors share no base class; the sizes stay open, and that is said
        return inferred
    return shape_inference.infer_shapes(model, data_prop=True)
