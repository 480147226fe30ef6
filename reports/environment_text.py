"""What a device is, in one line for titles and headings."""

from bench.plan.runtimes import find_runtime
from bench.records.environment import Environment
from bench.records.run import DeviceState, Run


def device_title(run: Run, name: str) -> str:
    """`cpu: Intel Xeon ..., 2 cores, torch 2.13.0, onnxruntime 1.27.0` (not escaped)."""
    state = run.device(name)
    if state.environment is None:
        return f"{name}: never reached"
    accelerator = next((unit.accelerator for unit in run.plan.units if unit.device == name), "")
    return f"{name}: " + ", ".join([processor(state.environment, accelerator), *versions(run, state)])


def surroundings(run: Run) -> tuple[str, ...]:
    """What limits a device's CPUs, and which variables were kept from its workers: a sentence each (not escaped)."""
    lines = []
    for state in run.devices:
        if state.environment is None:
            continue
        if (quota := state.environment.cpu_quota) is not None:
            lines.append(
                f"{state.name}: its control group may use {quota:.3g} CPUs on average and is stopped when it has."
            )
        if cleared := state.environment.cleared_variables:
            lines.append(f"{state.name}: workers did not inherit {', '.join(cleared)}.")
    return tuple(lines)


def processor(environment: Environment, accelerator: str = "") -> str:
    """The accelerator that computes, else the board where it has a name, the CPU and its cores."""
    named = [each for each in environment.accelerators if accelerator and each.startswith(accelerator)]
    if named:
        return named[0]
    cores = f"{environment.physical_cores} core{'s' if environment.physical_cores != 1 else ''}"
    return ", ".join(filter(None, [environment.board, environment.cpu_model, cores]))


def versions(run: Run, state: DeviceState, runtime: str = "") -> list[str]:
    """The versions of the packages behind that runtime, or behind all runtimes planned for this device.

    Two where two Pythons of the run hold one each.
    """
    if state.environment is None:
        return []
    held = {python.path: python.packages for python in state.pythons} | {"": state.environment.runtimes}
    found: dict[str, dict[str, None]] = {}
    for name, python in {(runtime, ""): None} if runtime else _planned(run, state.name):
        package = row.package if (row := find_runtime(name)) is not None else ""
        found.setdefault(package, {}).update(
            (each.version, None) for each in held.get(python, ()) if each.name == package
        )
    return [f"{name} {' and '.join(seen)}" for name, seen in sorted(found.items()) if seen]


def _planned(run: Run, device: str) -> dict[tuple[str, str], None]:
    """The runtimes that are used there, each with the path of its Python; in the plan's order."""
    pairs = (unit for pair in run.plan.pairs for unit in (pair.first, pair.second))
    units = (unit for unit in (*run.plan.units, *pairs) if unit.device == device)
    return dict.fromkeys((unit.runtime, unit.origin.python) for unit in units)
