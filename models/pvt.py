"""Pyramid Vision Transformer, version 1 (arXiv 2102.12122): Tiny, Small, Medium, Large.

Four stages of transformer blocks on a grid that shrinks by 4, 2, 2, 2. What makes it affordable: keys and values come
from the grid shrunk once more by a strided convolution ("spatial reduction"), Section 3.3 there.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# arXiv 2102.12122, Table 1: the same for all four sizes.
CHANNELS = (64, 128, 320, 512)
_HEADS = (1, 2, 5, 8)
_REDUCTION = (8, 4, 2, 1)
_EXPANSION = (8, 8, 4, 4)
_PATCH = (4, 2, 2, 2)
_EPS = 1e-6


class SpatialReductionAttention(nn.Module):
    """Self-attention whose keys and values are pooled by a strided convolution; tokens are (N, height x width, C).

    Where there is a class token it stands first and only unreduced attention takes it.
    """

    def __init__(self, channels: int, *, heads: int, reduction: int) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"expected channels divisible by heads, got {channels} and {heads}; change one")
        self.heads = heads
        self.reduction = reduction
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.project = nn.Linear(channels, channels)
        if reduction > 1:
            self.reduce = nn.Conv2d(channels, channels, reduction, stride=reduction)
            self.norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor, height: int, width: int) -> Tensor:
        query = self._split(self.query(tokens))  # (n, t, c) -> (n, heads, t, c/heads)
        key, value = self.key_value(self._reduced(tokens, height, width)).chunk(2, dim=-1)  # -> two (n, t/r^2, c)
        mixed = F.scaled_dot_product_attention(query, self._split(key), self._split(value))  # -> (n, heads, t, c/heads)
        projected: Tensor = self.project(mixed.transpose(1, 2).flatten(2))  # (n, heads, t, c/heads) -> (n, t, c)
        return projected

    def _reduced(self, tokens: Tensor, height: int, width: int) -> Tensor:
        if self.reduction == 1:
            return tokens
        grid = tokens.transpose(1, 2).reshape(*tokens.shape[::2], height, width)  # (n, t, c) -> (n, c, h, w)
        reduced: Tensor = self.norm(self.reduce(grid).flatten(2).transpose(1, 2))  # (n, c, h, w) -> (n, t/r^2, c)
        return reduced

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)  # (n, t, c) -> (n, heads, t, c/heads)


class Block(nn.Module):
    """Attention, then a two-layer perceptron, each after a layer norm and beside a shortcut."""

    def __init__(self, channels: int, *, heads: int, reduction: int, expansion: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=_EPS)
        self.attention = SpatialReductionAttention(channels, heads=heads, reduction=reduction)
        self.norm2 = nn.LayerNorm(channels, eps=_EPS)
        self.mlp = nn.Sequential(
            nn.Linear(channels, expansion * channels), nn.GELU(), nn.Linear(expansion * channels, channels)
        )

    def forward(self, tokens: Tensor, height: int, width: int) -> Tensor:
        tokens = tokens + self.attention(self.norm1(tokens), height, width)
        mixed: Tensor = tokens + self.mlp(self.norm2(tokens))
        return mixed


class Stage(nn.Module):
    """Cut the feature map into patches, add where each came from, mix; the last stage adds a class token."""

    def __init__(self, index: int, *, depth: int, grid: int, class_token: bool) -> None:
        super().__init__()
        channels = CHANNELS[index]
        before = CHANNELS[index - 1] if index else 3
        self.first = index == 0
        self.grid = grid
        self.embed = nn.Conv2d(before, channels, _PATCH[index], stride=_PATCH[index])
        self.norm = nn.LayerNorm(channels)
        self.class_token = nn.Parameter(torch.zeros(1, 1, channels)) if class_token else None
        self.position = nn.Parameter(torch.zeros(1, grid**2 + int(class_token), channels))
        self.blocks = nn.ModuleList(
            Block(channels, heads=_HEADS[index], reduction=_REDUCTION[index], expansion=_EXPANSION[index])
            for _ in range(depth)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) to tokens (N, patches, channels), the class token first where there is one."""
        grid = self.embed(features)  # (n, c_in, h, w) -> (n, c, h/p, w/p)
        height, width = grid.shape[2:]
        tokens = self.norm(grid.flatten(2).transpose(1, 2))  # (n, c, h, w) -> (n, h w, c)
        if self.class_token is not None:
            tokens = torch.cat((self.class_token.expand(tokens.shape[0], -1, -1), tokens), dim=1)  # -> (n, 1 + h w, c)
        tokens = tokens + self._positions(height, width)
        for block in self.blocks:
            tokens = block(tokens, height, width)
        mixed: Tensor = tokens
        return mixed

    def _positions(self, height: int, width: int) -> Tensor:
        """The position embedding, stretched where the image is not of the size that it was made for.

        The reference code resamples in every later stage, to the same size too, and the counts printed in Table 3
        hold that (6.69 G for Medium, 6.68 without): so it stays. It changes no value, and costs 0.1 %.
        """
        if self.first and (height, width) == (self.grid, self.grid):
            return self.position
        extra = self.position.shape[1] - self.grid**2
        table = self.position[:, extra:].transpose(1, 2).reshape(1, -1, self.grid, self.grid)  # -> (1, c, g, g)
        stretched = F.interpolate(table, size=(height, width), mode="bilinear").flatten(2).transpose(1, 2)  # (1, hw, c)
        return torch.cat((self.position[:, :extra], stretched), dim=1)  # -> (1, extra + h w, c)


