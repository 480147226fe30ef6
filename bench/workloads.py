"""What a workload stands for in `operators` and `models`. Starts without torch; bench.building makes the modules."""

from fractions import Fraction

from bench.records import Cost
from bench.workload import Workload
from models.registry import NetworkEntry, resolve
from operators.cost import operator_cost
from operators.registry import overwrites_input as _overwrites_input
from operators.spec import OperatorSpec

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}


def operator_spec(workload: Workload) -> OperatorSpec:
    """The operator that the workload names."""
    arguments = workload.operator
    if arguments is None:
        raise ValueError(f"expected an operator, got the network {workload.name}")
    channels, height, width = workload.input_shape
    return OperatorSpec(
        op=workload.name,
        channels=channels,
        height=height,
        width=width,
        kernel=arguments.kernel,
        groups=arguments.groups,
        ratio=Fraction(arguments.ratio),
        dilation=arguments.dilation,
        stride=arguments.stride,
        stack=workload.stack or 1,
        implementation=arguments.implementation,
        selection=arguments.selection,
        seed=arguments.seed,
    )


def network_entry(workload: Workload) -> NetworkEntry:
    """The registry's row, or the one made for a network from elsewhere."""
    if workload.model is None:
        raise ValueError(f"expected a network, got the operator {workload.name}")
    (entry,) = resolve([workload.model.source])
    return entry


def network_note(workload: Workload) -> str:
    """What a reader of the network's numbers must know, from its row in the registry; empty where there is nothing."""
    try:
        return network_entry(workload).note if workload.model is not None else ""
    except ValueError:  # a run of another version, whose networks had other names
        return ""


def is_onnx_file(workload: Workload) -> bool:
    """Whether the network is a user's own .onnx file."""
    return workload.model is not None and network_entry(workload).library == "onnx"


def is_factory(workload: Workload) -> bool:
    """Whether the network comes from a user's own `package.module:factory`."""
    return workload.model is not None and network_entry(workload).library == "factory"


def overwrites_input(workload: Workload) -> bool:
    """Whether a call destroys its input, so that it must be restored outside the timed region."""
    return workload.operator is not None and _overwrites_input(operator_spec(workload))


def operator_cost_of(workload: Workload, batch: int, dtype: str) -> Cost:
    """The closed formulas of the operator, in bytes of its dtype."""
    cost = operator_cost(operator_spec(workload), batch)
    size = BYTES[dtype]
    return Cost(
        params=cost.params,
        macs=cost.macs,
        bytes_ideal=cost.elements_ideal * size,
        bytes_moved=cost.elements_moved * size,
    )
