"""FasterNet, as the paper's section 3 and Table 8 describe it.

"Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks", arXiv 2303.03667v3.
"""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from models.fasternet_config import FASTERNETS, FasterNetConfig
from operators.pconv import PConv


class FasterNet(nn.Module):
    """Embedding, stages of PConv blocks with a merging layer between them, and a head.

    Maps (N, 3, H, W) to (N, classes), or with `features_only` to the outputs of its stages (strides 4 to 32).
    """

    def __init__(self, config: FasterNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.channels * 2**i for i in range(len(config.depths))]
        self.embedding = Downsampling(config.image_channels, widths[0], 4, config.norm)
        self.stages = nn.ModuleList()
        last = max(1, sum(config.depths) - 1)
        for index, (width, depth) in enumerate(zip(widths, config.depths, strict=True)):
            first = sum(config.depths[:index])
            merging = nn.Identity() if index == 0 else Downsampling(width // 2, width, 2, config.norm)
            blocks = [
                Block(width, config, drop_path=config.drop_path * i / last, index=i)
                for i in range(first, first + depth)
            ]
            self.stages.append(Stage(merging, blocks))
        self.head = None if config.features_only else Head(widths[-1], config)
        self.apply(_initialise)

    def blocks(self) -> list["Block"]:
        """Return all blocks in the order they run in."""
        return [module for module in self.modules() if isinstance(module, Block)]

    def forward_features(self, x: Tensor) -> list[Tensor]:
        """Return the output of every stage, the largest map first."""
        x = self.embedding(x)  # (n, 3, h, w) -> (n, c, h/4, w/4)
        features = []
        for stage in self.stages:
            x = stage(x)  # first: same; later: (n, c, h, w) -> (n, 2c, h/2, w/2)
            features.append(x)
        return features

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        features = self.forward_features(x)
        if self.head is None:
            return features
        scores: Tensor = self.head(features[-1])  # (n, c, h, w) -> (n, classes)
        return scores


class Downsampling(nn.Module):
    """Embedding and merging layer: a convolution whose stride is its kernel, then a norm."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, norm: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, stride, stride, bias=False)
        self.norm = _norm(norm, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))  # (n, c_in, h, w) -> (n, c_out, h/s, w/s)
        return x


class Stage(nn.Module):
    """Blocks of one width, after the layer that leads to it."""

    def __init__(self, merging: nn.Module, blocks: list["Block"]) -> None:
        super().__init__()
        self.merging = merging
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.merging(x))  # first: same; later: (n, c, h, w) -> (n, 2c, h/2, w/2)
        return x


class Block(nn.Module):
    """PConv, then two pointwise convolutions; the shortcut is taken before PConv (Figure 4)."""

    def __init__(self, channels: int, config: FasterNetConfig, *, drop_path: float, index: int) -> None:
        super().__init__()
        width = channels * config.expansion
        self.mixing = PConv(
            channels,
            kernel=config.kernel,
            ratio=config.ratio,
            dilation=config.dilation,
            implementation=config.implementation,
            selection=config.selection,
            seed=config.seed + index,
            block=index,
        )
        self.expand = nn.Conv2d(channels, width, 1, bias=False)
        self.norm = _norm(config.norm, width)
        self.activation = _activation(config.activation)
        self.project = nn.Conv2d(width, channels, 1, bias=False)
        self.drop_path = DropPath(drop_path)
        # An in-place PConv overwrites its input, which the shortcut still needs.
        self.keeps_input = config.implementation != "inplace"

    def forward(self, x: Tensor) -> Tensor:
        y = self.mixing(x if self.keeps_input else x.clone())
        y = self.project(self.activation(self.norm(self.expand(y))))  # (n, c, h, w) -> (n, e c, h, w) -> (n, c, h, w)
        x = x + self.drop_path(y)
        return x


class Head(nn.Module):
    """Global average pool, a pointwise convolution, the activation and the classifier."""

    def __init__(self, channels: int, config: FasterNetConfig) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv2d(channels, config.head_width, 1, bias=False)
        self.activation = _activation(config.activation)
        self.classifier = nn.Linear(config.head_width, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.conv(self.pool(x)))  # (n, c, h, w) -> (n, c, 1, 1) -> (n, width, 1, 1)
        x = self.classifier(x.flatten(1))  # (n, width, 1, 1) -> (n, width) -> (n, classes)
        return x


class DropPath(nn.Module):
    """Stochastic depth, one draw a sample; the identity outside training."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        keep = x.new_empty((x.shape[0],) + (1,) * (x.dim() - 1)).bernoulli_(1 - self.rate)  # (n, 1, 1, 1)
        return x * keep / (1 - self.rate)


class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel of (N, C, H, W), as in ConvNeXt: the ablation of Table 5.

    It normalises by what flows through, so that nothing of it can be folded into a convolution for inference.
    """

    def forward(self, x: Tensor) -> Tensor:
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)  # (n, h, w, c)
        return x.permute(0, 3, 1, 2)  # (n, h, w, c) -> (n, c, h, w)


def _norm(kind: str, channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if kind == "bn" else ChannelLayerNorm(channels)


def _activation(kind: str) -> nn.Module:
    return nn.GELU() if kind == "gelu" else nn.ReLU(inplace=True)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def fasternet(name: str, **changes: Any) -> FasterNet:
    """Build a FasterNet of Table 8 by name; `changes` are fields of FasterNetConfig."""
    if name not in FASTERNETS:
        raise ValueError(f"expected one of {', '.join(FASTERNETS)}, got {name!r}; choose one of them")
    unknown = changes.keys() - FasterNetConfig.__dataclass_fields__.keys()
    if unknown:
        known = ", ".join(FasterNetConfig.__dataclass_fields__)
        raise ValueError(f"expected arguments among {known}, got {', '.join(sorted(unknown))}; drop them")
    return FasterNet(replace(FASTERNETS[name], **changes))


def fasternet_t0(**changes: Any) -> FasterNet:
    return fasternet("fasternet_t0", **changes)


def fasternet_t1(**changes: Any) -> FasterNet:
    return fasternet("fasternet_t1", **changes)


def fasternet_t2(**changes: Any) -> FasterNet:
    return fasternet("fasternet_t2", **changes)


def fasternet_s(**changes: Any) -> FasterNet:
    return fasternet("fasternet_s", **changes)


def fasternet_m(**changes: Any) -> FasterNet:
    return fasternet("fasternet_m", **changes)


def fasternet_l(**changes: Any) -> FasterNet:
    return fasternet("fasternet_l", **changes)
