"""The tensors that a graph on a GPU reads and writes, made by torch on its current CUDA stream."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.records.workload import Unit
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.pytorch import to_arrays

if TYPE_CHECKING:
    import torch


def fed(unit: Unit, declared: Sequence[Declared]) -> "list[torch.Tensor]":
    """The unit's arrays on its GPU, in the order of a graph's inputs."""
    import torch

    return [torch.from_numpy(array).to(unit.accelerator) for array in input_arrays(unit, declared)]


def empty(unit: Unit, declared: Declared) -> "torch.Tensor":
    """Room for one of its outputs, whose sizes are known."""
    import torch

    return torch.empty(declared.sizes, dtype=getattr(torch, declared.dtype), device=unit.accelerator)


def stream(unit: Unit) -> int:
    """The address of torch's current stream there."""
    import torch

    return int(torch.cuda.current_stream(torch.device(unit.accelerator)).cuda_stream)


def arrays(unit: Unit, tensors: "Sequence[torch.Tensor]") -> Any:
    """Their values, once all that was queued is done."""
    import torch

    torch.cuda.synchronize(torch.device(unit.accelerator))
    return to_arrays(tuple(tensors))
