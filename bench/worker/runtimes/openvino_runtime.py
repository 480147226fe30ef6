"""OpenVINO on the CPU, an optional extra; float32 and bfloat16 are two dtypes of one float32 graph."""

from collections import Counter
from pathlib import Path
from typing import Any

from bench.records.workload import Unit
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}  # of what is not quantised
_PRODUCTS = ("Convolution", "FullyConnected", "MatMul")
_DTYPES = {"f32": "float32", "bf16": "bfloat16", "u8": "int8", "i8": "int8"}


def load(unit: Unit, path: Path) -> Loaded:
    """Compile the exported graph for latency on the unit's threads; UnsupportedError where the CPU lacks the dtype."""
    opened = compiled(unit, path)
    request = opened.create_infer_request()
    given = feed(unit, opened)
    infer = request.infer
    return Loaded(
        step=lambda: infer(given, share_inputs=True),
        output=lambda: [array.copy() for array in infer(given).values()],
        threads=int(opened.get_property("INFERENCE_NUM_THREADS")),
        anew=lambda: load(unit, path),
        answer=lambda images: [array.copy() for array in infer(feed(unit, opened, images)).values()],
    )


def bytes_moved(unit: Unit, path: Path) -> int:
    """The sizes of what the compiled graph's nodes read and write, of those that one call executed.

    OpenVINO says so of each: constants are made while it compiles, and a reshape in place is optimised out.
    """
    opened = compiled(unit, path, PERF_COUNT=True)
    request = opened.create_infer_request()
    request.infer(feed(unit, opened))
    executed = {node.node_name for node in request.profiling_info if node.status == node.Status.EXECUTED}
    return sum(moved_by(node) for node in nodes_of(opened) if node.get_friendly_name() in executed)


def nodes_of(opened: Any) -> list[Any]:
    """The operations of the graph as it was compiled, in the order of execution."""
    return list(opened.get_runtime_model().get_ordered_ops())


def precision(unit: Unit, path: Path) -> Counter[str]:
    """How many convolutions and matrix products the compiled graph has in which dtype."""
    told = [node.get_rt_info() for node in nodes_of(compiled(unit, path))]
    words = [str(each["runtimePrecision"].value) for each in told if str(each["layerType"].value) in _PRODUCTS]
    return Counter(_DTYPES.get(word, word) for word in words)


def moved_by(node: Any) -> int:
    """The sizes of what a compiled operation reads and writes, in bytes."""
    return sum(tensor.get_tensor().size for tensor in (*node.inputs(), *node.outputs()))


def compiled(unit: Unit, path: Path, **more: Any) -> Any:
    """The exported graph for the CPU as the unit wants it, and as `more` says."""
    return compiled_graph(path, unit.threads, unit.dtype, **more)


def compiled_graph(path: Path, threads: int, dtype: str, **more: Any) -> Any:
    """Compiled for latency on so many threads; UnsupportedError where the CPU lacks the dtype."""
    import openvino

    settings: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _PRECISIONS[dtype],
    }
    core = openvino.Core()
    opened = core.compile_model(core.read_model(path), "CPU", settings | more)
    # A CPU without bfloat16 instructions takes the hint and computes in float32.
    used = opened.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != _PRECISIONS[dtype]:
        raise UnsupportedError(f"asked OpenVINO for {dtype}, on this CPU it computes in {used}")
    return opened


def feed(unit: Unit, opened: Any, images: Any = None) -> dict[int, Any]:
    """The unit's arrays by the numbers of the inputs; with `images` (N, C, H, W) in the place of its own."""
    return dict(enumerate(input_arrays(unit, [_declared(port) for port in opened.inputs], images)))


def _declared(port: Any) -> Declared:
    sizes = tuple(size.get_length() if size.is_static else 0 for size in port.partial_shape)
    return Declared(name=port.any_name, dtype=str(port.element_type.to_dtype()), sizes=sizes)
