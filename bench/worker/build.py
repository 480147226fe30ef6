"""Workloads made real: the modules that are timed, and the counts of networks. Loads torch.

A worker that times operators imports nothing of `models`: it would wait for libraries that it never uses.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from bench.plan.checkpoints import checkpoint_digest
from bench.plan.subjects import BYTES, network_entry, operator_spec
from bench.records.artifact import Artifact
from bench.records.layers import GraphParts, Part
from bench.records.measurement import Cost, KindMacs
from bench.records.workload import Workload
from bench.worker.output_check import leaves
from bench.worker.torch_inputs import WithInputs, with_given
from models.registry import NetworkEntry
from operators.build import build as build_operator

if TYPE_CHECKING:
    from models.counting import NetworkCost
    from models.inference_form import Deployed


def build_module(workload: Workload, images: torch.Tensor) -> nn.Module:
    """The module that is timed on `images`: seeded weights, evaluation mode, fp32, NCHW; as deployed if so asked."""
    if workload.operator is not None:
        return build_operator(operator_spec(workload))
    # A network with a state in its forward changes it also outside of inference mode, as while it is folded.
    with torch.inference_mode(False), torch.no_grad():
        return timed_form(plain_network(workload), workload, images.clone()).network


def import_library(workload: Workload) -> None:
    """What `build_module` would import on its first call."""
    if workload.model is None:
        return
    import models.build
    import models.inference_form  # noqa: F401
    from models.torchvision_import import import_timm, import_torchvision

    library = network_entry(workload).library
    if library == "timm":
        import_timm()
    elif library == "torchvision":
        import_torchvision()


def plain_network(workload: Workload) -> nn.Module:
    """The network as published, nothing folded, on the arrays and with the weights that its user gave."""
    network = network_as_made(workload)
    whole = with_given(network, workload)
    give_weights(network, workload)
    return whole


def network_as_made(workload: Workload) -> nn.Module:
    """The network as its code makes it, with the weights that this gives it."""
    from models.build import as_made
    from models.build import build as build_network

    if workload.model is None:
        raise ValueError(f"expected a network, got the operator {workload.name}")
    channels, height, width = workload.input_shape
    entry = network_entry(workload)
    if workload.given and entry.library == "factory":
        return as_made(entry)  # which need not take one image alone
    return build_network(entry, input_px=(height, width), channels=channels, seed=workload.model.seed)


def give_weights(network: nn.Module, workload: Workload) -> None:
    """Load the checkpoint that the workload names, if any; ValueError where it is not the planned one or another's."""
    if workload.model is None or not (given := workload.model.checkpoint).path:
        return
    if checkpoint_digest(given.path) != given.digest:
        raise ValueError(f"expected the {given.path} that this run was planned with, it has changed; begin a new run")
    load_weights(network, given.path)


def load_weights(network: nn.Module, path: str) -> None:
    """Load a checkpoint strictly, a FasterNet's under its authors' and timm's names too; ValueError for another's."""
    from models.checkpoint import load_strictly, read_weights
    from models.fasternet import FasterNet
    from models.fasternet_weights import load_checkpoint

    if isinstance(network, FasterNet):
        load_checkpoint(network, path)
    else:
        load_strictly(network, read_weights(path))


def timed_form(
    module: nn.Module, workload: Workload, images: torch.Tensor, *, look: Callable[[nn.Module], None] | None = None
) -> "Deployed":
    """The graph that is timed, made from the published network, which is used up: a worker has no room for two.

    Re-parameterised and folded as the first of `images` goes through it, all where it has other inputs too. `look` is
    shown it in between, where branches were merged.
    """
    from models.inference_form import Deployed, deploy

    model = workload.model
    if model is None or not (model.fused or model.form):
        return Deployed(network=module, notes=())
    if model.form == "fast":
        from models.fasternet import FasterNet
        from models.fasternet_fast import optimise

        if not isinstance(module, FasterNet):
            raise ValueError(f"expected a FasterNet for the fast form, got {workload.name}; leave --form out")
        return Deployed(network=optimise(module), notes=())
    # The other inputs are of the whole batch.
    return deploy(module, images if isinstance(module, WithInputs) else images[:1], look=look)


def count_network(
    module: nn.Module, images: torch.Tensor, *, channels_last: bool = False, shapes_only: bool = False
) -> "NetworkCost":
    """Counts of a module as it is, on the images that it is timed on."""
    from models.counting import count_on

    return count_on(module, images, channels_last=channels_last, shapes_only=shapes_only)


