"""What an executed operation of torch reads and writes."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from models.count_free import aten, is_view
from models.count_hidden import unpacked
from models.count_rules import Call

# These only reserve memory.
_RESERVE = aten("empty empty_strided empty_like new_empty new_empty_strided")
# These overwrite their first argument without reading it.
_OVERWRITE = aten("copy_ fill_ zero_ bernoulli_ normal_ uniform_")
# These read as much of their source as they write.
_PICK = aten("index index_select gather embedding")


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
    elif isinstance(value, torch.ScriptObject):
        yield from unpacked(value)


def _stored_bytes(tensor: Tensor) -> int:
    if tensor.layout is not torch.strided:  # oneDNN's own layout, whose strides mean nothing
        return tensor.numel() * tensor.element_size()
    stored = (size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride != 0)
    return math.prod(stored) * tensor.element_size() if tensor.numel() else 0
