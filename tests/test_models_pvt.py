"""PVT's attention against one written out, and the whole against its paper's sizes."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.pvt import PVT, SpatialReductionAttention, pvt_large, pvt_medium, pvt_small, pvt_tiny


@pytest.mark.parametrize(
    ("factory", "params"),
    [(pvt_tiny, 13_229_288), (pvt_small, 24_485_864), (pvt_medium, 44_208_104), (pvt_large, 61_369_320)],
)
def test_parameters_are_those_of_the_architecture(factory: Callable[[], PVT], params: int) -> None:
    """Summed by hand from Table 1 of arXiv 2102.12122 (13.2, 24.5, 44.2, 61.4 M printed)."""
    module = factory()
    assert sum(value.numel() for value in module.parameters()) == params == _params(_depths(module))


def _depths(module: PVT) -> list[int]:
    return [len(stage.blocks) for stage in module.stages if isinstance(stage.blocks, nn.ModuleList)]


def _params(depths: list[int]) -> int:
    total = 512 * 1000 + 1000 + 2 * 512
    before, side = 3, 224
    for depth, c, r, e, patch in zip(
        depths, (64, 128, 320, 512), (8, 4, 2, 1), (8, 8, 4, 4), (4, 2, 2, 2), strict=True
    ):
        side //= patch
        total += patch**2 * before * c + c + 2 * c + side**2 * c  # embedding, its norm, positions
        attention = 4 * c * c + 4 * c + (r * r * c * c + c + 2 * c if r > 1 else 0)
        total += depth * (attention + 2 * e * c * c + e * c + c + 4 * c)
        before = c
    return total + 2 * 512  # the class token and its position


@pytest.mark.parametrize("reduction", [1, 2])
@torch.no_grad()
def test_attention_is_the_one_written_out_token_by_token(reduction: int) -> None:
    torch.manual_seed(0)
    layer = SpatialReductionAttention(6, heads=2, reduction=reduction)
    tokens = torch.randn(1, 16, 6)
    source = tokens
    if reduction > 1:
        patches = _patches(tokens[0].T.reshape(6, 4, 4), reduction)
        reduced = F.linear(patches, layer.reduce.weight.flatten(1), layer.reduce.bias)
        source = layer.norm(reduced).unsqueeze(0)
    query, key_value = layer.query(tokens)[0], layer.key_value(source)[0]
    key, value = key_value[:, :6], key_value[:, 6:]
    rows = []
    for token in range(16):
        parts = []
        for head in (slice(0, 3), slice(3, 6)):
            scores = torch.stack([query[token, head] @ row[head] for row in key]) / math.sqrt(3)
            parts.append(scores.softmax(0) @ value[:, head])
        rows.append(torch.cat(parts))
    expected = layer.project(torch.stack(rows))
    torch.testing.assert_close(layer(tokens, 4, 4)[0], expected, atol=1e-6, rtol=1e-5)


def _patches(grid: Tensor, side: int) -> Tensor:
    rows, columns = grid.shape[1] // side, grid.shape[2] // side
    return torch.stack(
        [
            grid[:, side * y : side * (y + 1), side * x : side * (x + 1)].flatten()
            for y in range(rows)
            for x in range(columns)
        ]
    )


@torch.no_grad()
def test_positions_stretch_with_the_image() -> None:
    module = PVT((1, 1, 1, 1), classes=5, input_px=64).eval()
    stage = module.stages[1]
    native = stage._positions(8, 8)  # type: ignore[operator]  # nn.Module hides the method's type
    torch.testing.assert_close(native, stage.position)
    assert module(torch.randn(2, 3, 96, 64)).shape == (2, 5)


def test_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="divisible by 32"):
        PVT((1, 1, 1, 1), input_px=100)
    with pytest.raises(ValueError, match="positive depths"):
        PVT((1, 0, 1, 1))
    with pytest.raises(ValueError, match="divisible by heads"):
        SpatialReductionAttention(6, heads=4, reduction=1)
    with pytest.raises(ValueError, match="use 224x224"):
        PVT((1, 1, 1, 1))(torch.zeros(1, 3, 100, 100))
