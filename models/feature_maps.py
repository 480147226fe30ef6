"""What goes into a layer of a network and what comes out, and which convolutions it runs in which order."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from models.layer_kinds import kind_of_module
from models.reason import reason

BATCH = 8  # images that go through the network at once
Saw = Callable[[str, nn.Module, Tensor, Tensor], None]  # a layer by name, its input and its output


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """A Conv2d as it first runs, with the size of the map that it takes."""

    name: str
    module: nn.Conv2d
    height: int
    width: int

    @property
    def keeps_shape(self) -> bool:
        """Whether it is a regular 3x3 convolution out of which comes the shape that goes in."""
        module = self.module
        plain = (module.kernel_size, module.stride, module.dilation) == ((3, 3), (1, 1), (1, 1))
        padded = module.padding in ("same", (1, 1))
        return is_regular(module) and plain and padded and module.in_channels == module.out_channels


def is_regular(module: nn.Module) -> bool:
    """Whether it is a convolution each of whose filters sees every channel, and more than one pixel of it."""
    return isinstance(module, nn.Conv2d) and kind_of_module(module) == "conv"


def conv_layers(network: nn.Module, image: Tensor) -> tuple[ConvLayer, ...]:
    """Every Conv2d in the order in which it first runs on `image`, (1, C, H, W)."""
    found: dict[str, ConvLayer] = {}

    def saw(name: str, module: nn.Module, map_in: Tensor, map_out: Tensor) -> None:
        height, width = map_in.shape[-2:]
        found.setdefault(name, ConvLayer(name=name, module=cast(nn.Conv2d, module), height=height, width=width))

    watch(network, [name for name, each in network.named_modules() if isinstance(each, nn.Conv2d)], image, saw)
    return tuple(found.values())


def of_stages(layers: Sequence[ConvLayer]) -> tuple[ConvLayer, ...]:
    """The first 3x3 convolution of each stage: of each size of map, one that keeps the shape."""
    first: dict[tuple[int, int], ConvLayer] = {}
    for layer in layers:
        if layer.keeps_shape:
            first.setdefault((layer.height, layer.width), layer)
    return tuple(first.values())


def maps_of(network: nn.Module, name: str, images: Tensor) -> tuple[Tensor, Tensor]:
    """What goes into that layer and what comes out, (n, c, h, w) each; of one that runs again, the first time."""
    befores: list[Tensor] = []
    afters: list[Tensor] = []

    def saw(name: str, module: nn.Module, map_in: Tensor, map_out: Tensor) -> None:
        if len(befores) == done:
            # Copies: an activation behind the layer may work in place.
            befores.append(map_in.clone())
            afters.append(map_out.clone())

    for done, batch in enumerate(torch.split(images, BATCH)):  # noqa: B007 - read by what is called
        watch(network, [name], batch, saw)
    before, after = torch.cat(befores), torch.cat(afters)
    if not torch.isfinite(after).all():
        raise ValueError(f"expected finite feature maps, got NaN or infinity from {name}; look at the weights")
    return before, after


def watch(network: nn.Module, names: Sequence[str], images: Tensor, saw: Saw) -> None:
    """Send the images through, `BATCH` at once; `saw` is called after each of these layers that takes and gives maps.

    ValueError in one line where the network does not take them.
    """
    with _hooked(network, names, saw), torch.no_grad():  # not inference mode: what is seen is trained on
        for batch in torch.split(images, BATCH):
            try:
                network(batch)
            except Exception as error:  # whatever a network raises
                size = "x".join(map(str, batch.shape))
                raise ValueError(f"expected the network to take {size} images, got {reason(error)}") from error


def check_layer(network: nn.Module, name: str) -> None:
    """ValueError that names near ones where the network has no layer of that name."""
    names = [each for each, _ in network.named_modules() if each]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"its first are {', '.join(names[:3])}"
        raise ValueError(f"expected the name of a layer, got {name[:80]!r}; {hint}")


@contextmanager
def _hooked(network: nn.Module, names: Sequence[str], saw: Saw) -> Iterator[None]:
    handles = [network.get_submodule(name).register_forward_hook(_hook(name, saw)) for name in names]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(name: str, saw: Saw) -> Callable[[nn.Module, tuple[object, ...], object], None]:
    def hook(module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        map_in = inputs[0] if inputs else None
        if isinstance(map_in, Tensor) and isinstance(output, Tensor) and map_in.dim() == output.dim() == 4:
            saw(name, module, map_in, output)

    return hook
