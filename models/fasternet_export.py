"""FasterNet in the form to export to ONNX: same weights, same output, arranged for ONNX Runtime."""

import copy

import torch
from torch import Tensor, nn

from models.fasternet import Block, FasterNet, Stage
from models.fasternet_fast import fused

# ONNX Runtime's CPU kernels hold maps in blocks of this many channels (AVX-512; of 8 with AVX2). It reorders a
# whole map for every Split, which knows no blocks, and for every Concat whose parts don't fill theirs.
BLOCK = 16


def export_form(network: FasterNet) -> nn.Module:
    """Return the form of `network` to export; it stays as it is. Batch norms are folded, layer norms stay.

    In a stage where both parts of PConv fill whole blocks, the layers that write the map are cut in two by output
    channel, so that what PConv touches and what it passes are two tensors from the start and no Split is needed:
    the same MACs and weights. Against timm's graph in pairs of live processes under ONNX Runtime 1.31.1 with
    AVX-512, FasterNet-S went from 0.99x to 1.02x its speed. Where the parts fill no blocks (10, 20 and 40 channels
    in FasterNet-T0) streams cost about 4 %, so those stages stay plain.
    """
    return ExportedFasterNet(fused(network))


class ExportedFasterNet(nn.Module):
    """A FasterNet without batch norms, each stage plain or in two streams; one with layer norms is plain throughout."""

    def __init__(self, network: FasterNet) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        for index, stage in enumerate(network.stages):
            assert isinstance(stage, Stage)
            layer = stage.merging if index else network.embedding
            blocks = [block for block in stage.blocks if isinstance(block, Block)]
            # A norm that stays, a layer norm, needs all channels of its map at once.
            in_streams = network.config.norm == "bn" and all(_fills_blocks(block) for block in blocks)
            self.stages.append(TwoStreams(layer, blocks) if in_streams else nn.Sequential(layer, *blocks))
        self.head = network.head
        self.eval()

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        features: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)  # first: (n, 3, h, w) -> (n, c, h/4, w/4); later: (n, c, h, w) -> (n, 2c, h/2, w/2)
            features.append(x)
        if self.head is None:
            return features
        scores: Tensor = self.head(x)  # (n, c, h, w) -> (n, classes)
        return scores


class TwoStreams(nn.Module):
    """A stage whose map is kept as two tensors: the channels PConv touches, and the rest."""

    def __init__(self, layer: nn.Module, blocks: list[Block]) -> None:
        super().__init__()
        assert isinstance(layer.conv, nn.Conv2d)
        self.layer = TwoConvs(layer.conv, _touched(blocks[0]))
        self.blocks = nn.ModuleList(TwoStreamBlock(block) for block in blocks)

    def forward(self, x: Tensor) -> Tensor:
        touched, rest = self.layer(x)  # (n, c_in, h, w) -> (n, c/r, h/s, w/s), (n, c - c/r, h/s, w/s)
        for block in self.blocks:
            touched, rest = block(touched, rest)
        return torch.cat((touched, rest), dim=1)  # -> (n, c, h, w)


class TwoStreamBlock(nn.Module):
    """The block on the two tensors."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.mixing, self.expand = block.mixing.partial_conv, block.expand
        self.activation = block.activation
        self.project = TwoConvs(block.project, _touched(block))

    def forward(self, touched: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        mixed = torch.cat((self.mixing(touched), rest), dim=1)  # (n, c/r, h, w), (n, c - c/r, h, w) -> (n, c, h, w)
        more_touched, more_rest = self.project(self.activation(self.expand(mixed)))  # -> (n, e c, h, w) -> two again
        return touched + more_touched, rest + more_rest


class TwoConvs(nn.Module):
    """A convolution cut in two: its first `channels` outputs, and the others."""

    def __init__(self, conv: nn.Conv2d, channels: int) -> None:
        super().__init__()
        self.first = _part(conv, slice(0, channels))
        self.second = _part(conv, slice(channels, None))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.first(x), self.second(x)  # (n, c_in, h, w) -> (n, k, h/s, w/s), (n, c_out - k, h/s, w/s)


def _part(conv: nn.Conv2d, outputs: slice) -> nn.Conv2d:
    part = copy.deepcopy(conv)
    part.weight = nn.Parameter(conv.weight.detach()[outputs].clone())
    if conv.bias is not None:
        part.bias = nn.Parameter(conv.bias.detach()[outputs].clone())
    part.out_channels = part.weight.shape[0]
    return part


def _touched(block: Block) -> int:
    return len(block.mixing.choice.indices)


def _fills_blocks(block: Block) -> bool:
    choice = block.mixing.choice
    starts_at_zero = choice.is_run and choice.indices[0] == 0
    rest = choice.channels - len(choice.indices)
    return starts_at_zero and rest > 0 and len(choice.indices) % BLOCK == 0 and rest % BLOCK == 0
