"""Fold batch norms into the convolutions and linear layers before them, in any network.

The pairs are not read off the code: one forward pass is watched, and a batch norm is folded when its input is
the very tensor that one convolution or linear layer made and nothing else read. So control flow that stops a
tracer is no obstacle; where it depends on the data, the network is folded as that one pass went.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from models.clone import clone, evaluating, randomness_restored
from models.count_rules import RULES

_BATCH_NORMS = {"aten::batch_norm", *(name for name, (kind, _) in RULES.items() if kind == "batch_norm")}

Layer = nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear


@dataclass(frozen=True, kw_only=True)
class Unfolded:
    """A batch norm that stays, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Folded:
    """A network without the batch norms that could go, and the names of both kinds."""

    network: nn.Module
    folded: tuple[str, ...]
    left: tuple[Unfolded, ...]


def fuse(network: nn.Module, example: Tensor | None = None, *, in_place: bool = False) -> nn.Module:
    """Return a copy of `network`, in evaluation mode, with its batch norms folded; `network` stays as it is.

    `example` is one input of the network; by default one image of 3 x 224 x 224. `in_place` changes the network itself
    and returns it, for whoever has no room for two.
    """
    return fold_batch_norms(network, example, in_place=in_place).network


@torch.inference_mode(False)  # weights made in inference mode could never be trained or changed
@torch.no_grad()
def fold_batch_norms(network: nn.Module, example: Tensor | None = None, *, in_place: bool = False) -> Folded:
    """Do what `fuse` does and say which batch norms went and which stayed."""
    network = evaluating(network if in_place else clone(network))
    names: dict[_BatchNorm, list[str]] = {}
    for name, module in network.named_modules(remove_duplicate=False):
        if isinstance(module, _BatchNorm):
            names.setdefault(module, []).append(name)
    with randomness_restored():
        calls, unseen = _watch(network, list(names), _example(network) if example is None else example)
    folded: list[str] = []
    left = [Unfolded(name="", reason="it is no module: scripted, exported, or called as a function")] * unseen
    for norm, paths in names.items():
        layer = _layer_before(norm, calls[norm])
        if isinstance(layer, str):
            left.append(Unfolded(name=paths[0], reason=layer))
            continue
        _fold(layer, norm)
        for path in paths:
            network = _replace(network, path, _remainder(norm))
        folded.append(paths[0])
    return Folded(network=network, folded=tuple(folded), left=tuple(left))


