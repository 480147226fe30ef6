"""What a workload stands for in `operators` and `models`. Starts without torch; the worker makes the modules."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from functools import cache
from itertools import product
from math import prod
from typing import Any

from bench.errors import UsageError
from bench.plan.limits import check_elements, check_number
from bench.plan.plugins import rows
from bench.records.measurement import Cost
from bench.records.workload import (
    OWN_WEIGHTS,
    Checkpoint,
    ModelArguments,
    NetworkChanges,
    OperatorArguments,
    Workload,
    size_text,
)
from bench.wire.messages import Network
from models.fasternet_config import AXES as NETWORK_AXES
from models.fasternet_config import spelled
from models.registry import NetworkEntry, add, height_width, names, resolve
from operators.axes import Value
from operators.cost import OperatorCost, layer_costs, operator_cost
from operators.registry import OPERATORS, Operator
from operators.spec import AXES, OperatorSpec, axes

# arXiv 2303.03667v3, Table 1: (channels, height, width), four operators, ten stacked layers.
TABLE1_SIZES = ((96, 56, 56), (192, 28, 28), (384, 14, 14), (768, 7, 7))
TABLE1_OPERATORS = ("conv", "gconv", "dwconv", "pconv")
LAYER_NORM_NOTE = "layer norms normalise by each image's own statistics: none can be folded, all of them are timed"
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


@dataclass(frozen=True, kw_only=True)
class OperatorGrid:
    """What `bench ops` plans; an operator that lacks an axis is planned once, at its default.

    `axes` has values by the names of `operators.spec.AXES`; one that is missing keeps its default.
    """

    operators: tuple[str, ...] = TABLE1_OPERATORS
    sizes: tuple[tuple[int, int, int], ...] = TABLE1_SIZES
    axes: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := self.axes.keys() - AXES.keys():
            raise ValueError(f"expected axes among {', '.join(AXES)}, got {', '.join(sorted(unknown))}")


@cache
def operators() -> Mapping[str, Operator]:
    """Every operator there is: ours, then those of plug-ins."""
    OPERATORS.update(rows("bench.operators", Operator, taken=OPERATORS.copy(), check=_check_operator))
    return OPERATORS


def _check_operator(name: str, row: Operator) -> None:
    """Count one layer of it: a cost that fails later would take a whole run along."""
    if unknown := row.axes - AXES.keys():
        raise ValueError(f"expected axes among {', '.join(AXES)}, got {', '.join(sorted(unknown))}")
    OPERATORS[name] = row  # where its spec looks for it
    try:
        (cost,) = layer_costs(OperatorSpec(op=name, channels=96, height=56, width=56, stack=1), batch=1)
        if not isinstance(cost, OperatorCost):
            raise TypeError(f"expected its cost to be an OperatorCost, got {type(cost).__name__}")
    finally:
        del OPERATORS[name]


@cache
def network_plugins() -> None:
    rows("bench.models", NetworkEntry, taken=names(), check=lambda _, entry: add(entry))


def networks(asked: Sequence[str]) -> tuple[NetworkEntry, ...]:
    """The networks that names and groups stand for, plug-ins' among them; ValueError where one stands for none."""
    try:
        return resolve(asked)
    except ValueError:
        network_plugins()
        return resolve(asked)


def one_network(name: str) -> NetworkEntry:
    """The one that is to be looked into, module by module; ValueError for a group, and for a graph, which has none."""
    entries = networks([name])
    if len(entries) != 1 or entries[0].library == "onnx":
        what = f"a group of {len(entries)}" if len(entries) != 1 else "an .onnx file"
        raise ValueError(f"expected one PyTorch network, got {what}; name one, such as resnet50 or timm:resnet18")
    return entries[0]


def operator_spec(workload: Workload) -> OperatorSpec:
    """The operator that the workload names."""
    if workload.name not in OPERATORS:
        operators()
    arguments = workload.operator
    if arguments is None:
        raise ValueError(f"expected an operator, got the network {workload.name}")
    channels, height, width = workload.input_shape
    # JSON has no fractions: each value becomes what its axis holds again.
    given = asdict(arguments)
    given |= {name: type(row.default)(given[name]) for name, row in AXES.items() if name in given}
    return OperatorSpec(
        op=workload.name, channels=channels, height=height, width=width, stack=workload.stack or 1, **given
    )


