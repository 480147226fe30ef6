"""ONNX Runtime on the CPU. Imports neither torch nor our operators, so a board without them runs it."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
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


def session(
    path: Path, threads: int, *, optimised: bool = True, flush_denormal: bool = False, profile: Path | None = None
) -> Any:
    """A session on `threads` threads of the CPU provider; one that writes its profile to the folder `profile`.

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
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile / "onnxruntime")
        # A kernel that packs its weights takes them out of the profile; the graph stays the same.
        options.add_session_config_entry("session.disable_prepacking", "1")
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
    names, feed = [opened.get_outputs()[0].name], _feed(opened, unit)
    run = opened.run

    def output() -> "npt.NDArray[np.float32]":
        array: npt.NDArray[np.float32] = run(names, feed)[0].astype("float32")
        return array

    return Loaded(
        step=lambda: run(names, feed),
        output=output,
        threads=opened.get_session_options().intra_op_num_threads,
    )


def bytes_moved(unit: Unit, path: Path) -> int:
    """What one call's nodes read and write by ONNX Runtime's own profile, in a session of its own."""
    with TemporaryDirectory() as folder:
        opened = session(path, unit.threads, flush_denormal=unit.settings.flush_denormal, profile=Path(folder))
        opened.run([opened.get_outputs()[0].name], _feed(opened, unit))
        events = json.loads(Path(opened.end_profiling()).read_text())
    nodes = [event["args"] for event in events if event.get("cat") == "Node" and "output_size" in event["args"]]
    return sum(int(node[size]) for node in nodes for size in ("activation_size", "parameter_size", "output_size"))


def _feed(opened: Any, unit: Unit) -> "dict[str, npt.NDArray[Any]]":
    given = opened.get_inputs()[0]
    return {given.name: input_array(unit).astype(ELEMENT_TYPES.get(given.type, "float32"))}
