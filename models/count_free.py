"""What counts 0 multiply-adds by convention: activations, additions, comparisons, reductions, pooling, moving data."""

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._decomp import decomposition_table
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from models.count_rules import Call


def aten(names: str) -> frozenset[str]:
    return frozenset(f"aten::{name}" for name in names.split())


# What counts 0 by convention beside what torch itself marks as a view, a copy, a reduction or pointwise, and beside
# what is made of such parts alone. An operation nobody thought of is listed as unseen, instead of passing for one.
_MOVES = (
    aten("cat stack clone contiguous _to_copy copy_ copy constant_pad_nd reflection_pad1d reflection_pad2d")
    | aten("replication_pad1d replication_pad2d index index_select gather embedding repeat repeat_interleave roll flip")
    | aten("pixel_shuffle pixel_unshuffle channel_shuffle native_channel_shuffle im2col col2im split_with_sizes_copy")
    | aten("slice_scatter select_scatter scatter scatter_ scatter_add scatter_add_ masked_scatter masked_select take")
    | aten("_unsafe_index index_put_ index_put index_copy index_copy_ index_add index_add_ index_fill index_fill_")
    | aten("empty empty_strided empty_like new_empty new_empty_strided zeros zeros_like new_zeros ones ones_like")
    | aten("new_ones full full_like new_full arange linspace scalar_tensor eye tril triu fill_ zero_ lift_fresh_copy")
    | aten("rand randn rand_like randn_like randint randperm bernoulli bernoulli_ normal_ uniform_ native_dropout")
    | aten("_local_scalar_dense _unique2 unique_dim unique_consecutive histc rrelu_with_noise rrelu_with_noise_")
    | aten("quantize_per_tensor quantize_per_channel dequantize to_mkldnn _to_dense to_dense")
    | {"quantized::add", "quantized::add_relu", "quantized::mul", "quantized::cat", "quantized::relu6"}
)
_REDUCTIONS = (
    aten("mean sum amax amin max min argmax argmin aminmax var var_mean std std_mean prod any all cumsum cumprod topk")
    | aten("sort median kthvalue mode norm linalg_vector_norm _softmax _safe_softmax _log_softmax logsumexp")
    | aten("_weight_norm_interface _fused_rms_norm _embedding_bag _embedding_bag_forward_only")
)
# Fixed windows and maxima: fvcore counts adaptive average pooling only, which is seen by its name, see counting.
_POOLING = re.compile(r"aten::(_|mkldnn_)?(adaptive_|fractional_)?(avg|max)_(un)?pool[123]d")
# Views whose schema does not say so.
_VIEWS = aten("_unsafe_view unsafe_split unsafe_split_with_sizes unsafe_chunk detach lift_fresh alias _reshape_alias")


def is_view(op: OpOverload) -> bool:
    """Whether the results are other names for the memory of the arguments."""
    returns = op._schema.returns
    aliases = [value.alias_info is not None and not value.alias_info.is_write for value in returns]
    if op._schema.name in _VIEWS or torch.Tag.inplace_view in op.tags:
        return True
    return bool(aliases) and all(aliases)


def counts_nothing(call: Call, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether the convention gives the operation 0; `args` and `kwargs` are what it was called with."""
    name = call.name
    if _is_pointwise(call.op) or name in _MOVES or name in _REDUCTIONS or _POOLING.match(name):
        return True
    # By its name, as older versions of torch have no such tag.
    if any(str(tag) == "Tag.reduction" for tag in call.op.tags):
        return True
    # What yields nothing asks or asserts; what yields places and truths alone compares and searches.
    if all(output.dtype in (torch.bool, torch.int64) for output in call.outputs):
        return True
    return _is_made_of_free_parts(call.op, args, kwargs)


def _is_pointwise(op: OpOverload) -> bool:
    return is_view(op) or torch.Tag.pointwise in op.tags or torch.Tag.view_copy in op.tags


class _Parts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees whether all that runs within it is pointwise or moves data: a sum of products would need a reduction."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.all_free: bool = True

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> object:
        name = func._schema.name
        if not (func.namespace == "prim" or _is_pointwise(func) or name in _MOVES):
            self.all_free &= _is_made_of_free_parts(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


def _is_made_of_free_parts(op: OpOverload, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether torch's own decomposition, run on shapes alone, holds nothing that multiplies and adds up."""
    rule = decomposition_table.get(op)
    if rule is None:
        return False
    args, kwargs = tree_map_only(Tensor, lambda value: value.to("meta"), (tuple(args), kwargs))
    parts = _Parts()
    try:
        with parts:
            rule(*args, **kwargs)
    except Exception:  # noqa: BLE001  # whatever keeps it from being taken apart, it is listed
        return False
    return parts.all_free
