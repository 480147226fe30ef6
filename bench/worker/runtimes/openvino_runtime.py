"""OpenVINO on the CPU, an optional extra; float32 and bfloat16 are two dtypes of one float32 graph."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.records.workload import Unit
from bench.worker.inputs import input_array
from bench.worker.runtimes.loaded import Loaded, UnsupportedError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


def load(unit: Unit, path: Path) -> Loaded:
    """Compile the exported graph for latency on the unit's threads; UnsupportedError where the CPU lacks the dtype."""
    compiled = _compiled(unit, path)
    # A CPU without bfloat16 instructions takes the hint and computes in float32.
    used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != _PRECISIONS[unit.dtype]:
        raise UnsupportedError(f"asked OpenVINO for {unit.dtype}, on this CPU it computes in {used}")
    request = compiled.create_infer_request()
    feed = {0: input_array(unit)}
    infer = request.infer

    def output() -> "npt.NDArray[np.float32]":
        array: npt.NDArray[np.float32] = infer(feed)[compiled.output(0)].astype("float32")
        return array

    return Loaded(
        step=lambda: infer(feed, share_inputs=True),
        output=output,
        threads=int(compiled.get_property("INFERENCE_NUM_THREADS")),
    )


def bytes_moved(unit: Unit, path: Path) -> int:
    """The sizes of what the compiled graph's nodes read and write, of those that one call executed.

    OpenVINO says so of each: constants are made while it compiles, and a reshape in place is optimised out.
    """
    compiled = _compiled(unit, path, PERF_COUNT=True)
    request = compiled.create_infer_request()
    request.infer({0: input_array(unit)})
    executed = {node.node_name for node in request.profiling_info if node.status == node.Status.EXECUTED}
    nodes = [node for node in compiled.get_runtime_model().get_ops() if node.get_friendly_name() in executed]
    return sum(tensor.get_tensor().size for node in nodes for tensor in (*node.inputs(), *node.outputs()))


def _compiled(unit: Unit, path: Path, **more: Any) -> Any:
    import openvino

    settings: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": unit.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _PRECISIONS[unit.dtype],
    }
    core = openvino.Core()
    return core.compile_model(core.read_model(path), "CPU", settings | more)
