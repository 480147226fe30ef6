"""What a device is, in one line for titles and headings."""

from bench.records import Environment
from bench.run import DeviceState, Run


def device_title(run: Run, name: str) -> str:
    """`cpu: Intel Xeon ..., 2 cores, torch 2.13.0, onnxruntime 1.27.0` (not escaped)."""
    state = run.device(name)
    if state.environment is None:
        return f"{name}: never reached"
    parts = [processor(state.environment), *versions(run, state)]
    return f"{name}: " + ", ".join(part for part in parts if part)


def processor(environment: Environment) -> str:
    """The accelerators where there are any named, else the CPU and its cores."""
    board = f"{environment.board}, " if environment.board else ""
    cores = f"{environment.physical_cores} core{'s' if environment.physical_cores != 1 else ''}"
    return f"{board}{environment.cpu_model}, {cores}"


def versions(run: Run, state: DeviceState) -> list[str]:
    """The versions of the packages that the planned runtimes of this device stand on."""
    if state.environment is None:
        return []
    planned = [unit for unit in run.plan.units if unit.device == state.name]
    planned += [unit for pair in run.plan.pairs for unit in (pair.first, pair.second)]
    wanted = {"torch" if unit.runtime in ("eager", "compile") else unit.runtime for unit in planned}
    found = [state.environment.runtime(name) for name in sorted(wanted)]
    return [f"{version.name} {version.version}" for version in found if version is not None]
