"""Workloads made real: the only importer of `operators` and `models`."""

from fractions import Fraction
from typing import TYPE_CHECKING

from bench.records import Cost, KindMacs
from bench.workload import Workload
from models.registry import NetworkEntry, resolve
from operators.cost import operator_cost
from operators.registry import overwrites_input as _overwrites_input
from operators.spec import OperatorSpec

if TYPE_CHECKING:
    from torch import nn

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


def is_onnx_file(workload: Workload) -> bool:
    """Whether the network is a user's own .onnx file."""
    return workload.model is not None and network_entry(workload).library == "onnx"


def overwrites_input(workload: Workload) -> bool:
    """Whether a call destroys its input, so that it must be restored outside the timed region."""
    return workload.operator is not None and _overwrites_input(operator_spec(workload))


def build_module(workload: Workload) -> "nn.Module":
    """The module that is timed: seeded weights, evaluation mode, fp32, NCHW; for a network BN fused if so asked."""
    from operators.registry import build as build_operator

    if workload.operator is not None:
        return build_operator(operator_spec(workload))
    module = plain_network(workload)
    return timed_form(module, workload)


def plain_network(workload: Workload) -> "nn.Module":
    """The network as published, nothing folded."""
    from models.build import build

    if workload.model is None:
        raise ValueError(f"expected a network, got the operator {workload.name}")
    return build(network_entry(workload), input_px=workload.input_shape[1], seed=workload.model.seed)


def timed_form(module: "nn.Module", workload: Workload) -> "nn.Module":
    """The graph that is timed, made from the published network."""
    import torch

    from models.fuse import fuse

    model = workload.model
    if model is None or not (model.fused or model.form):
        return module
    if model.form == "fast":
        from models.fasternet_fast import optimise

        return optimise(module)
    return fuse(module, torch.zeros(1, *workload.input_shape))


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


def network_cost_of(module: "nn.Module", timed: "nn.Module", workload: Workload, batch: int, dtype: str) -> Cost:
    """Counts of the published network and of the graph that is timed."""
    from models.counting import count

    shape = workload.input_shape
    before, after = count(module, shape), count(timed, shape, batch=batch)
    return Cost(
        params=after.params,
        macs=after.macs,
        bytes_ideal=None,
        bytes_moved=after.bytes_moved * BYTES[dtype] // BYTES["float32"],
        params_unfused=before.params,
        macs_unfused=before.macs,
        kinds=tuple(KindMacs(kind=part.kind, macs=part.macs) for part in after.macs_by_kind),
        unseen=tuple(f"{op.name}: {op.calls} calls, {op.share:.2%} of bytes moved" for op in after.unseen),
    )