def network_entry(workload: Workload) -> NetworkEntry:
    """The registry's row with the workload's changes, or the one made for a network from elsewhere."""
    if workload.model is None:
        raise ValueError(f"expected a network, got the operator {workload.name}")
    (entry,) = networks([workload.model.source])
    return replace(entry, arguments=(*entry.arguments, *_changes(workload.model.changes).items()))


def _changes(changes: NetworkChanges) -> dict[str, Value]:
    """JSON has no fractions: each value becomes what its axis holds again."""
    given = asdict(changes)
    return {name: type(row.default)(given[name]) for name, row in NETWORK_AXES.items() if given[name]}


def changes_text(changes: NetworkChanges) -> str:
    """As the network's `variant` has them: `r1/8,ln`; empty where it is as published."""
    return ",".join(spelled({name: value for name, value in asdict(changes).items() if value}))


def network_note(workload: Workload) -> str:
    """What a reader of the network's numbers must know, from its row in the registry; empty where there is nothing."""
    if workload.model is None:
        return ""
    if workload.model.changes.norm == "ln":
        return LAYER_NORM_NOTE
    try:
        return network_entry(workload).note
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
    return workload.operator is not None and operator_spec(workload).overwrites_input


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


def operator_workloads(grid: OperatorGrid) -> tuple[Workload, ...]:
    """One workload for each distinct operator of the grid; UsageError where one of them makes no sense."""
    asked = [grid.axes.get(name, (row.default,)) for name, row in AXES.items()]
    check_number(prod(map(len, [grid.operators, grid.sizes, *asked])))
    found = {
        _operator_workload(op, size, dict(zip(AXES, values, strict=True))): None
        for op, size, values in product(grid.operators, grid.sizes, product(*asked))
    }
    return tuple(found)


def _operator_workload(op: str, size: tuple[int, int, int], asked: dict[str, Any]) -> Workload:
    try:
        own = {name: value for name, value in asked.items() if name in axes(op) or AXES[name].asked_of_all}
        spec = OperatorSpec(op=op, channels=size[0], height=size[1], width=size[2], **own)
    except ValueError as error:
        raise UsageError(f"{op} at {size_text(size)}: {error}") from None
    check_elements(f"the weights of {op} at {size_text(size)}", operator_cost(spec, batch=1).params)
    given: dict[str, Any] = {row.name: getattr(spec, row.name) for row in fields(OperatorArguments)}
    given |= {name: str(value) for name, value in given.items() if isinstance(value, Fraction)}
    return Workload(
        kind="op",
        name=op,
        input_shape=size,
        variant=spec.variant,
        stack=spec.stack,
        operator=OperatorArguments(**given),
    )


def network_workload(
    entry: NetworkEntry,
    input_shape: tuple[int, int, int],
    *,
    fused: bool = True,
    form: str = "",
    inspected: Network | None = None,
    changes: Mapping[str, Value] | None = None,
    checkpoint: Checkpoint = OWN_WEIGHTS,
) -> Workload:
    """One network at one input size, with `changes` by axis, and what inspecting it has told."""
    changes, seen = changes or {}, inspected or Network(source=entry.name)
    changed: dict[str, Any] = {name: str(v) if isinstance(v, Fraction) else v for name, v in changes.items()}
    differs = spelled(changes)
    differs += [] if fused or entry.library == "onnx" else ["unfused"]
    differs += [form] if form else []
    if entry.input_px is not None and input_shape[1:] != height_width(entry.input_px):
        _, height, width = input_shape
        differs.append(f"{height}px" if height == width else f"{height}x{width}px")
    if seen.inputs.source.startswith("/"):  # a file; what a factory brings itself is a part of it
        differs.append(f"data {seen.inputs.digest[:8]}")
    return Workload(
        kind="model",
        name=entry.name,
        input_shape=input_shape,
        variant=",".join(differs),
        model=ModelArguments(
            source=entry.name,
            fused=fused and entry.library != "onnx",
            form=form,
            digest=seen.digest,
            batch=seen.batch,
            dtype=seen.dtype,
            inputs=seen.inputs,
            changes=NetworkChanges(**changed),
            checkpoint=checkpoint,
        ),
    )
