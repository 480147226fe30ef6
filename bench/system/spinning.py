"""Whether threads of OpenMP spin while they wait for work: its library reads a variable, once, as it is loaded."""

from collections.abc import Iterable


def spinning_environment(switches: Iterable[str]) -> dict[str, str]:
    """The variables to start a process with, by a unit's switches: what is as usual needs none."""
    return {"OMP_WAIT_POLICY": "passive"} if "spinning=off" in switches else {}
