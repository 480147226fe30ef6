"""Which convolutions a network runs, in which order, and what goes in and comes out."""

import pytest
import torch
from torch import Tensor, nn

from models.build import bare
from models.feature_maps import check_layer, conv_layers, maps_of, of_stages
from models.registry import resolve


class Backwards(nn.Module):
    """Runs its layers in another order than it holds them, one of them twice, with activations that work in place."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(8, 8, 3, padding=1)
        self.twice = nn.Conv2d(8, 8, 3, padding=1)
        self.narrow = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.unused = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.narrow(self.first(x))
        x = self.twice(x).relu_()
        x = self.twice(x).relu_()
        made: Tensor = self.last(torch.nn.functional.max_pool2d(x, 2)).relu_()
        return made


IMAGES = torch.randn(11, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_layers_come_in_the_order_in_which_they_run_and_stages_begin_with_a_regular_convolution() -> None:
    layers = conv_layers(Backwards(), IMAGES[:1])
    assert [layer.name for layer in layers] == ["first", "narrow", "twice", "last"]
    assert [(layer.height, layer.width) for layer in layers] == [(16, 16), (8, 8), (8, 8), (4, 4)]
    assert [layer.name for layer in of_stages(layers)] == ["twice", "last"]


def test_the_maps_are_what_the_convolution_took_and_gave_whatever_works_in_place_behind_it() -> None:
    network = Backwards()
    for name in ("twice", "last"):
        before, after = maps_of(network, name, IMAGES)
        assert len(before) == len(IMAGES)
        assert torch.allclose(network.get_submodule(name)(before), after, atol=1e-6)
    assert (after < 0).any()  # no activation's work


def test_the_stages_of_resnet50_are_those_of_the_paper() -> None:
    layers = of_stages(conv_layers(bare(resolve(["resnet50"])[0]), torch.zeros(1, 3, 224, 224)))
    assert [(each.name, each.module.in_channels, each.height) for each in layers] == [
        ("layer1.0.conv2", 64, 56),
        ("layer2.1.conv2", 128, 28),  # this ResNet50 strides in the 3x3 that comes before
        ("layer3.1.conv2", 256, 14),
        ("layer4.1.conv2", 512, 7),
    ]


def test_a_depthwise_network_has_no_stage_and_a_wrong_name_is_told_near_ones() -> None:
    depthwise = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8))
    assert of_stages(conv_layers(depthwise, IMAGES[:1])) == ()
    with pytest.raises(ValueError, match="got 'lst'; did you mean last"):
        check_layer(Backwards(), "lst")
    check_layer(Backwards(), "last")


def test_images_that_a_network_refuses_are_one_line() -> None:
    with pytest.raises(ValueError, match="expected the network to take 1x4x16x16 images, got RuntimeError") as raised:
        conv_layers(Backwards(), torch.zeros(1, 4, 16, 16))
    assert "\n" not in str(raised.value)
