"""What each module of a network costs by itself: the operations of its own forward, outside of the modules in it."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from models.clone import clone
from models.counting import Tallies, Tally, run_counted
from models.layer_kinds import FUNCTIONAL, kind_of_module, stride_of
from models.module_calls import Forward, around_forwards
from models.reason import reason

_ATTENTION = ("attention", "matmul")  # kinds of products without weights


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """One module that was called. `macs` are per image, None where operations of it are not counted.

    `bytes_moved` are per call of the whole batch, in the dtype of the module; `stride` as `stride_of` has it.
    """

    path: str  # "" is the network
    kind: str
    macs: int | None
    params: int
    bytes_moved: int
    stride: int


def count_layers(network: nn.Module, images: Tensor, *, channels_last: bool = False) -> tuple[LayerCost, ...]:
    """Every module that one forward pass over `images` (N, C, H, W) calls, in the order in which they begin.

    The network stays as it is. ValueError where it cannot be watched, or does not take the images.
    """
    module, tallies = clone(network, share_weights=True), Tallies()
    shapes: dict[str, tuple[int, ...]] = {}

    def around(path: str, _: nn.Module, forward: Forward) -> Forward:
        def counted(*args: Any, **kwargs: Any) -> Any:
            with tallies.within(path):
                result = forward(*args, **kwargs)
            shapes[path] = next((tuple(leaf.shape) for leaf in tree_leaves(result) if isinstance(leaf, Tensor)), ())
            return result

        return counted

    with around_forwards(module, around):
        try:
            run_counted(module, images, tallies, channels_last=channels_last)
        except Exception as error:
            raise ValueError(f"expected a network that takes {tuple(images.shape)}, got {reason(error)}") from error
    modules = dict(module.named_modules())
    seen: set[int] = set()
    return tuple(
        LayerCost(
            path=path,
            kind=_kind(modules[path], tally),
            macs=tally.macs_of(len(images)),
            params=_own_params(modules[path], seen),
            bytes_moved=tally.moved,
            stride=stride_of(shapes.get(path, ()), len(images), images.shape[-2:]),
        )
        for path, tally in tallies.by_module.items()
    )


def _kind(module: nn.Module, tally: Tally) -> str:
    """Attention is what a module does that multiplies by itself, whatever modules it holds."""
    kind = kind_of_module(module)
    return "attention" if kind == FUNCTIONAL and any(tally.macs[each] for each in _ATTENTION) else kind


def _own_params(module: nn.Module, seen: set[int]) -> int:
    """The elements of those that lie in the module itself, each once."""
    own = [value for value in module.parameters(recurse=False) if id(value) not in seen]
    seen.update(map(id, own))
    return sum(value.numel() for value in own)
