"""Eager and compiled PyTorch on the CPU or an NVIDIA GPU."""

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.plan import subjects
from bench.records.workload import Unit
from bench.worker import build
from bench.worker.inputs import input_array
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch


def set_threads(threads: int) -> None:
    """One pool of `threads`, no parallelism between operators; must come before the first parallel work."""
    import torch

    torch.set_num_threads(threads)
    if torch.get_num_interop_threads() != 1:
        torch.set_num_interop_threads(1)


def load(unit: Unit, model: Path | None = None) -> Loaded:
    """Build the unit's module and load it; no graph is taken."""
    import torch

    set_threads(unit.threads)
    return load_module(build.build_module(unit.workload, torch.from_numpy(input_array(unit))), unit)


def load_module(module: "torch.nn.Module", unit: Unit) -> Loaded:
    """Put a module (it is changed) into the unit's dtype and layout; UnsupportedError where that cannot run here."""
    import torch

    device = torch.device(unit.accelerator or "cpu")
    dtype = getattr(torch, unit.dtype)
    memory_format = torch.channels_last if unit.layout == "channels_last" else torch.contiguous_format
    module = module.to(device=device, dtype=dtype)
    pristine = torch.from_numpy(input_array(unit)).to(device=device, dtype=dtype)
    if unit.layout == "channels_last":
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pristine = pristine.contiguous(memory_format=memory_format)
    call: Any = _compiled(module, unit) if unit.runtime == "compile" else module
    restores = subjects.overwrites_input(unit.workload)
    # A copy in the same layout: clone() of a (C, 1, 1) tensor would choose its own strides.
    image = torch.empty_like(pristine, memory_format=torch.preserve_format).copy_(pristine) if restores else pristine

    def restore() -> None:
        image.copy_(pristine)

    def output() -> "npt.NDArray[np.float32]":
        if restores:
            restore()
        return to_numpy(call(image))

    return Loaded(
        step=lambda: call(image),
        output=output,
        threads=torch.get_num_threads(),
        restore=restore if restores else None,
        isa="" if unit.accelerator else torch.backends.cpu.get_cpu_capability(),
    )


def _compiled(module: "torch.nn.Module", unit: Unit) -> Any:
    import torch

    if not unit.accelerator and not (shutil.which("g++") or shutil.which("clang++")):
        raise UnsupportedError("torch.compile needs a C++ compiler on a CPU; install g++")
    if unit.accelerator and importlib.util.find_spec("triton") is None:
        raise UnsupportedError("torch.compile needs triton on a GPU; install it")
    # Left to itself it would recompile with dynamic shapes when a second size comes along.
    torch._dynamo.reset()
    return torch.compile(module, dynamic=False)


def to_numpy(result: Any) -> "npt.NDArray[np.float32]":
    """The first tensor of a network's answer as float32 on the host."""
    import torch

    while isinstance(result, dict | tuple | list):
        result = next(iter(result.values())) if isinstance(result, dict) else result[0]
    if not isinstance(result, torch.Tensor):
        raise UnsupportedError(f"expected the network to return a tensor, got {type(result).__name__}")
    array: npt.NDArray[np.float32] = result.detach().to(device="cpu", dtype=torch.float32).contiguous().numpy()
    return array.copy()
