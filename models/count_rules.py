"""What each executed operation counts and moves: one rule per operation of torch, in fvcore's convention.

One per multiply-add of convolution, linear layer, matrix product and attention; 2 per element of batch norm, 5 of layer
and group norm (1 and 4 without affine parameters), 1 per input element of adaptive average pooling, 1 and 4 per output
element of nearest and bilinear resizing; activations, additions, reductions and data movement 0
(fvcore.nn.flop_count._DEFAULT_SUPPORTED_OPS).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload

# The order in which kinds are shown. "linear" is a product with one matrix, "matmul" one of batches of matrices.
KINDS = (
    "convolution",
    "linear",
    "matmul",
    "attention",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "pooling",
    "resize",
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One executed operation: its arguments by name, and its results."""

    op: OpOverload
    arguments: dict[str, Any]  # torch's own values, read by the rules below and nowhere else
    outputs: tuple[Tensor, ...]

    @property
    def name(self) -> str:
        return str(self.op._schema.name)

    def tensor(self, name: str) -> Tensor:
        value = self.arguments[name]
        if not isinstance(value, Tensor):
            raise ValueError(f"expected a tensor as {name!r} of {self.name}, got {type(value).__name__}")
        return value


Rule = Callable[[Call], int]


def bind(op: OpOverload, args: Sequence[Any], kwargs: dict[str, Any], result: object) -> Call:
    """The call with its arguments by their names in the schema."""
    names = [argument.name for argument in op._schema.arguments]
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    return Call(
        op=op,
        arguments={**dict(zip(names, args, strict=False)), **kwargs},
        outputs=tuple(value for value in outputs if isinstance(value, Tensor)),
    )


def _convolution(call: Call) -> int:
    per_position = math.prod(call.tensor("weight").shape[1:])
    # A transposed convolution multiplies once per input position, any other once per output position.
    positions = call.tensor("input") if call.arguments.get("transposed") else call.outputs[0]
    return positions.numel() * per_position


def _packed_convolution(call: Call) -> int:
    """oneDNN's own: weights keep (out, in / groups, height, width) behind a leading one for groups."""
    return call.outputs[0].numel() * math.prod(call.tensor("W").shape[-3:])


def _packed_linear(call: Call) -> int:
    return call.tensor("X").numel() * call.tensor("W").shape[0]


def _product(left: str, right: str) -> Rule:
    return lambda call: call.tensor(left).numel() * call.tensor(right).shape[-1]


def _elements(name: str) -> Rule:
    return lambda call: call.tensor(name).numel()


def _linear(call: Call) -> int:
    return call.tensor("input").numel() * call.tensor("weight").shape[0]


def _attention(call: Call) -> int:
    """Query by key, then weights by value, over all positions: a mask saves a fused kernel nothing we know of."""
    query, key, value = call.tensor("query"), call.tensor("key"), call.tensor("value")
    return math.prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _batch_norm(call: Call) -> int:
    affine = call.arguments.get("weight") is not None
    if call.arguments.get("training", call.arguments.get("train", False)):
        return call.tensor("input").numel() * (5 if affine else 4)
    return call.tensor("input").numel() * (2 if affine else 1)


def _norm(call: Call) -> int:
    return call.tensor("input").numel() * (5 if call.arguments.get("weight") is not None else 4)


def _per_output(count: int) -> Rule:
    return lambda call: call.outputs[0].numel() * count


RULES: dict[str, tuple[str, Rule]] = {
    **dict.fromkeys(
        ("aten::convolution", "aten::_convolution", "aten::convolution_overrideable"),
        ("convolution", _convolution),
    ),
    "mkldnn::_convolution_pointwise": ("convolution", _packed_convolution),
    "mkldnn::_convolution_pointwise_": ("convolution", _packed_convolution),
    "mkldnn::_linear_pointwise": ("linear", _packed_linear),
    "aten::mm": ("linear", _product("self", "mat2")),
    "aten::addmm": ("linear", _product("mat1", "mat2")),
    "aten::_addmm_activation": ("linear", _product("mat1", "mat2")),
    "aten::addmm_": ("linear", _product("mat1", "mat2")),
    "aten::linear": ("linear", _linear),
    "aten::mv": ("linear", _elements("self")),
    "aten::addmv": ("linear", _elements("mat")),
    "aten::dot": ("linear", _elements("self")),
    "aten::bmm": ("matmul", _product("self", "mat2")),
    "aten::baddbmm": ("matmul", _product("batch1", "batch2")),
    "aten::baddbmm_": ("matmul", _product("batch1", "batch2")),
    "aten::addbmm": ("matmul", _product("batch1", "batch2")),
    **dict.fromkeys(
        (
            "aten::scaled_dot_product_attention",
            "aten::_scaled_dot_product_attention_math",
            "aten::_scaled_dot_product_flash_attention",
            "aten::_scaled_dot_product_flash_attention_for_cpu",
            "aten::_scaled_dot_product_efficient_attention",
            "aten::_scaled_dot_product_cudnn_attention",
            "aten::_scaled_dot_product_fused_attention_overrideable",
        ),
        ("attention", _attention),
    ),
    **dict.fromkeys(
        (
            "aten::native_batch_norm",
            "aten::_native_batch_norm_legit",
            "aten::_native_batch_norm_legit_no_training",
            "aten::_batch_norm_no_update",
            "aten::_batch_norm_with_update",
            "aten::cudnn_batch_norm",
            "aten::miopen_batch_norm",
        ),
        ("batch_norm", _batch_norm),
    ),
    "aten::native_layer_norm": ("layer_norm", _norm),
    "aten::native_group_norm": ("group_norm", _norm),
    **dict.fromkeys(("aten::upsample_nearest2d", "aten::_upsample_nearest_exact2d"), ("resize", _per_output(1))),
    **dict.fromkeys(("aten::upsample_bilinear2d", "aten::grid_sampler_2d"), ("resize", _per_output(4))),
}


