"""A user's .onnx file as the bytes of one self-contained model, whose digest is the network's identity."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from bench.plain_text import plain_line
from bench.records.workload import FLOATS
from bench.worker.inputs import Declared

_NUMBERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", *FLOATS, "float64")
_QUANTISED = ("QuantizeLinear", "DynamicQuantize", "QLinear", "QGemm", "QAttention", "QEmbed", "QOrdered", "QMoE")
MAX_BYTES = 2**31 - (1 << 20)  # a protobuf message ends at 2 GiB; the graph beside the weights needs a little


def self_contained(path: Path) -> bytes:
    """The file's bytes; where it keeps weights beside it (torch's own default), those of one model that holds them.

    Raises ValueError where there is no such file, it is no ONNX model, or its weights are gone or too large.
    """
    import onnx
    from onnx.external_data_helper import uses_external_data

    try:
        data = path.read_bytes()
        model = onnx.load_from_string(data)
    except FileNotFoundError:
        raise ValueError(f"expected an ONNX file at {path}, found none; check the path") from None
    except Exception as error:  # protobuf's errors share no public base class
        raise ValueError(f"expected {path} to be an ONNX model, got {type(error).__name__}; export it again") from error
    if not any(uses_external_data(weight) for weight in model.graph.initializer):
        return data
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
        if sum(len(weight.raw_data) for weight in model.graph.initializer) < MAX_BYTES:
            return bytes(model.SerializeToString(deterministic=True))
    except Exception as error:  # a missing file, one outside the folder, a short one: each in its own class
        raise ValueError(
            f"expected the weights of {path} in the file beside it, got {type(error).__name__}:"
            f" {plain_line(error, 200)}; keep both in one folder, or export with external_data=False"
        ) from error
    raise ValueError(f"expected {path} and its weights to be under 2 GB, they are more; time the network in eager")


def digest_of(data: bytes) -> str:
    """What tells one network from another under the same name."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Graph:
    """What the graph in a file says of itself; each property raises ValueError where it cannot be fed or timed."""

    path: Path
    model: Any  # onnx.ModelProto

    @classmethod
    def read(cls, path: Path, data: bytes) -> "Graph":
        """Of the bytes that `self_contained` gave."""
        import onnx

        return cls(path, onnx.load_from_string(data))

    @cached_property
    def inputs(self) -> tuple[Declared, ...]:
        """Those that must be fed, which weights listed among them need not be."""
        weights = {tensor.name for tensor in self.model.graph.initializer}
        weights |= {tensor.values.name for tensor in self.model.graph.sparse_initializer}
        found = tuple(self._declared(value) for value in self.model.graph.input if value.name not in weights)
        if not any(each.is_image for each in found):
            shapes = ", ".join(f"{each.name} {list(each.sizes)}" for each in found) or "none"
            raise ValueError(
                f"expected {self.path} to take images, (N, C, H, W) or (N, H, W, C), got the inputs {shapes};"
                " export it with an input of four sizes"
            )
        return found

    def expect_sizes(self) -> None:
        """ValueError where it leaves a size open that nothing but a user's own array fills in."""
        for each in self.inputs:
            if not each.is_image and 0 in each.sizes[1:]:
                raise ValueError(
                    f"expected fixed sizes of {each.name!r}, an input of {self.path} besides its image, got"
                    f" {list(each.sizes)}; export it with them, or give all arrays with --input-data"
                )

    @property
    def image(self) -> Declared:
        """The first input that is one."""
        return next(each for each in self.inputs if each.is_image)

    @property
    def dtype(self) -> str:
        """What it computes in: the dtype of most of its float weights, else that of its first float input."""
        elements: Counter[str] = Counter()
        for tensor in self.model.graph.initializer:
            elements[_dtype_name(tensor.data_type)] += prod(tensor.dims)
        names = (*(name for name, _ in elements.most_common()), *(each.dtype for each in self.inputs))
        found = next((name for name in names if name in (*FLOATS, "float64")), "float32")
        if found not in FLOATS:
            raise ValueError(f"expected {self.path} to compute in {' or '.join(FLOATS)}, got {found}; export it so")
        return found

    @property
    def channels(self) -> int:
        """Of its image; where the file leaves them open, those that its first convolution takes, else three."""
        if given := dict(zip(self.image.order, self.image.sizes, strict=True))["C"]:
            return given
        weights = {tensor.name: tensor.dims for tensor in self.model.graph.initializer}
        for node in self.model.graph.node:
            if node.op_type == "Conv" and node.input[1] in weights:
                groups = next((item.i for item in node.attribute if item.name == "group"), 1)
                return int(weights[node.input[1]][1]) * groups
        return 3

    @property
    def is_quantised(self) -> bool:
        """Whether it rounds to integers on its way."""
        return any(
            node.op_type.startswith(_QUANTISED) or node.op_type.endswith("Integer")
            for graph in (self.model.graph, *self.model.functions)
            for node in _nodes(graph)
        )

    @property
    def output_step(self) -> float:
        """The largest step between two values of a quantised output; 0 where no output is one."""
        import onnx

        values = {tensor.name: tensor for tensor in self.model.graph.initializer}
        outputs = {value.name for value in self.model.graph.output}
        scales = [
            node.input[1]
            for node in self.model.graph.node
            if node.op_type == "DequantizeLinear" and outputs.intersection(node.output)
        ]
        steps = [onnx.numpy_helper.to_array(values[name]) for name in scales if name in values]
        return max((float(step.max()) for step in steps), default=0.0)

    def _declared(self, value: Any) -> Declared:
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type" or not value.type.tensor_type.HasField("shape"):
            got = "none" if kind == "tensor_type" else f"a {(kind or '').removesuffix('_type')}"
            raise ValueError(
                f"expected the input {value.name!r} of {self.path} to be a tensor of declared sizes, got {got};"
                " export it so"
            )
        tensor = value.type.tensor_type
        sizes = tuple(max(size.dim_value, 0) for size in tensor.shape.dim)  # old converters write an open size as -1
        if any(size.HasField("dim_value") and not size.dim_value for size in tensor.shape.dim):
            raise ValueError(
                f"expected {value.name!r}, an input of {self.path}, to have sizes of at least 1, or open ones, got"
                f" {list(sizes)}; export it so"
            )
        found = Declared(name=value.name, dtype=_dtype_name(tensor.elem_type), sizes=sizes)
        if found.dtype not in _NUMBERS:
            raise ValueError(
                f"expected numbers for {value.name!r}, an input of {self.path}, got {found.dtype}; export it with them"
            )
        return found


def _dtype_name(element: int) -> str:
    """As numpy names it."""
    import onnx

    name = str(onnx.TensorProto.DataType.Name(element)).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)