def network_cost_of(
    before: "NetworkCost",
    after: "NetworkCost",
    dtype: str,
    *,
    merged: "NetworkCost | None" = None,
    notes: tuple[str, ...] = (),
) -> Cost:
    """Counts of the graph that is timed, beside those of the published network, also with its branches `merged`."""
    return Cost(
        params=after.params,
        macs=after.macs,
        bytes_ideal=None,
        bytes_moved=after.bytes_moved * BYTES[dtype] // BYTES["float32"],
        params_unfused=before.params,
        macs_unfused=before.macs,
        params_merged=merged.params if merged else None,
        macs_merged=merged.macs if merged else None,
        kinds=tuple(KindMacs(kind=part.kind, macs=part.macs) for part in after.macs_by_kind),
        unseen=tuple(f"{op.name}: {op.calls} calls, {op.share:.2%} of bytes moved" for op in after.unseen),
        notes=notes,
    )


def factory_digest(entry: NetworkEntry, module: nn.Module) -> str:
    """A hash of a user's network: the source file that its factory stands in, and all weights and buffers."""
    from models.count_hidden import unpacked

    digest = hashlib.sha256()
    source = getattr(sys.modules.get(entry.library_name.partition(":")[0]), "__file__", None)
    if source:
        digest.update(Path(source).read_bytes())
    for name, kept in module.state_dict().items():
        for value in unpacked(kept):
            digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}\0".encode())
            plain = value.dequantize() if value.is_quantized else value
            digest.update(plain.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def exported_form(module: nn.Module, workload: Workload) -> nn.Module:
    """The module to export: itself, or for a fused FasterNet the form that ONNX Runtime runs best."""
    from models.fasternet import FasterNet
    from models.fasternet_export import export_form

    if isinstance(module, FasterNet) and workload.model is not None and workload.model.fused:
        return export_form(module)
    return module


class _Flattened(nn.Module):
    """Gives what a network answers as a tuple of its tensors, from copies of the inputs, which stay as they are."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        answer = self.network(*(each.clone() for each in inputs))
        return tuple(leaf for leaf in leaves(answer) if isinstance(leaf, torch.Tensor))


def export_graph(
    module: nn.Module, example: Sequence[torch.Tensor], dtype: torch.dtype, path: Path, *, plain: bool = True
) -> None:
    """Write a module in its exported form and dtype as ONNX.

    One that is not `plain` answers with a nest of tensors, or overwrites an input.
    """
    from models.export import export

    export(plain_form(module, plain=plain).to(dtype), example, path)


def plain_form(module: nn.Module, *, plain: bool) -> nn.Module:
    """A module that answers with tensors alone and leaves its input as it is: itself where it is `plain`."""
    return module if plain else _Flattened(module)


def graph_cost_of(path: Path, input_shapes: Mapping[str, Sequence[int]]) -> Cost:
    """Counts of a graph that came as a file, on inputs of these shapes."""
    from models.onnx_counting import count_graph

    cost = count_graph(path, input_shapes)
    return Cost(params=cost.params, macs=cost.macs, bytes_ideal=None, bytes_moved=None, unseen=cost.unseen)


def with_graph_size(
    artifact: Artifact, path: Path, input_shapes: Mapping[str, Sequence[int]] | None = None
) -> Artifact:
    """The artifact with the size of its graph at `path`; as it was where that cannot be read."""
    from models.onnx_size import graph_size

    try:
        size = graph_size(path, input_shapes)
    except ValueError:
        return artifact
    return replace(artifact, graph_nodes=size.nodes, peak_bytes=size.peak_bytes)


def graph_parts(
    path: Path, image: Sequence[int], input_shapes: Mapping[str, Sequence[int]] | None = None
) -> GraphParts:
    """What each operation of the graph at `path` belongs to and costs, on images of that (H, W)."""
    from models.onnx_layers import graph_layers

    return GraphParts(
        parts=tuple(
            Part(
                name=each.name,
                layer=each.layer,
                kind=each.kind,
                macs=each.macs,
                params=each.params,
                stride=each.stride,
                also=tuple(name for name in each.outputs if name != each.name),
                takes=each.takes,
            )
            for each in graph_layers(path, image, input_shapes)
        )
    )
