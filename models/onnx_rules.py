"""What each operation of ONNX and of ONNX Runtime's own domain counts, in the convention of count_rules."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import onnx

Shape = tuple[int, ...]


class OpenSizeError(Exception):
    """A size that a rule needs and the file leaves open."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operation of the graph with the shapes around it; one that is not known is None, an absent input ()."""

    attributes: dict[str, Any]
    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]

    def input(self, index: int) -> Shape:
        """`()` where an optional one is absent."""
        return _known(self.inputs[index]) if index < len(self.inputs) else ()

    @property
    def output(self) -> Shape:
        return _known(self.outputs[0])


def _known(shape: Shape | None) -> Shape:
    if shape is None:
        raise OpenSizeError
    return shape


Rule = Callable[[Node], int]


def _convolution(weight: int, positions: int | None = None) -> Rule:
    """Once per output position, or, transposed, per position of the input of that index."""

    def rule(node: Node) -> int:
        where = node.output if positions is None else node.input(positions)
        return math.prod(where) * math.prod(node.input(weight)[1:])

    return rule


def _product(node: Node) -> int:
    """Once per output element and element of the left operand's row: Gemm and MatMul of any kind."""
    left = node.input(0)
    if not node.attributes.get("transA"):
        return math.prod(node.output) * left[-1]
    # transBatchA stores (rows, batch, columns), of which transA then takes the first for the columns.
    return math.prod(node.output) * left[0 if node.attributes.get("transBatchA") else -2]


def _einsum(node: Node) -> int:
    """Once per combination of all letters, as a single pair of operands needs."""
    equation = node.attributes["equation"].decode().replace(" ", "").split("->")[0]
    letters: dict[str, int] = {}
    for index, term in enumerate(equation.split(",")):
        letters.update(zip(term, node.input(index), strict=True))
    return math.prod(letters.values()) if len(node.inputs) > 1 else 0


def _recurrent(node: Node) -> int:
    """Each matrix of each direction once per step: W is (directions, gates x hidden, input), R the same of hidden."""
    steps = math.prod(node.input(0)[:2])  # times the batch
    return steps * (math.prod(node.input(1)) + math.prod(node.input(2)))


def _attention(node: Node) -> int:
    """ONNX's own operator on (N, heads, length, width), or on three dimensions, where one head is the sum of all."""
    query, key, past = node.input(0), node.input(1), node.input(4)
    length = key[-2] + (past[-2] if past else 0)
    return math.prod(query[:-1]) * length * (query[-1] + node.output[-1])


