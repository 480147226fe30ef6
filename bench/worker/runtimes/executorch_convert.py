"""What torch has exported, lowered to XNNPACK, ExecuTorch's fast backend on a CPU: the one .pte file that it opens."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.worker.calibration_files import calibration_batches
from bench.worker.runtimes.executorch_quantise import products, quantised
from bench.worker.runtimes.executorch_runtime import DELEGATED, INT8, LEFT, OPERATIONS, PRODUCTS

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram


def convert(program: Path, target: Path, dtype: str) -> None:
    """Write the saved program, which is of that dtype already, to `target`; of int8 it is float32, and quantised."""
    import torch

    network = without_splits(torch.export.load(program))
    if dtype == "int8":
        network = quantised(network, calibration_batches(program))
    target.write_bytes(lowered(network))


def lowered(program: "ExportedProgram") -> bytes:
    """A .pte file of the program, which also tells how much of it XNNPACK computes, and how much in int8."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import EdgeProgramManager, to_edge_transform_and_lower

    own, every = products(program)
    made = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
    network = made.exported_program()
    methods = told(network.graph_module) | {INT8: own, PRODUCTS: every}
    return bytes(EdgeProgramManager(network, constant_methods=methods).to_executorch().buffer)


def told(graph: Any) -> dict[str, int | str]:
    """How much of it XNNPACK computes; an operation is what computes, not what takes one of several results.

    Nor a conversion to int8 or from it that XNNPACK makes a part of its kernels.
    """
    from executorch.devtools.backend_debug import get_delegation_info

    found = get_delegation_info(graph)
    kinds = [kind for kind in found.delegation_by_operator.values() if kind.op_type != "getitem"]
    inside = sum(kind.delegated for kind in kinds if "quantize" not in kind.op_type)
    outside = sum(kind.non_delegated for kind in kinds)
    names = ", ".join(f"{kind.non_delegated} {kind.op_type}" for kind in kinds if kind.non_delegated)
    parts = found.num_delegated_subgraphs
    left = f"XNNPACK computes {parts} part{'s' * (parts != 1)} of the graph, ExecuTorch's own kernels {names}"
    return {DELEGATED: inside, OPERATIONS: inside + outside, LEFT: left if names else ""}


def without_splits(program: "ExportedProgram") -> "ExportedProgram":
    """The program with slices in place of splits: XNNPACK has no split, each would cut the network in two there."""
    import torch

    aten = torch.ops.aten
    table = {aten.split_with_sizes.default: _parts, aten.split.Tensor: _equal_parts, aten.chunk.default: _chunks}
    sliced: ExportedProgram = program.run_decompositions(table)
    return sliced


def _parts(x: "torch.Tensor", sizes: Sequence[int], dim: int = 0) -> "list[torch.Tensor]":
    ends = itertools.accumulate(sizes)
    return [x.narrow(dim, end - size, size) for size, end in zip(sizes, ends, strict=True)]


def _equal_parts(x: "torch.Tensor", size: int, dim: int = 0) -> "list[torch.Tensor]":
    length = x.shape[dim]
    return [x.narrow(dim, start, min(size, length - start)) for start in range(0, length, size)]


def _chunks(x: "torch.Tensor", count: int, dim: int = 0) -> "list[torch.Tensor]":
    return _equal_parts(x, -(-x.shape[dim] // count), dim)