class PVT(nn.Module):
    """PVT v1 as a classifier: (N, 3, H, W) to (N, classes); H and W divisible by 32, 224 by default.

    With `features_only` it has no head and no class token, and returns the maps of its stages (strides 4 to 32), as the
    authors' detection backbone does. The reference code multiplies query and key itself; here both go to torch's fused
    attention, as in the other attention networks of the zoo.
    """

    def __init__(
        self,
        depths: tuple[int, int, int, int],
        *,
        classes: int = 1000,
        input_px: int = 224,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        if min(depths) < 1 or classes < 1:
            raise ValueError(f"expected positive depths and classes, got {depths} and {classes}")
        if input_px < 32 or input_px % 32:
            raise ValueError(f"expected an input size divisible by 32, got {input_px}; use 224")
        last = len(depths) - 1
        self.stages = nn.ModuleList(
            Stage(
                index,
                depth=depth,
                grid=input_px // (4 * 2**index),
                class_token=index == last and not features_only,
            )
            for index, depth in enumerate(depths)
        )
        self.norm = None if features_only else nn.LayerNorm(CHANNELS[-1], eps=_EPS)
        self.head = None if features_only else nn.Linear(CHANNELS[-1], classes)
        self.apply(_initialise)

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        height, width = image.shape[2:]
        if height % 32 or width % 32:
            raise ValueError(f"expected height and width divisible by 32, got {height}x{width}; use 224x224")
        features, maps = image, []
        for index, stage in enumerate(self.stages):
            tokens = stage(features)  # (n, c_in, h, w) -> (n, h/p w/p, c); the last with a class token: (n, 1 + t, c)
            if stage.class_token is not None and self.norm is not None and self.head is not None:
                logits: Tensor = self.head(self.norm(tokens)[:, 0])  # (n, 1 + t, c) -> (n, classes)
                return logits
            sides = (side // (4 * 2**index) for side in (height, width))
            features = tokens.transpose(1, 2).reshape(*tokens.shape[::2], *sides)  # (n, h w, c) -> (n, c, h, w)
            if self.head is None:  # else nobody needs it any more
                maps.append(features)
        return maps


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, Stage):
        nn.init.trunc_normal_(module.position, std=0.02)
        if module.class_token is not None:
            nn.init.trunc_normal_(module.class_token, std=0.02)


# arXiv 2102.12122, Table 1: blocks per stage.
DEPTHS = {
    "pvt_tiny": (2, 2, 2, 2),
    "pvt_small": (3, 4, 6, 3),
    "pvt_medium": (3, 4, 18, 3),
    "pvt_large": (3, 8, 27, 3),
}


def pvt_tiny() -> PVT:
    """13.2 M parameters."""
    return PVT(DEPTHS["pvt_tiny"])


def pvt_small() -> PVT:
    """24.5 M parameters."""
    return PVT(DEPTHS["pvt_small"])


def pvt_medium() -> PVT:
    """44.2 M parameters."""
    return PVT(DEPTHS["pvt_medium"])


def pvt_large() -> PVT:
    """61.4 M parameters."""
    return PVT(DEPTHS["pvt_large"])