def _aten(names: str) -> frozenset[str]:
    return frozenset(f"aten::{name}" for name in names.split())


# Operations beyond views and pointwise ones that count 0 by convention: said here so that an operation nobody
# thought of is listed as unseen, instead of passing for one of these. Fixed windows of pooling are among them:
# fvcore counts the adaptive kind only.
FREE = (
    _aten("cat stack clone contiguous _to_copy copy_ copy constant_pad_nd reflection_pad2d replication_pad2d")
    | _aten("index index_select gather embedding repeat repeat_interleave roll flip pixel_shuffle im2col")
    | _aten("pixel_unshuffle channel_shuffle native_channel_shuffle split_with_sizes_copy slice_scatter")
    | _aten("select_scatter index_put_ index_put index_copy index_copy_ index_add")
    | _aten("mean sum amax amin max min argmax argmin var var_mean std prod any all cumsum topk sort norm")
    | _aten("linalg_vector_norm _softmax _safe_softmax _log_softmax logsumexp")
    | _aten("max_pool2d_with_indices max_pool2d mkldnn_max_pool2d avg_pool1d avg_pool2d _adaptive_avg_pool2d")
    | _aten("adaptive_max_pool2d empty empty_strided empty_like new_empty new_empty_strided zeros zeros_like")
    | _aten("new_zeros ones ones_like new_ones full full_like new_full arange linspace scalar_tensor rand randn")
    | _aten("bernoulli bernoulli_ native_dropout lift_fresh_copy _local_scalar_dense tril triu eye fill_ zero_")
)
# Views whose schema does not say so.
_VIEWS = _aten("_unsafe_view detach lift_fresh alias _reshape_alias")
# These only reserve memory.
_RESERVE = _aten("empty empty_strided empty_like new_empty new_empty_strided")
# These overwrite their first argument without reading it.
_OVERWRITE = _aten("copy_ fill_ zero_ bernoulli_ normal_ uniform_")
# These read as much of their source as they write.
_PICK = _aten("index index_select gather embedding")


def is_view(op: OpOverload) -> bool:
    """Whether the results are other names for the memory of the arguments."""
    returns = op._schema.returns
    aliases = [value.alias_info is not None and not value.alias_info.is_write for value in returns]
    if op._schema.name in _VIEWS or torch.Tag.inplace_view in op.tags:
        return True
    return bool(aliases) and all(aliases)


def counts_nothing(op: OpOverload) -> bool:
    """Whether the convention gives the operation 0."""
    return is_view(op) or op._schema.name in FREE or torch.Tag.pointwise in op.tags


def bytes_of(call: Call) -> int:
    """Bytes that the operation reads and writes, each tensor once; a broadcast tensor at the size it is stored."""
    if is_view(call.op) or call.name in _RESERVE:
        return 0
    read, written = 0, 0
    for argument in call.op._schema.arguments:
        value = call.arguments.get(argument.name)
        size = sum(_stored_bytes(tensor) for tensor in _tensors(value))
        writes = argument.alias_info is not None and argument.alias_info.is_write
        written += size if writes else 0
        if not (writes and (argument.is_out or call.name in _OVERWRITE)):
            read += size
    fresh = [
        output for output, slot in zip(call.outputs, call.op._schema.returns, strict=False) if slot.alias_info is None
    ]
    made = sum(_stored_bytes(tensor) for tensor in fresh)
    if call.name in _PICK:
        source = next(_tensors(next(iter(call.arguments.values()))))
        read += min(0, made - _stored_bytes(source))
    return read + written + made


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)


def _stored_bytes(tensor: Tensor) -> int:
    if tensor.layout is not torch.strided:  # oneDNN's own layout, whose strides mean nothing
        return tensor.numel() * tensor.element_size()
    stored = (size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride != 0)
    return math.prod(stored) * tensor.element_size() if tensor.numel() else 0
