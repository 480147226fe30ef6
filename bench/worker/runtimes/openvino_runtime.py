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
    import openvino

    settings: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": unit.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _PRECISIONS[unit.dtype],
    }
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", settings)
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
