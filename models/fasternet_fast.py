"""FasterNet in the form that is fastest to run: same weights, same output, no training."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.fasternet import Block, Downsampling, FasterNet, Head, Stage
from models.fuse import fold_batch_norms
from models.packed_conv import PackedConv


def optimise(network: FasterNet) -> "FastFasterNet":
    """Return the inference form of `network`, which stays as it is; outputs agree to 1e-5 of the largest."""
    return FastFasterNet(fused(network))


def fused(network: FasterNet) -> FasterNet:
    """Return a copy in evaluation mode without batch norms."""
    config = network.config
    weight = network.embedding.conv.weight
    side = 4 * 2 ** (len(config.depths) - 1)
    example = torch.zeros(1, config.image_channels, side, side, dtype=weight.dtype, device=weight.device)
    result = fold_batch_norms(network, example)
    if result.left:
        raise ValueError(f"expected foldable batch norms, got {result.left[0].name}: {result.left[0].reason}")
    assert isinstance(result.network, FasterNet)
    return result.network


class FastFasterNet(nn.Module):
    """FasterNet on channels_last maps, every block working in the map it was given.

    Takes the images of the plain network in any layout; keeps no state between calls, so calls may overlap.
    """

    def __init__(self, network: FasterNet) -> None:
        """Take over the weights of a network without batch norms."""
        super().__init__()
        if network.config.norm != "bn" or not isinstance(network.embedding.norm, nn.Identity):
            raise ValueError(
                "expected a FasterNet whose norms were folded, got one with norms; use optimise(), or with layer norms,"
                " which cannot be folded, the plain form"
            )
        self.config = network.config
        activation = network.config.activation
        # The paper's 224 x 224 images; other sizes run as well, with a weight layout meant for this one.
        side = 224
        self.embedding = _downsampling(network.embedding, side)
        side //= 4
        self.mergings = nn.ModuleList()
        self.stages = nn.ModuleList()
        for stage in network.stages:
            assert isinstance(stage, Stage)
            if isinstance(stage.merging, Downsampling):
                self.mergings.append(_downsampling(stage.merging, side))
                side //= 2
            blocks = [block for block in stage.blocks if isinstance(block, Block)]
            self.stages.append(nn.Sequential(*(FastBlock(block, activation, side) for block in blocks)))
        self.head = None if network.head is None else FastHead(network.head, activation)
        self.eval()

    def forward_features(self, x: Tensor) -> list[Tensor]:
        """Return the output of every stage, channels_last, the largest map first."""
        x = self.embedding(x)  # (n, 3, h, w) -> (n, c, h/4, w/4)
        features: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            x = stage(self.mergings[index - 1](x) if index else x)  # merging: (n, c, h, w) -> (n, 2c, h/2, w/2)
            features.append(x)
        return features

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        features = self.forward_features(x)
        if self.head is None:
            return features
        scores: Tensor = self.head(features[-1])  # (n, c, h, w) -> (n, classes)
        return scores


class FastBlock(nn.Module):
    """The block, in place: the shortcut needs a copy only of the channels that PConv overwrites."""

    def __init__(self, block: Block, activation: str, side: int) -> None:
        super().__init__()
        choice = block.mixing.choice
        first, last, step = choice.indices[0], choice.indices[-1], choice.step
        self._slice = None if step is None else slice(first, last + 1, step)
        self.register_buffer("_indices", torch.tensor(choice.indices), persistent=False)
        self._indices: Tensor
        self.mixing = PackedConv(block.mixing.partial_conv, side=(side, side))
        self.expand = PackedConv(block.expand, activation=activation, side=(side, side))
        self.project = PackedConv(block.project, side=(side, side))

    def forward(self, x: Tensor) -> Tensor:
        """Overwrite and return `x`, channels_last."""
        if self._slice is None:
            shortcut = x.index_select(1, self._indices).contiguous(memory_format=torch.channels_last)  # (n, c/r, h, w)
            x.index_copy_(1, self._indices, self.mixing(shortcut))
            hidden = self.expand(x)  # (n, c, h, w) -> (n, e c, h, w)
            x.index_copy_(1, self._indices, shortcut)
        else:
            touched = x[:, self._slice]  # (n, c, h, w) -> (n, c/r, h, w)
            shortcut = touched.clone(memory_format=torch.channels_last)
            touched.copy_(self.mixing(shortcut))
            hidden = self.expand(x)  # (n, c, h, w) -> (n, e c, h, w)
            touched.copy_(shortcut)
        return self.project.add_to(x, hidden)  # (n, e c, h, w) -> (n, c, h, w)


class FastHead(nn.Module):
    """The head on the pooled vector: its pointwise convolution is a matrix product there."""

    def __init__(self, head: Head, activation: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(head.conv.weight.detach().flatten(1), requires_grad=False)
        self.activation = activation
        self.classifier = copy.deepcopy(head.classifier).requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.linear(x.mean((2, 3)), self.weight)  # (n, c, h, w) -> (n, c) -> (n, width)
        x = self.classifier(F.gelu(x) if self.activation == "gelu" else F.relu_(x))  # (n, width) -> (n, classes)
        return x


def _downsampling(layer: Downsampling, side: int) -> PackedConv:
    return PackedConv(layer.conv, side=(side, side))
