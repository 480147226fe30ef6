"""OpenVINO on the CPU, an optional extra; float32 and bfloat16 are two dtypes of one float32 graph."""

from pathlib import Path
from typing import Any

from bench.records.workload import Unit
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


def load(unit: Unit, path: Path) -> Loaded:
    """Compile the exported graph for latency on the unit's threads; UnsupportedError where the CPU lacks the dtype."""
    compiled = _compiled(unit, path)
    request = compiled.create_infer_request()
    feed = _feed(unit, compiled)
    infer = request.infer
    return Loaded(
        step=lambda: infer(feed, share_inputs=True),
        output=lambda: [array.copy() for array in infer(feed).values()],
        threads=int(compiled.get_property("INFERENCE_NUM_THREADS")),
        anew=lambda: load(unit, path),
    )


def bytes_moved(unit: Unit, path: Path) -> int:
    """The sizes of what the compiled graph's nodes read and write, of those that one call executed.

    OpenVINO says so of each: constants are made while it compiles, and a reshape in place is optimised out.
    """
    compiled = _compiled(unit, path, PERF_COUNT=True)
    request = compiled.create_infer_request()
    request.infer(_feed(unit, compiled))
    executed = {node.node_name for node in request.profiling_info if node.status == node.Status.EXECUTED}
    nodes = [node for node in compiled.get_runtime_model().get_ops() if node.get_friendly_name() in executed]
    return sum(tensor.get_tensor().size for node in nodes for tensor in (*node.inputs(), *node.outputs()))


def _compiled(unit: Unit, path: Path, **more: Any) -> Any:
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
    compiled = core.compile_model(core.read_model(path), "CPU", settings | more)
    # A CPU without bfloat16 instructions takes the hint and computes in float32.
    used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != _PRECISIONS[dtype]:
        raise UnsupportedError(f"asked OpenVINO for {dtype}, on this CPU it computes in {used}")
    return compiled


def _feed(unit: Unit, compiled: Any) -> dict[int, Any]:
    return dict(enumerate(input_arrays(unit, [_declared(port) for port in compiled.inputs])))


def _declared(port: Any) -> Declared:
    sizes = tuple(size.get_length() if size.is_static else 0 for size in port.partial_shape)
    return Declared(name=port.any_name, dtype=str(port.element_type.to_dtype()), sizes=sizes)