@dataclass(eq=False)
class _Made:
    """A tensor made by a convolution or linear layer: from which weight, and how often it was read."""

    weight: Tensor
    layers: list[nn.Module] = field(default_factory=list)  # that own the weight
    runs: int = 0  # of the weight
    reads: int = 0


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes which weight made a tensor and how many operations read it."""

    _TRANSPOSE = torch.ops.aten.t.default
    _CONVOLUTION = torch.ops.aten.convolution.default
    _MATMULS = (torch.ops.aten.addmm.default, torch.ops.aten.mm.default)
    # Composites arrive whole where autograd, which splits them, takes no part: on tensors made in inference mode.
    _COMPOSITES = (
        torch.ops.aten.conv1d.default,
        torch.ops.aten.conv1d.padding,
        torch.ops.aten.conv2d.default,
        torch.ops.aten.conv2d.padding,
        torch.ops.aten.conv3d.default,
        torch.ops.aten.conv3d.padding,
        torch.ops.aten.linear.default,
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.made: MutableMapping[Tensor, _Made] = WeakIdKeyDictionary()
        self.transposed: MutableMapping[Tensor, Tensor] = WeakIdKeyDictionary()
        self.runs: MutableMapping[Tensor, int] = WeakIdKeyDictionary()
        self.norms = 0  # batch norms that ran, of modules or not

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self.norms += func._schema.name in _BATCH_NORMS
        self.read((args, kwargs))
        result = func(*args, **kwargs)
        if func is self._TRANSPOSE:
            self.transposed[result] = args[0]
        weight = self.weight(func, args)
        if weight is not None:
            self.runs[weight] = self.runs.get(weight, 0) + 1
            self.made[result] = _Made(weight)
        return result

    def weight(self, func: Any, args: tuple[Any, ...]) -> Tensor | None:
        """Return the weight of a convolution or linear layer; None for any other operation."""
        if func is self._CONVOLUTION:
            is_transposed = args[6]
            return None if is_transposed else args[1]
        if func in self._COMPOSITES:
            return args[1]  # type: ignore[no-any-return]
        return self.transposed.get(args[-1]) if func in self._MATMULS else None

    def read(self, tree: Any) -> None:
        """Count one reading of every tensor in `tree` that a layer made."""
        for leaf in tree_leaves(tree):
            if isinstance(leaf, Tensor) and leaf in self.made:
                self.made[leaf].reads += 1


def _watch(
    network: nn.Module, norms: list[_BatchNorm], example: Tensor
) -> tuple[dict[_BatchNorm, list[_Made | None]], int]:
    """Run the network once; return for every batch norm, call by call, where its input came from.

    Beside it how many batch norms ran that are none of these modules.
    """
    calls: dict[_BatchNorm, list[_Made | None]] = {norm: [] for norm in norms}
    watch = _Watch()

    def note(norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(norm, _BatchNorm)
        calls[norm].append(watch.made.get(inputs[0]))

    handles = [norm.register_forward_pre_hook(note) for norm in norms]
    try:
        with watch:
            watch.read(network(example))
    finally:
        for handle in handles:
            handle.remove()
    owners: MutableMapping[Tensor, list[nn.Module]] = WeakIdKeyDictionary()
    for module in network.modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(parameter, []).append(module)
    for made in (made for call in calls.values() for made in call if made is not None):
        made.layers = owners.get(made.weight, [])
        made.runs = watch.runs[made.weight]
    return calls, max(0, watch.norms - sum(map(len, calls.values())))


def _layer_before(norm: _BatchNorm, calls: list[_Made | None]) -> Layer | str:
    """Return the layer this batch norm folds into, or the reason why it cannot."""
    if norm.running_mean is None or norm.running_var is None:
        return "it keeps no running statistics"
    if not _only_normalises(norm) and not _is_norm_and_activation(norm):
        return f"what {type(norm).__name__} does besides normalising is unknown"
    if len(calls) != 1:
        return f"it ran {len(calls)} times in one pass"
    made = calls[0]
    if made is None:
        return "its input is not the output of a convolution or linear layer"
    if len(made.layers) != 1 or not isinstance(made.layers[0], Layer):
        return "the weight before it is computed or shared"
    if made.runs != 1:
        return f"the layer before it ran {made.runs} times in one pass"
    if made.reads != 1:
        return f"the output of the layer before it is read {made.reads} times"
    return made.layers[0]


def _only_normalises(norm: _BatchNorm) -> bool:
    return type(norm).forward is _BatchNorm.forward or type(norm) is nn.SyncBatchNorm


def _is_norm_and_activation(norm: _BatchNorm) -> bool:
    # timm's BatchNormAct2d: normalises, then applies its `drop` and `act`.
    return isinstance(getattr(norm, "act", None), nn.Module) and isinstance(getattr(norm, "drop", None), nn.Module)


def _remainder(norm: _BatchNorm) -> nn.Module:
    """What is left of a folded batch norm: its activation where it had one."""
    parts = [getattr(norm, name) for name in ("drop", "act") if _is_norm_and_activation(norm)]
    parts = [part for part in parts if not isinstance(part, nn.Identity)]
    if not parts:
        return nn.Identity()
    return parts[0] if len(parts) == 1 else nn.Sequential(*parts)


def _fold(layer: Layer, norm: _BatchNorm) -> None:
    """Scale the layer's weight and set its bias so that it yields what the batch norm made of its output."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    # Folded in double precision: the only rounding is the one of the result.
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight.double()
    shift = -norm.running_mean.double() * scale
    if norm.bias is not None:
        shift = shift + norm.bias.double()
    if layer.bias is not None:
        shift = shift + layer.bias.double() * scale
    weight = layer.weight.double() * scale.view(-1, *[1] * (layer.weight.dim() - 1))
    layer.weight = nn.Parameter(weight.to(layer.weight.dtype), requires_grad=layer.weight.requires_grad)
    layer.bias = nn.Parameter(shift.to(layer.weight.dtype), requires_grad=layer.weight.requires_grad)


def _replace(network: nn.Module, path: str, module: nn.Module) -> nn.Module:
    if not path:
        return module
    parent, _, name = path.rpartition(".")
    setattr(network.get_submodule(parent), name, module)
    return network


def _example(network: nn.Module) -> Tensor:
    like = next(network.parameters(), torch.empty(0))
    return torch.zeros(1, 3, 224, 224, dtype=like.dtype, device=like.device)
