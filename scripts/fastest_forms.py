"""Forms of FasterNet that were tried and are no part of `bench`: factories for scripts/fastest.py, seeded weights.

Each answers as the network does; docs/fastest.md says what came of it.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.fasternet import Block, Downsampling, FasterNet, Head, Stage, fasternet
from models.fasternet_config import FASTERNETS
from models.fasternet_fast import fused, optimise
from models.packed_conv import PackedConv

_BLOCK = 16  # channels that ONNX Runtime's blocked kernels take at once with AVX-512


def _network(name: str) -> FasterNet:
    torch.manual_seed(0)
    return fasternet(name).eval()


class _Frozen(nn.Module):
    """torch.compile on weights that it takes for constants, which it may then lay out for oneDNN."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._compiled: Any = torch.compile(self.network, dynamic=False, options={"freezing": True})

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self._compiled(x)
        return answer


class _Patches(nn.Module):
    """The embedding as one matrix product of 4x4 patches."""

    def __init__(self, conv: PackedConv) -> None:
        super().__init__()
        weight = conv.weight.detach()  # (c, 3, 4, 4)
        self.side = weight.shape[2]
        self.weight = nn.Parameter(weight.permute(0, 2, 3, 1).flatten(1).contiguous(), requires_grad=False)
        self.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        k = self.side
        patches = x.view(n, c, h // k, k, w // k, k).permute(0, 2, 4, 3, 5, 1).flatten(3)  # (n, h/k, w/k, k k c)
        y = F.linear(patches, self.weight, self.bias)  # -> (n, h/k, w/k, c)
        return y.permute(0, 3, 1, 2)


class _Streams(nn.Module):
    """Every stage in two streams whose channels fill whole blocks: what PConv touches, padded, and the rest, padded.

    PConv passes the channels that only pad its stream by the identity, the others meet weights of zero.
    """

    def __init__(self, network: FasterNet) -> None:
        super().__init__()
        self.stages, channels = nn.ModuleList(), network.config.image_channels
        for index, stage in enumerate(network.stages):
            assert isinstance(stage, Stage)
            layer = stage.merging if index else network.embedding
            assert isinstance(layer, Downsampling)
            made = _StreamedStage(layer.conv, [each for each in stage.blocks if isinstance(each, Block)], channels)
            self.stages.append(made)
            channels = made.channels
        assert isinstance(network.head, Head)
        self.head = network.head
        self.head.conv = _widened(self.head.conv, self.head.conv.out_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x)  # (n, c, h, w) -> (n, 2c, h/2, w/2), padded
        answer: Tensor = self.head(x)
        return answer


class _StreamedStage(nn.Module):
    def __init__(self, conv: nn.Conv2d, blocks: list[Block], channels_in: int) -> None:
        super().__init__()
        touched = _filled(len(blocks[0].mixing.choice.indices))
        rest = _filled(conv.out_channels - touched)
        self.channels = touched + rest
        self.first = _widened(conv, touched, channels_in, slice(0, touched))
        self.second = _widened(conv, rest, channels_in, slice(touched, None))
        self.blocks = nn.ModuleList(_StreamedBlock(block, touched, rest) for block in blocks)

    def forward(self, x: Tensor) -> Tensor:
        touched, rest = self.first(x), self.second(x)
        for block in self.blocks:
            touched, rest = block(touched, rest)
        return torch.cat((touched, rest), dim=1)


class _StreamedBlock(nn.Module):
    def __init__(self, block: Block, touched: int, rest: int) -> None:
        super().__init__()
        self.mixing = _widened(block.mixing.partial_conv, touched, touched)
        with torch.no_grad():
            middle = self.mixing.kernel_size[0] // 2
            for channel in range(block.mixing.partial_conv.out_channels, touched):
                self.mixing.weight[channel, channel, middle, middle] = 1
        self.expand = _widened(block.expand, block.expand.out_channels, touched + rest)
        self.activation = block.activation
        self.first = _widened(block.project, touched, block.project.in_channels, slice(0, touched))
        self.second = _widened(block.project, rest, block.project.in_channels, slice(touched, None))

    def forward(self, touched: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.activation(self.expand(torch.cat((self.mixing(touched), rest), dim=1)))
        return touched + self.first(hidden), rest + self.second(hidden)


def _filled(channels: int) -> int:
    return -(-channels // _BLOCK) * _BLOCK


def _widened(conv: nn.Conv2d, outputs: int, inputs: int, rows: slice = slice(None)) -> nn.Conv2d:
    """Some of its outputs, with zeros where there are more channels than it has."""
    made = nn.Conv2d(inputs, outputs, conv.kernel_size, conv.stride, conv.padding)  # type: ignore[arg-type]
    weight = conv.weight.detach()[rows]
    with torch.no_grad():
        made.weight.zero_()
        made.weight[: len(weight), : weight.shape[1]] = weight
        assert made.bias is not None
        made.bias.zero_()
        if conv.bias is not None:
            made.bias[: len(weight)] = conv.bias.detach()[rows]
    return made


def _frozen(name: str) -> nn.Module:
    return _Frozen(fused(_network(name)))


def _patches(name: str) -> nn.Module:
    network = optimise(_network(name))
    network.embedding = _Patches(network.embedding)  # type: ignore[assignment]  # it stands for the convolution
    return network


def _streams(name: str) -> nn.Module:
    return _Streams(fused(_network(name))).eval()


_FORMS = {"frozen": _frozen, "patches": _patches, "streams": _streams}


def __getattr__(name: str) -> Any:
    """`streams_fasternet_t0` and so on: each form of each FasterNet."""
    form, _, network = name.partition("_")
    if form not in _FORMS or network not in FASTERNETS:
        raise AttributeError(name)
    return partial(_FORMS[form], network)
