"""ONNX Runtime on the CPU. Imports neither torch nor our operators, so a board without them runs it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.plain_text import plain_line
from bench.records.workload import Unit
from bench.worker.inputs import input_array
from bench.worker.runtimes.loaded import FallbackError, Loaded, UnsupportedError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A graph's own words for its input's type.
ELEMENT_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16"}


def session(path: Path, threads: int, *, optimised: bool = True, flush_denormal: bool = False) -> Any:
    """A session on `threads` threads of the CPU provider.

    The first session of a process decides whether its calling thread flushes denormal numbers: give all the same.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # warnings about graph shapes say nothing about speed
    options.add_session_config_entry("session.set_denormal_as_zero", str(int(flush_denormal)))
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def load(unit: Unit, path: Path) -> Loaded:
    """Open the exported graph; raises UnsupportedError where a kernel is missing, FallbackError on another provider."""
    try:
        opened = session(path, unit.threads, flush_denormal=unit.settings.flush_denormal)
    except Exception as error:  # its exceptions share no public base class
        if "NOT_IMPLEMENTED" in str(error) or "Could not find an implementation" in str(error):
            raise UnsupportedError(f"ONNX Runtime has no kernel: {plain_line(error, 200)}") from error
        raise
    if opened.get_providers() != ["CPUExecutionProvider"]:
        raise FallbackError(f"asked for the CPU provider, got {opened.get_providers()}")
    given = opened.get_inputs()[0]
    image = input_array(unit).astype(ELEMENT_TYPES.get(given.type, "float32"))
    names, feed = [opened.get_outputs()[0].name], {given.name: image}
    run = opened.run

    def output() -> "npt.NDArray[np.float32]":
        array: npt.NDArray[np.float32] = run(names, feed)[0].astype("float32")
        return array

    return Loaded(
        step=lambda: run(names, feed),
        output=output,
        threads=opened.get_session_options().intra_op_num_threads,
    )
