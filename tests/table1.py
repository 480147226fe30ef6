"""The paper's Table 1 and networks of the zoo, as the plan holds them."""

from typing import Any

from bench.plan.axes import Axes, cells
from bench.plan.subjects import OperatorGrid, network_workload, operator_workloads
from bench.records.device import Device
from bench.records.workload import Unit, Workload
from models.registry import resolve

CPU = Device(name="cpu")


def default_cells(**axes: Any) -> tuple[Unit, ...]:
    return cells(operator_workloads(OperatorGrid()), Axes(**axes), CPU, ("eager",))


def network(name: str) -> Workload:
    (entry,) = resolve([name])
    return network_workload(entry, (3, 224, 224))
