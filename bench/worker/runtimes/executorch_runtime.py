"""ExecuTorch on a CPU, its XNNPACK backend. It takes and gives torch's tensors."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.plain_text import plain_line
from bench.records.workload import Unit
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

# Methods of a file beside the network's: how many operations XNNPACK computes, of how many, and a line on the others;
# how many convolutions and matrix products are in int8, of how many.
DELEGATED, OPERATIONS, LEFT = "bench_delegated", "bench_operations", "bench_left"
INT8, PRODUCTS = "bench_int8", "bench_products"

# Its ScalarType by numpy's names.
_DTYPES = {
    0: "uint8", 1: "int8", 2: "int16", 3: "int32", 4: "int64", 5: "float16", 6: "float32", 7: "float64", 11: "bool",
}  # fmt: skip


def load(unit: Unit, path: Path) -> Loaded:
    """Open a .pte file on the unit's threads; UnsupportedError where their number or float16 cannot be had."""
    import torch

    threads = set_threads(unit.threads)  # before a network is opened, which keeps hold of the pool
    opened = bindings()._load_program(str(path))
    forward = _network(opened, unit.dtype)
    takes = declared(forward.method_meta(), unit.graph_dtype)

    def tensors(images: Any = None) -> list[Any]:
        return [torch.from_numpy(array) for array in input_arrays(unit, takes, images)]

    given = tensors()
    inside, operations, left = (opened.load_method(name)([])[0] for name in (DELEGATED, OPERATIONS, LEFT))
    return Loaded(
        step=lambda: forward(given, clone_outputs=False),
        output=lambda: [tensor.numpy() for tensor in forward(given)],
        answer=lambda images: [tensor.numpy() for tensor in forward(tensors(images))],
        threads=threads,
        delegated=(inside, operations),
        notes=(left,) if left else (),
        anew=lambda: load(unit, path),
    )


def _network(opened: Any, dtype: str) -> Any:
    try:
        return opened.load_method("forward")
    except RuntimeError as error:
        if dtype != "float16":
            raise
        # XNNPACK says why on the terminal alone: xnn_status_unsupported_hardware.
        raise UnsupportedError(f"XNNPACK opens no float16 network on this CPU: {plain_line(error, 200)}") from error


def precision(unit: Unit, path: Path) -> Mapping[str, int]:
    """Of an int8 file, as its converter has counted them; any other is in its dtype."""
    if unit.dtype != "int8":
        return {}
    opened = bindings()._load_program(str(path))
    own, every = (opened.load_method(name)([])[0] for name in (INT8, PRODUCTS))
    return {dtype: count for dtype, count in (("int8", own), ("float32", every - own)) if count}


def set_threads(threads: int) -> int:
    """Make the process's one pool so large, which neither torch nor an environment variable decides; read its size."""
    try:
        bindings()._unsafe_reset_threadpool(threads)
        return int(bindings()._threadpool_get_thread_count())
    except AttributeError:
        raise UnsupportedError("this ExecuTorch has no switch for its threads; update executorch") from None


def bindings() -> Any:
    """What `executorch.runtime` wraps; that would import the converter too: 2900 modules, 130 MB, seconds.

    UnsupportedError where it was built for another torch than the one that is installed.
    """
    import torch  # whose libraries they need in the process

    try:
        return _extension()
    except ImportError as error:
        if "undefined symbol" not in str(error):
            raise
        symbol = str(error).rpartition(": ")[2]
        raise UnsupportedError(
            f"this ExecuTorch was built for another torch than {torch.__version__}, which has no {symbol}; install the"
            " two that belong together (docs/runtimes.md)"
        ) from error


def _extension() -> Any:
    try:
        return import_module("executorch.extension.pybindings._portable_lib")  # its name up to 1.1
    except ModuleNotFoundError:
        return import_module("executorch.extension.pybindings._C")


def declared(told: Any, dtype: str) -> list[Declared]:
    """The inputs of a method; ValueError where it computes in another dtype."""
    metas = [told.input_tensor_meta(index) for index in range(told.num_inputs())]
    found = [Declared(name="", dtype=_DTYPES[meta.dtype()], sizes=tuple(meta.sizes())) for meta in metas]
    if others := {each.dtype for each in found if each.dtype.startswith("float")} - {dtype}:
        raise ValueError(f"expected a .pte file in {dtype}, got one in {', '.join(sorted(others))}; convert it again")
    return found
