"""What is known, before anything runs, to be impossible: those units become skipped rows with the reason."""

from dataclasses import fields
from pathlib import PurePath

from bench.plan.runtimes import Runtime, runtime
from bench.plan.subjects import is_onnx_file
from bench.records.device import builtin_device
from bench.records.environment import Environment
from bench.records.workload import Settings, Unit


def unsupported(unit: Unit, environment: Environment | None) -> str:
    """Why the unit cannot run on a device of that environment; empty where nothing speaks against it."""
    row = runtime(unit.runtime)
    if unit.dtype == "int8" and row.no_int8:
        return f"{row.title} {row.no_int8}"
    if reason := _lacking(row, unit) or _unfoldable(unit) or _other_form(row, unit):
        return reason
    if environment is not None and (reason := _not_installed(row, unit.device, environment)):
        return reason
    if unit.settings.cuda_graph and not unit.accelerator:
        return "CUDA graphs are captured on a GPU only"
    if unit.settings.cold_cache and unit.mode != "latency":
        return "calls between which the cache is emptied are no queue: a cold cache is measured as latency"
    if unit.settings.tf32 and not unit.accelerator:
        return "TF32 is a mode of NVIDIA GPUs"
    if not unit.accelerator and not row.cpu:
        return f"{row.title} computes on an NVIDIA GPU only; name one, as in --device cuda"
    if unit.accelerator and not row.accelerator:
        return f"{unit.runtime} is measured on CPUs only"
    return ""


def _not_installed(row: Runtime, device: str, environment: Environment) -> str:
    missing = [each for each in (*row.beside, row.package) if environment.runtime(each) is None]
    if not missing:
        return ""
    if builtin_device(device):
        return f"{missing[0]} is not installed on this device; `bench runtimes` says what installs it"
    return (
        f"{missing[0]} is not installed on {device}; name {row.name} among the `runtimes` of its entry in devices.yaml,"
        f" then `bench devices setup {device}` installs it"
    )


def _lacking(row: Runtime, unit: Unit) -> str:
    switched = [each.name for each in fields(Settings) if getattr(unit.settings, each.name) != each.default]
    return next((row.lacks[each] for each in (unit.layout, unit.dtype, *switched) if each in row.lacks), "")


def _unfoldable(unit: Unit) -> str:
    model = unit.workload.model
    if model is not None and model.form == "fast" and model.changes.norm == "ln":
        return "the inference form has its norms folded into convolutions, which no layer norm can be"
    return ""


def _other_form(row: Runtime, unit: Unit) -> str:
    operator, model = unit.workload.operator, unit.workload.model
    if not row.graph:
        return "an .onnx file holds no PyTorch module" if is_onnx_file(unit.workload) else _other_batch(unit)
    if row.converter and is_onnx_file(unit.workload):
        return f"{row.title} takes what is converted from a PyTorch network, an .onnx file holds none"
    if operator is not None and operator.implementation == "inplace":
        return "an ONNX graph cannot overwrite its input"
    if reason := _other_batch(unit):
        return reason
    graphs = "float32" if row.float32_graph else unit.graph_dtype
    if model is not None and model.dtype not in ("", graphs):
        return f"the file computes in {model.dtype}, not {graphs}; give --dtype {model.dtype}"
    if model is not None and model.form == "fast":
        return "the inference form is PyTorch's; its graph is exported from the plain network"
    return ""


def _other_batch(unit: Unit) -> str:
    model = unit.workload.model
    if model is None or model.batch in (0, unit.batch):
        return ""
    fixed = f"the arrays of {PurePath(model.inputs.source).name} are" if model.inputs.source else "the file is fixed to"
    return f"{fixed} batches of {model.batch}, not {unit.batch}; give --batch {model.batch}"
