"""CycleMLP's shift and 1x1 convolution against its operator computed pixel by pixel."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.cyclemlp import CycleLinear, CycleMLP, cyclemlp_b1, cyclemlp_b2


def _natural_weight(layer: CycleLinear) -> Tensor:
    """The weight with its columns in the order of the channels, as a deformable convolution would hold it."""
    channels = layer.linear.in_features
    order = [*range(0, channels, 3), *range(1, channels, 3), *range(2, channels, 3)]
    weight = torch.empty_like(layer.linear.weight)
    weight[:, order] = layer.linear.weight
    return weight


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("channels", [6, 7, 8])
@torch.no_grad()
def test_cycle_layer_is_the_offset_convolution(axis: int, channels: int) -> None:
    """Offsets as the paper's code makes them: (c + 1) % 3 - 1 pixels along one axis, zero outside."""
    torch.manual_seed(0)
    layer = CycleLinear(channels, axis=axis)
    features = torch.randn(2, 4, 5, channels)
    weight = _natural_weight(layer)
    expected = torch.zeros_like(features)
    for n, y, x in ((n, y, x) for n in range(2) for y in range(4) for x in range(5)):
        for channel in range(channels):
            offset = (channel + 1) % 3 - 1
            row, column = (y + offset, x) if axis == 1 else (y, x + offset)
            if 0 <= row < 4 and 0 <= column < 5:
                expected[n, y, x] += weight[:, channel] * features[n, row, column, channel]
    torch.testing.assert_close(layer(features), expected + layer.linear.bias, atol=1e-6, rtol=1e-5)


def test_parameters_are_those_of_the_architecture() -> None:
    """Summed by hand from Table 1 of arXiv 2107.10224; 15.2 and 26.8 M printed."""
    for factory, depths in ((cyclemlp_b1, (2, 2, 4, 2)), (cyclemlp_b2, (2, 3, 10, 3))):
        channels = (64, 128, 320, 512)
        total = 7 * 7 * 3 * 64 + 64 + 2 * 512 + 512 * 1000 + 1000
        total += sum(9 * a * b + b for a, b in pairwise(channels))
        for depth, c in zip(depths, channels, strict=True):
            mixer = 2 * (c * c + c) + c * c + (c * c + c)  # two cycle layers, the channel layer, the projection
            weigh = c * (c // 4) + c // 4 + (c // 4) * 3 * c + 3 * c
            total += depth * (mixer + weigh + 8 * c * c + 5 * c + 4 * c)
        assert sum(value.numel() for value in factory().parameters()) == total


@torch.no_grad()
def test_takes_any_size_and_batch() -> None:
    torch.manual_seed(0)
    module = CycleMLP((1, 1, 1, 1), classes=5).eval()
    images = torch.randn(2, 3, 72, 40)
    logits = module(images)
    assert logits.shape == (2, 5)
    torch.testing.assert_close(module(images[1:]), logits[1:], atol=1e-6, rtol=1e-4)


def test_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="axis 1 or 2"):
        CycleLinear(6, axis=3)
    with pytest.raises(ValueError, match="positive depths"):
        CycleMLP((1, 0, 1, 1))
    with pytest.raises(ValueError, match="32x32 or more"):
        CycleMLP((1, 1, 1, 1))(torch.zeros(1, 3, 16, 16))
