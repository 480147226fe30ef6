"""What each executed operation counts and moves: one rule per operation of torch, in fvcore's convention.

One per multiply-add of convolution, linear layer, matrix product, recurrent layer and attention; 2 per element of batch
norm, 5 of layer and group norm (1 and 4 without affine parameters), 1 per input element of adaptive average pooling, 1,
4 and 16 per output element of nearest, bilinear and bicubic resizing; activations, additions, reductions and data
movement 0 (fvcore.nn.flop_count._DEFAULT_SUPPORTED_OPS, which knows no recurrent layer and no bicubic).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload

from models.count_hidden import unpacked

# The order in which kinds are shown. "linear" is a product with one matrix, "matmul" one of batches of matrices.
KINDS = (
    "convolution",
    "linear",
    "matmul",
    "recurrent",
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


def _packed_weight(call: Call) -> tuple[int, ...]:
    """The shape of a quantised layer's weight."""
    packed = next(value for value in call.arguments.values() if isinstance(value, torch.ScriptObject))
    return next(unpacked(packed)).shape


def _quantised_linear(call: Call) -> int:
    given = next(value for value in call.arguments.values() if isinstance(value, Tensor))
    return given.numel() * _packed_weight(call)[0]


def _quantised_convolution(call: Call) -> int:
    return call.outputs[0].numel() * math.prod(_packed_weight(call)[1:])


def _attention(call: Call) -> int:
    """Query by key, then weights by value, over all positions: a mask saves a fused kernel nothing we know of."""
    query, key, value = call.tensor("query"), call.tensor("key"), call.tensor("value")
    return math.prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _recurrent(call: Call) -> int:
    """Every matrix of every layer and direction once per step: gates x hidden x (input + hidden)."""
    steps = math.prod(call.tensor("input").shape[:-1])  # times the batch
    weights: list[Tensor] = call.arguments.get("weight") or [call.tensor("weight0"), call.tensor("weight1")]
    return steps * sum(weight.numel() for weight in weights if weight.dim() == 2)


def _trilinear(call: Call) -> int:
    """nn.Bilinear: the weight (out, left, right) by the left rows, then what is left of it by the right ones."""
    out, _, right = call.tensor("i2").shape
    return call.outputs[0].shape[0] * (call.tensor("i2").numel() + out * right)


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
    **{
        f"quantized::linear{relu}{dynamic}": ("linear", _quantised_linear)
        for relu in ("", "_relu")
        for dynamic in ("", "_dynamic", "_dynamic_fp16")
    },
    **{
        f"quantized::conv{sides}d{relu}": ("convolution", _quantised_convolution)
        for sides in (1, 2, 3)
        for relu in ("", "_relu", "_dynamic", "_add", "_add_relu")
    },
    "aten::mm": ("linear", _product("self", "mat2")),
    "aten::addmm": ("linear", _product("mat1", "mat2")),
    "aten::_addmm_activation": ("linear", _product("mat1", "mat2")),
    "aten::addmm_": ("linear", _product("mat1", "mat2")),
    "aten::linear": ("linear", _linear),
    "aten::mv": ("linear", _elements("self")),
    "aten::addmv": ("linear", _elements("mat")),
    "aten::dot": ("linear", _elements("self")),
    "aten::vdot": ("linear", _elements("self")),
    "aten::_int_mm": ("linear", _product("self", "mat2")),
    "aten::_trilinear": ("linear", _trilinear),
    "aten::mkldnn_rnn_layer": ("recurrent", _recurrent),
    "aten::_cudnn_rnn": ("recurrent", _recurrent),
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
    **{
        f"aten::{kind}{sides}d": ("resize", _per_output(1))
        for kind in ("upsample_nearest", "_upsample_nearest_exact")
        for sides in (1, 2, 3)
    },
    "aten::upsample_linear1d": ("resize", _per_output(2)),
    **dict.fromkeys(("aten::upsample_bilinear2d", "aten::grid_sampler_2d"), ("resize", _per_output(4))),
    **dict.fromkeys(("aten::upsample_trilinear3d", "aten::grid_sampler_3d"), ("resize", _per_output(8))),
    "aten::upsample_bicubic2d": ("resize", _per_output(16)),
}
