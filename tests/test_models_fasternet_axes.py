"""What may be varied of a FasterNet: what each value computes, counts and is called, and what is refused."""

from fractions import Fraction
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from models.counting import count
from models.fasternet import Block, FasterNet, fasternet
from models.fasternet_config import AXES, FASTERNETS, FasterNetConfig, has_axes, spelled, variants
from models.fasternet_export import export_form
from models.fasternet_fast import optimise
from operators.axes import Value
from operators.choice import choose

Axes = dict[str, list[Value]]

SMALL = FasterNetConfig(channels=64, depths=(1, 1, 5, 1), activation="relu", head_width=16, classes=5)


def convolution_macs(config: FasterNetConfig, side: int) -> int:
    """Section 3's formulas: 9 c_p^2 a pixel for PConv and 2 x 2 c^2 for the two pointwise convolutions of a block."""
    c, height = config.channels, side // 4
    macs = height**2 * 16 * config.image_channels * c
    for stage, depth in enumerate(config.depths):
        if stage:
            height //= 2
            macs += height**2 * 4 * c * 2 * c
            c *= 2
        partial = int(config.ratio * c)
        macs += depth * height**2 * (9 * partial**2 + 2 * config.expansion * c**2)
    return macs + c * config.head_width


@pytest.mark.parametrize("ratio", ["1/8", "1/4", "1/2", "1"])
@pytest.mark.parametrize("changes", [{}, {"dilation": 2}, {"selection": "shifted"}, {"activation": "relu"}], ids=str)
def test_macs_are_those_of_the_formula_and_only_the_ratio_changes_them(ratio: str, changes: dict[str, Any]) -> None:
    network = fasternet("fasternet_t0", ratio=Fraction(ratio), **changes).eval()
    assert count(network, (3, 64, 64)).of_kind("convolution") == convolution_macs(network.config, 64)


def test_layer_norm_counts_five_an_element_where_batch_norm_counts_two() -> None:
    batch, layer = (count(fasternet("fasternet_t0", norm=norm).eval(), (3, 64, 64)) for norm in ("bn", "ln"))
    assert batch.of_kind("batch_norm") * 5 == layer.of_kind("layer_norm") * 2 > 0
    assert layer.of_kind("convolution") == batch.of_kind("convolution")


@pytest.mark.parametrize(("channels", "ratio"), [(8, "1/4"), (40, "1/8"), (16, "1/2")])
def test_shifted_blocks_take_every_channel_once(channels: int, ratio: str) -> None:
    share = Fraction(ratio)
    taken = [
        choose(channels, ratio=share, selection="shifted", seed=0, block=block).indices
        for block in range(share.denominator)
    ]
    assert sorted(channel for block in taken for channel in block) == list(range(channels))
    assert taken[0] == choose(channels, ratio=share, selection="first", seed=0).indices


def test_a_choice_that_runs_over_the_end_goes_on_at_the_beginning() -> None:
    found = choose(8, ratio=Fraction(3, 8), selection="shifted", seed=0, block=2)
    assert found.indices == (0, 6, 7)


@torch.no_grad()
def test_a_shifted_block_convolves_the_channels_of_its_number() -> None:
    config = FasterNetConfig(channels=8, depths=(1,), selection="shifted", dilation=2)
    mixing = Block(8, config, drop_path=0.0, index=3).mixing
    x = torch.randn(2, 8, 9, 7)
    convolved = F.conv2d(x[:, 6:8], mixing.partial_conv.weight, padding=2, dilation=2)
    torch.testing.assert_close(mixing(x), torch.cat((x[:, :6], convolved), dim=1))


@torch.no_grad()
@pytest.mark.parametrize(
    "changes",
    [{"norm": "ln"}, {"selection": "shifted"}, {"dilation": 2}, {"ratio": Fraction(1, 2)}, {"activation": "gelu"}],
    ids=str,
)
def test_the_exported_and_the_fast_form_compute_what_the_plain_one_does(changes: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = FasterNet(FasterNetConfig(**{**vars(SMALL), **changes})).eval()
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
        else:
            parameter.add_(0.1 * torch.randn_like(parameter))
    image = torch.randn(2, 3, 64, 64)
    expected = network(image)
    forms = [export_form(network)] + ([optimise(network)] if network.config.norm == "bn" else [])
    for form in forms:
        assert float((form(image) - expected).abs().max() / expected.abs().max()) <= 1e-5


def test_variants_differ_from_the_network_in_what_was_asked_for_alone() -> None:
    asked: Axes = {"ratio": [Fraction(1, 4), Fraction(1, 8)], "activation": ["gelu", "relu"]}
    assert variants("fasternet_t0", asked) == [
        {},
        {"activation": "relu"},
        {"ratio": Fraction(1, 8)},
        {"ratio": Fraction(1, 8), "activation": "relu"},
    ]
    other: Axes = {"activation": ["gelu", "relu"]}
    assert variants("fasternet_t2", other) == [{"activation": "gelu"}, {}]
    assert variants("resnet50", asked) == [{}]
    assert not has_axes("resnet50")


def test_a_variant_is_spelled_in_the_order_of_the_axes() -> None:
    changes: dict[str, Value] = {
        "selection": "shifted",
        "dilation": 2,
        "activation": "relu",
        "norm": "ln",
        "ratio": Fraction(1, 8),
    }
    assert spelled(changes) == ["r1/8", "ln", "relu", "d2", "shifted"]
    assert list(AXES) == ["ratio", "norm", "activation", "dilation", "selection"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ratio": [Fraction(1, 16)]}, r"^fasternet_t0: .* got 1/16 x 40 = 5/2; use channels divisible by 16"),
        ({"ratio": [Fraction(0)]}, "above 0 and at most 1"),
        ({"norm": ["batch"]}, "expected norm to be one of bn, ln, got 'batch'"),
        ({"activation": ["swish"]}, "expected activation to be one of relu, gelu"),
        ({"dilation": [65]}, "expected dilation to be at most 64, got 65"),
        ({"dilation": [0]}, "expected dilation to be a positive integer"),
        ({"selection": ["odd"]}, "expected selection to be one of first, last, even, random, shifted"),
    ],
)
def test_what_a_network_cannot_take_is_one_line(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        variants("fasternet_t0", asked)
    assert "\n" not in str(raised.value)


def test_the_papers_ratios_fit_every_network() -> None:
    for name in FASTERNETS:
        assert len(variants(name, {"ratio": [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)]})) == 3
