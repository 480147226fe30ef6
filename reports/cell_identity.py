"""What makes two cells of different runs the same one: all that decides a number but the time and the code."""

from dataclasses import replace

from bench.records.workload import Unit


def identity(unit: Unit) -> Unit:
    """The unit without its round, the code that measured it, its device's fingerprint and its network's digest."""
    workload = unit.workload
    if workload.model is not None and workload.model.digest:
        workload = replace(workload, model=replace(workload.model, digest=""))
    return replace(unit, workload=workload, round=0, code_version="", fingerprint="")


def digest(unit: Unit) -> str:
    """Of an .onnx file or a factory's source: another one is another version of that network."""
    return unit.workload.model.digest if unit.workload.model is not None else ""
