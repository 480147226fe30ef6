"""CycleMLP (arXiv 2107.10224): B1 and B2.

Its operator, the cycle fully connected layer, takes each input channel from a neighbouring pixel, the neighbour
cycling with the channel. The authors run it as a deformable convolution; its offsets are whole pixels that never
change, so here it is a shift of the channels and a 1x1 convolution. Features are (N, H, W, C) throughout.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CHANNELS = (64, 128, 320, 512)  # arXiv 2107.10224, Table 1: B1 and B2
_EXPANSION = 4
_SPAN = 3  # pixels that a cycle layer looks at


class CycleLinear(nn.Module):
    """A linear layer over channels taken from three neighbouring pixels; (N, H, W, C) to the same.

    Channel c is read (c + 1) % 3 - 1 pixels further along `axis` (1 is the height, 2 the width): at 0, +1, -1, 0,
    ...; beyond the border is zero (Section 3.2 there). The columns of the weight stand in the order 0, 3, 6, ...,
    1, 4, ..., 2, 5, ...: three slices are a third of the cost of picking single channels.
    """

    def __init__(self, channels: int, *, axis: int) -> None:
        super().__init__()
        if channels < _SPAN or axis not in (1, 2):
            raise ValueError(f"expected channels >= {_SPAN} and axis 1 or 2, got {channels} and {axis}")
        self.axis = axis
        self.linear = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        size = features.shape[self.axis]
        padded = F.pad(features, (0, 0, 1, 1) if self.axis == 2 else (0, 0, 0, 0, 1, 1))  # size -> size + 2
        here = features[..., 0::_SPAN]  # (n, h, w, c) -> (n, h, w, c/3)
        after = padded.narrow(self.axis, 2, size)[..., 1::_SPAN]  # -> (n, h, w, c/3)
        before = padded.narrow(self.axis, 0, size)[..., 2::_SPAN]  # -> (n, h, w, c/3)
        mixed: Tensor = self.linear(torch.cat((here, after, before), dim=-1))  # three (n, h, w, c/3) -> (n, h, w, c)
        return mixed


class CycleMixer(nn.Module):
    """Mix along the width, the height and the channels; weigh the three per channel by what the image holds."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.along_width = CycleLinear(channels, axis=2)
        self.along_height = CycleLinear(channels, axis=1)
        self.along_channels = nn.Linear(channels, channels, bias=False)
        self.weigh = _perceptron(channels, channels // 4, 3 * channels)
        self.project = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        width = self.along_width(features)
        height = self.along_height(features)
        channels = self.along_channels(features)
        pooled = (width + height + channels).mean(dim=(1, 2), keepdim=True)  # (n, h, w, c) -> (n, 1, 1, c)
        shares = self.weigh(pooled).unflatten(-1, (-1, 3)).softmax(dim=-1)  # (n, 1, 1, c) -> (n, 1, 1, c, 3)
        mixed = width * shares[..., 0] + height * shares[..., 1] + channels * shares[..., 2]
        projected: Tensor = self.project(mixed)
        return projected


class Block(nn.Module):
    """The mixer, then a two-layer perceptron, each after a layer norm and beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.mixer = CycleMixer(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = _perceptron(channels, _EXPANSION * channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        features = features + self.mixer(self.norm1(features))
        mixed: Tensor = features + self.mlp(self.norm2(features))
        return mixed


class CycleMLP(nn.Module):
    """CycleMLP as a classifier: (N, 3, H, W) to (N, classes), for any H and W of 32 and above."""

    def __init__(self, depths: tuple[int, int, int, int], *, classes: int = 1000) -> None:
        super().__init__()
        if min(depths) < 1 or classes < 1:
            raise ValueError(f"expected positive depths and classes, got {depths} and {classes}")
        self.embed = nn.Conv2d(3, _CHANNELS[0], 7, stride=4, padding=2)
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(channels) for _ in range(depth)))
            for depth, channels in zip(depths, _CHANNELS, strict=True)
        )
        self.shrink = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in pairwise(_CHANNELS)
        )
        self.norm = nn.LayerNorm(_CHANNELS[-1])
        self.head = nn.Linear(_CHANNELS[-1], classes)
        self.apply(_initialise)

    def forward(self, image: Tensor) -> Tensor:
        if min(image.shape[2:]) < 32:
            raise ValueError(f"expected an image of 32x32 or more, got {tuple(image.shape[2:])}; use 224x224")
        features = self.embed(image).permute(0, 2, 3, 1)  # (n, 3, h, w) -> (n, h/4, w/4, c)
        first, *later = self.stages
        features = first(features)
        for shrink, stage in zip(self.shrink, later, strict=True):
            features = stage(shrink(features.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))  # -> (n, h/2, w/2, c_out)
        logits: Tensor = self.head(self.norm(features).mean(dim=(1, 2)))  # (n, h, w, c) -> (n, c) -> (n, classes)
        return logits


def _perceptron(channels: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, out))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


# arXiv 2107.10224, Table 1: blocks per stage.
def cyclemlp_b1() -> CycleMLP:
    """15.2 M parameters."""
    return CycleMLP((2, 2, 4, 2))


def cyclemlp_b2() -> CycleMLP:
    """26.8 M parameters."""
    return CycleMLP((2, 3, 10, 3))
