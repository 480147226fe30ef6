"""What is known, before anything runs, to be impossible: those units become skipped rows with the reason."""

from bench.records.environment import Environment
from bench.records.workload import GRAPH_RUNTIMES, RUNTIME_PACKAGES, TORCH_RUNTIMES, Unit


def unsupported(unit: Unit, environment: Environment | None) -> str:
    """Why the unit cannot run on a device of that environment; empty where nothing speaks against it."""
    if unit.runtime in GRAPH_RUNTIMES:
        if reason := _graph_reason(unit):
            return reason
    elif unit.workload.model is not None and unit.workload.model.source.endswith(".onnx"):
        return "an .onnx file holds no PyTorch module"
    if environment is not None and environment.runtime(RUNTIME_PACKAGES[unit.runtime]) is None:
        return f"{RUNTIME_PACKAGES[unit.runtime]} is not installed on this device"
    if unit.settings.cuda_graph and not (unit.accelerator and unit.runtime == "eager"):
        return "CUDA graphs are captured in eager on a GPU only"
    if unit.settings.cold_cache and not unit.accelerator:
        return "only a GPU's cache can be emptied before each call"
    if unit.settings.cold_cache and unit.mode != "latency":
        return "calls between which the cache is emptied are no queue: a cold cache is measured as latency"
    if unit.settings.tf32 and not unit.accelerator:
        return "TF32 is a mode of NVIDIA GPUs"
    if unit.accelerator and unit.runtime not in TORCH_RUNTIMES:
        return f"{unit.runtime} is measured on CPUs only"
    return ""


def _graph_reason(unit: Unit) -> str:
    title = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}[unit.runtime]
    if unit.layout != "nchw":
        return f"{title} chooses its own layout"
    if unit.runtime == "onnxruntime" and unit.dtype == "bfloat16":
        return "ONNX Runtime has no bfloat16 kernels on a CPU"
    if unit.runtime == "openvino" and unit.dtype == "float16":
        return "OpenVINO's CPU plugin computes in float32 or bfloat16"
    if unit.runtime == "openvino" and unit.settings.flush_denormal:
        return "OpenVINO's Python interface has no switch for denormal numbers"
    if unit.workload.operator is not None and unit.workload.operator.implementation == "inplace":
        return "an ONNX graph cannot overwrite its input"
    if unit.workload.model is not None and unit.workload.model.form == "fast":
        return "the inference form is PyTorch's; its graph is exported from the plain network"
    return ""
