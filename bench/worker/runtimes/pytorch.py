"""Eager and compiled PyTorch on the CPU or an NVIDIA GPU."""

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.plan import subjects
from bench.records.workload import Unit
from bench.system.cpuinfo import cpu_features, cpuinfo
from bench.worker import build
from bench.worker.inputs import image_input, input_array, input_arrays
from bench.worker.output_check import leaves
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from bench.worker.torch_inputs import in_dtype

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch


# By the kernel's names. Without them oneDNN converts to float32 and back around each product.
_MULTIPLY = {
    "bfloat16": {"avx512_bf16", "amx_bf16", "bf16"},
    "float16": {"avx512_fp16", "amx_fp16", "asimdhp"},
}


def precision(unit: Unit, model: Path | None = None) -> dict[str, int]:
    """The unit's dtype where this CPU has instructions that multiply in it, else float32."""
    return {unit.dtype if cpu_features(cpuinfo()) & _MULTIPLY[unit.dtype] else "float32": 1}


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
    with torch.inference_mode(False):  # a network that overwrites its input may change a plain tensor anywhere
        images = torch.from_numpy(input_array(unit))
    return load_module(build.build_module(unit.workload, images), unit)


def load_module(module: "torch.nn.Module", unit: Unit) -> Loaded:
    """Put a module (it is changed) into the unit's dtype and layout; UnsupportedError where that cannot run here."""
    import torch

    device = torch.device(unit.accelerator or "cpu")
    dtype = getattr(torch, unit.dtype)
    memory_format = torch.channels_last if unit.layout == "channels_last" else torch.contiguous_format
    module = module.to(device=device, dtype=dtype)
    if unit.layout == "channels_last":
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode(False)  # tensors made in inference mode do not count their changes
    def fresh() -> torch.Tensor:
        images = in_dtype(torch.from_numpy(input_array(unit)).to(device), dtype)
        return images.contiguous(memory_format=memory_format)

    declared = image_input(unit)
    call: Any = _compiled(module, unit) if unit.runtime == "compile" else module
    image = fresh()
    # Nothing says beforehand whether a network overwrites its input: its calls show it.
    pristine, unchanged = [fresh()] if subjects.overwrites_input(unit.workload) else [], image._version

    def restore() -> None:
        if not pristine and image._version != unchanged:
            pristine.append(fresh())
        for kept in pristine:
            image.copy_(kept)

    def output() -> object:
        # A change by way of numpy or `.data` is not counted.
        if unit.workload.model is not None and not pristine and not torch.equal(image, before := fresh()):
            pristine.append(before)
        restore()
        return to_arrays(call(image))

    def answer(images: "npt.NDArray[Any]") -> object:
        (array,) = input_arrays(unit, [declared], images)
        given = in_dtype(torch.from_numpy(array.copy()).to(device), dtype)
        return to_arrays(call(given.contiguous(memory_format=memory_format)))

    def anew() -> Loaded:
        from models.clone import clone

        return load_module(clone(module), unit)

    return Loaded(
        step=lambda: call(image),
        output=output,
        threads=torch.get_num_threads(),
        restore=restore if pristine or unit.workload.model is not None else None,
        isa="" if unit.accelerator else torch.backends.cpu.get_cpu_capability(),
        # Compiling takes seconds; what a GPU's allocator does to an address is not measured yet.
        anew=None if unit.runtime == "compile" or unit.accelerator else anew,
        answer=answer,
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


def tensors_in(answer: object) -> "tuple[torch.Tensor, ...]":
    """The tensors of a network's answer, in order; ValueError where it holds none."""
    import torch

    found = tuple(leaf for leaf in leaves(answer) if isinstance(leaf, torch.Tensor))
    if not found:
        raise ValueError(
            f"expected the network to return tensors, got {type(answer).__name__}; wrap it in a module that does"
        )
    return found


def to_arrays(answer: object) -> "tuple[npt.NDArray[Any], ...]":
    """Copies of all tensors of a network's answer on the host; what numpy has no dtype for becomes float32."""
    return tuple(_to_array(tensor) for tensor in tensors_in(answer))


def _to_array(tensor: "torch.Tensor") -> "npt.NDArray[Any]":
    import torch

    plain = tensor.detach().cpu()
    if plain.is_quantized:
        plain = plain.dequantize()
    plain = plain.to_dense()
    if plain.is_complex():  # as ONNX has them: pairs of real numbers
        plain = torch.view_as_real(plain.resolve_conj())
    plain = plain.resolve_neg().contiguous()
    try:
        array: npt.NDArray[Any] = plain.numpy()
    except TypeError:  # bfloat16 and the floats of eight bits
        array = plain.to(torch.float32).numpy()
    return array.copy()