def _projected_attention(past: int) -> Rule:
    """com.microsoft's Attention and QAttention: the projection to query, key and value is a part of them."""

    def rule(node: Node) -> int:
        batch, length, _ = node.input(0)
        hidden = math.prod(node.input(1)[1:])
        sizes: list[int] = node.attributes.get("qkv_hidden_sizes") or [hidden // 3] * 3
        seen = length + (node.input(past)[-2] if node.input(past) else 0)
        return batch * length * (math.prod(node.input(1)) + seen * (sizes[0] + sizes[2]))

    return rule


def _multi_head_attention(node: Node) -> int:
    """com.microsoft's: (N, length, width) each, or keys and values as (N, heads, length, width) or packed in five."""
    query, key, past = node.input(0), node.input(1), node.input(6)
    width = query[2] * query[4] if len(query) == 5 else query[2]
    length = query[1] if not key else key[2] if len(key) == 4 else key[1]
    length += past[-2] if past else 0
    return query[0] * query[1] * length * (width + node.output[-1])


def _per_input(count: int) -> Rule:
    return lambda node: count * math.prod(node.input(0))


def _per_output(count: int) -> Rule:
    return lambda node: count * math.prod(node.output)


def _resize(node: Node) -> int:
    """As many as the pixels that one is made of: 1, or 2 or 4 along each side."""
    taps = {b"nearest": 1, b"cubic": 4}.get(node.attributes.get("mode", b"nearest"), 2)
    return math.prod(node.output) * math.prod([taps] * (len(node.output) - 2))


_ONNX: dict[str, Rule] = {
    "Conv": _convolution(weight=1),
    "ConvInteger": _convolution(weight=1),
    "QLinearConv": _convolution(weight=3),
    "ConvTranspose": _convolution(weight=1, positions=0),
    **dict.fromkeys(("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul"), _product),
    "Einsum": _einsum,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "Attention": _attention,
    "BatchNormalization": _per_input(2),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization", "InstanceNormalization"), _per_input(5)),
    "GlobalAveragePool": _per_input(1),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
}
# https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
_MICROSOFT: dict[str, Rule] = {
    **dict.fromkeys(("FusedConv", "NhwcConv", "NhwcFusedConv"), _convolution(weight=1)),
    "QLinearConv": _convolution(weight=3),
    "ConvTransposeWithDynamicPads": _convolution(weight=1, positions=0),
    **dict.fromkeys(("FusedGemm", "QGemm", "GemmFastGelu", "GemmFloat8"), _product),
    **dict.fromkeys(("FusedMatMul", "FusedMatMulActivation", "TransposeMatMul", "MatMulInteger16"), _product),
    **dict.fromkeys(("MatMulIntegerToFloat", "DynamicQuantizeMatMul"), _product),
    # Weights of a few bits, packed: the shape of what holds them says nothing.
    **dict.fromkeys(("MatMulNBits", "MatMulBnb4", "MatMulFpQ4"), _product),
    "DynamicQuantizeLSTM": _recurrent,
    "Attention": _projected_attention(past=4),
    "QAttention": _projected_attention(past=8),
    "MultiHeadAttention": _multi_head_attention,
    **dict.fromkeys(("EmbedLayerNormalization", "QEmbedLayerNormalization", "SkipLayerNormalization"), _per_output(5)),
    **dict.fromkeys(("GroupNorm", "SkipGroupNorm"), _per_input(5)),
    "QLinearGlobalAveragePool": _per_input(1),
}
RULES: dict[tuple[str, str], Rule] = {
    **{(domain, name): rule for domain in ("", "ai.onnx") for name, rule in _ONNX.items()},
    **{("com.microsoft", name): rule for name, rule in _MICROSOFT.items()},
}
# Standard operations that multiply, or hold graphs that may, and have no rule here. All others up to the newest
# operator set that was looked through count 0.
_MAY_MULTIPLY = frozenset(
    ("DeformConv", "DFT", "STFT", "Det", "GridSample", "AffineGrid", "If", "Loop", "Scan", "SequenceMap")
)
_LOOKED_THROUGH = 26
# Activations and what moves data among ONNX Runtime's own; QLinearX and NhwcX count 0 where the standard X does.
_MICROSOFT_FREE = (
    "BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu BitmaskDropout DequantizeLinear ExpandDims FastGelu "
    "GatherBlockQuantized Gelu IsAllFinite NGramRepeatBlock Pad QuantizeLinear QuickGelu RotaryEmbedding "
    "SimplifiedLayerNormalization SkipSimplifiedLayerNormalization Trilu Unique"
)


def counts_nothing(domain: str, name: str) -> bool:
    """Whether the convention gives the operation 0."""
    if domain == "com.microsoft":
        plain = name.removeprefix("QLinear").removeprefix("Nhwc")
        return name in _MICROSOFT_FREE.split() or (plain != name and counts_nothing("", plain))
    if domain not in ("", "ai.onnx") or name in _MAY_MULTIPLY or name in _ONNX:
        return False
    try:
        onnx.defs.get_schema(name, _LOOKED_THROUGH, "")
    except onnx.defs.SchemaError:
        return name in ("SimplifiedLayerNormalization",)  # ONNX Runtime writes it without its domain
    return True
