"""What neither `nn.Module.parameters` nor torch's dispatcher shows: packed weights, what TorchScript's graph holds."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

# oneDNN's products that `torch.jit.optimize_for_inference` writes into a graph run without the dispatcher.
_UNDISPATCHED = ("prim::mkldnn", "prim::MKLDNN", "mkldnn_prepacked::", "prepacked::")


def parameter_count(network: nn.Module) -> int:
    """The elements of the distinct parameters, of packed (quantised) ones and of those frozen into a graph as well."""
    found: list[Tensor] = list(network.parameters())
    for child in network.modules():
        packed = (value for value in vars(child).values() if isinstance(value, torch.ScriptObject))
        # An LSTM keeps its biases beside its packed weights and in them.
        found += {tensor.data_ptr(): tensor for value in packed for tensor in unpacked(value)}.values()
    return sum(value.numel() for value in found) + sum(_constants(script) for script in _scripts(network))


def unpacked(packed: Any) -> Iterator[Tensor]:
    """The tensors of a value that torch's quantised layers keep packed."""
    if isinstance(packed, Tensor):
        yield packed
    elif isinstance(packed, (tuple, list)):
        for part in packed:
            yield from unpacked(part)
    elif isinstance(packed, torch.ScriptObject):
        script: Any = packed  # what torch says of its type leaves these out
        if script._has_method("unpack"):
            yield from unpacked(script.unpack())
        elif script._has_method("__getstate__"):
            yield from unpacked(script.__getstate__())


def undispatched(network: nn.Module) -> Counter[str]:
    """The operations that a scripted network runs where nothing that counts can see them, and how many of each."""
    found: Counter[str] = Counter()
    for script in _scripts(network):
        graph = script.inlined_graph  # held: nodes die with it
        found.update(node.kind() for node in _nodes(graph) if node.kind().startswith(_UNDISPATCHED))
    return found


def _scripts(network: nn.Module) -> Iterator[torch.jit.ScriptModule]:
    """The outermost: the graph of each holds those of its parts."""
    if isinstance(network, torch.jit.ScriptModule):
        yield network
        return
    for child in network.children():
        yield from _scripts(child)


def _nodes(parent: torch.Graph | torch.Block) -> Iterator[torch.Node]:
    for node in parent.nodes():
        yield node
        for block in node.blocks():
            yield from _nodes(block)


def _constants(script: torch.jit.ScriptModule) -> int:
    """The elements of the weights that freezing wrote into the graph; a single number or an index is none."""
    graph: Any = script.inlined_graph  # held: nodes die with it
    kinds = ("prim::Constant", "prim::ConstantMKLDNNTensor")
    nodes = (node for kind in kinds for node in graph.findAllNodes(kind, True))
    values = (
        node.t("value")
        for node in nodes
        if node.hasUses() and node.hasAttribute("value") and node.kindOf("value") == "t"
    )
    return sum(value.numel() for value in values if value.is_floating_point() and value.dim())
