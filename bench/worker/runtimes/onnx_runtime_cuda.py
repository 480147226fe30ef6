"""ONNX Runtime's CUDA provider, on torch's current stream: nothing is copied and nothing waits within a call.

Written after its documentation of the CUDA execution provider and of I/O binding; never run on a GPU so far.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.plain_text import plain_line
from bench.records.workload import Unit
from bench.worker.runtimes import cuda_tensors
from bench.worker.runtimes.loaded import FallbackError, Loaded, UnsupportedError
from bench.worker.runtimes.onnx_runtime import declared, profile_of, session_options

PROVIDER = "CUDAExecutionProvider"


def load(unit: Unit, path: Path) -> Loaded:
    """Open the exported graph on the unit's GPU; FallbackError where nodes that compute would run elsewhere."""
    import onnxruntime as ort

    if PROVIDER not in ort.get_available_providers():
        raise UnsupportedError(
            f"the onnxruntime that is installed knows {', '.join(ort.get_available_providers())}; install"
            " onnxruntime-gpu in its place"
        )
    opened = _session(unit, path, session_options(unit.threads, unit.switched))
    if opened.get_providers()[0] != PROVIDER:
        raise FallbackError(f"asked for {PROVIDER}, got {', '.join(opened.get_providers())}")
    inputs = cuda_tensors.fed(unit, [declared(each) for each in opened.get_inputs()])
    outputs = [cuda_tensors.empty(unit, declared(each)) for each in opened.get_outputs()]
    binding = opened.io_binding()
    for each, tensor in zip(opened.get_inputs(), inputs, strict=True):
        binding.bind_input(*_bound(unit, each, tensor))
    for each, tensor in zip(opened.get_outputs(), outputs, strict=True):
        binding.bind_output(*_bound(unit, each, tensor))
    options = ort.RunOptions()
    options.add_run_config_entry("disable_synchronize_execution_providers", "1")

    def step() -> object:
        # The tensors live as long as the step does: the binding knows their addresses alone.
        opened.run_with_iobinding(binding, options)
        return inputs, outputs

    def output() -> object:
        step()
        return cuda_tensors.arrays(unit, outputs)

    return Loaded(
        step=step,
        output=output,
        threads=opened.get_session_options().intra_op_num_threads,
    )


def _bound(unit: Unit, value: Any, tensor: Any) -> tuple[object, ...]:
    index = int(unit.accelerator.partition(":")[2] or 0)
    return value.name, "cuda", index, declared(value).dtype, list(tensor.shape), tensor.data_ptr()


def _session(unit: Unit, path: Path, options: Any) -> Any:
    import onnxruntime as ort

    provider = {
        "device_id": unit.accelerator.partition(":")[2] or "0",
        "user_compute_stream": str(cuda_tensors.stream(unit)),
        "use_tf32": str(int(unit.settings.tf32)),
        "cudnn_conv_algo_search": "EXHAUSTIVE" if unit.settings.cudnn_benchmark else "DEFAULT",
    }
    try:
        return ort.InferenceSession(str(path), options, providers=[(PROVIDER, provider), "CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no public base class
        if "NOT_IMPLEMENTED" in str(error):
            raise UnsupportedError(f"ONNX Runtime has no CUDA kernel: {plain_line(error, 200)}") from error
        raise


def delegated(unit: Unit, path: Path) -> tuple[int, int]:
    """How many nodes ran on the GPU, of all, by the profile of one call in a session of its own."""
    with TemporaryDirectory() as folder:
        options = session_options(unit.threads, unit.switched)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder, "onnxruntime"))
        opened = _session(unit, path, options)
        inputs = cuda_tensors.fed(unit, [declared(each) for each in opened.get_inputs()])
        names = (each.name for each in opened.get_inputs())
        opened.run(None, {name: tensor.cpu().numpy() for name, tensor in zip(names, inputs, strict=True)})
        return placed(profile_of(opened))


def placed(events: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Of the nodes in a profile, those on the GPU, and all."""
    where = {
        event["name"]: event["args"]["provider"]
        for event in events
        if event.get("cat") == "Node" and "provider" in event.get("args", {})
    }
    return sum(provider == PROVIDER for provider in where.values()), len(where)
