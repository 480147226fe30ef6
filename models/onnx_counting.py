"""What the graph in an .onnx file costs, read from the file: parameters and multiply-adds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import inliner, shape_inference

from models.onnx_params import constants, count_params, subgraphs
from models.onnx_rules import RULES, Node, OpenSizeError, Shape, counts_nothing


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
    try:
        model = onnx.load(path, load_external_data=False)
        _fix_sizes(model.graph, input_shapes or {})
        model = _with_shapes(inliner.inline_local_functions(model))
    except Exception as error:  # protobuf's and onnx's errors share no public base class
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"expected an ONNX model at {path}, got {type(error).__name__}: {reason}") from error
    shapes = _shapes(model.graph)
    macs: int = 0
    skipped: Counter[str] = Counter()
    for node in model.graph.node:
        rule = RULES.get((node.domain, node.op_type))
        if rule is None:
            if not _is_free(node):
                skipped[f"{node.domain}::{node.op_type}".removeprefix("::")] += 1
            continue
        try:
            macs += rule(_describe(node, shapes))
        except (OpenSizeError, IndexError, ValueError):  # the latter where a graph is not as its schema says
            skipped[f"{node.op_type} of unknown size"] += 1
    total = len(model.graph.node)
    return GraphCost(
        params=count_params(model.graph),
        macs=None if skipped else macs // _batch(model.graph, shapes),
        unseen=tuple(f"{name}: {calls} calls, {calls / total:.2%} of nodes" for name, calls in skipped.most_common()),
    )


def _is_free(node: Any) -> bool:
    """Whether the operation counts 0; a branch or a loop does where all that it holds does."""
    held = list(subgraphs(node))
    if not held:
        return counts_nothing(node.domain, node.op_type)
    return all(_is_free(each) for graph in held for each in graph.node)


def _with_shapes(model: Any) -> Any:
    """The graph with the shapes of its tensors; what does not follow from the inputs is read off one run."""
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    shapes = _shapes(inferred.graph)
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


def _describe(node: Any, shapes: dict[str, Shape]) -> Node:
    return Node(
        attributes={item.name: onnx.helper.get_attribute_value(item) for item in node.attribute},
        inputs=tuple(shapes.get(name) if name else () for name in node.input),
        outputs=tuple(shapes.get(name) if name else () for name in node.output),
    )


def _shapes(graph: Any) -> dict[str, Shape]:
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


def _batch(graph: Any, shapes: dict[str, Shape]) -> int:
    weights = {weight.name for weight in graph.initializer}
    images = [shapes[value.name] for value in graph.input if value.name not in weights and value.name in shapes]
    first = next((sizes for sizes in images if len(sizes) == 4), images[0] if images else ())
    return max(1, first[0]) if first else 1
