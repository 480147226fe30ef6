"""Identities between the operators: each must be the special case of another that it claims to be."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from operators.choice import IMPLEMENTATIONS, SELECTIONS, ChannelChoice, choose
from operators.conv import Conv, DWConv, GConv, PWConv
from operators.pconv import PConv
from operators.tconv import TConv

CHANNELS = 8


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, CHANNELS, 7, 5, generator=torch.Generator().manual_seed(1))


@pytest.fixture(autouse=True)
def no_gradients() -> object:
    with torch.no_grad():
        yield


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("selection", SELECTIONS)
def test_pconv_of_all_channels_is_conv(x: Tensor, implementation: str, selection: str) -> None:
    conv = Conv(CHANNELS, kernel=5, dilation=2)
    pconv = PConv(CHANNELS, 5, ratio=Fraction(1), dilation=2, implementation=implementation, selection=selection)
    pconv.partial_conv.load_state_dict(conv.state_dict())
    expected = conv(x)
    torch.testing.assert_close(pconv(x), expected)


def test_gconv_of_one_group_is_conv_and_of_c_groups_dwconv(x: Tensor) -> None:
    one, conv = GConv(CHANNELS, groups=1), Conv(CHANNELS)
    one.load_state_dict(conv.state_dict())
    torch.testing.assert_close(one(x), conv(x))
    many, depthwise = GConv(CHANNELS, groups=CHANNELS, stride=2), DWConv(CHANNELS, stride=2)
    many.load_state_dict(depthwise.state_dict())
    torch.testing.assert_close(many(x), depthwise(x))


def test_pwconv_is_a_matrix_per_pixel(x: Tensor) -> None:
    pointwise = PWConv(CHANNELS)
    expected = torch.einsum("oi,nihw->nohw", pointwise.weight[:, :, 0, 0], x)
    torch.testing.assert_close(pointwise(x), expected)


@pytest.mark.parametrize("ratio", [Fraction(1, 8), Fraction(1, 4), Fraction(3, 8)])
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_pconv_convolves_its_choice_and_passes_the_rest(
    x: Tensor, implementation: str, selection: str, ratio: Fraction
) -> None:
    pconv = PConv(CHANNELS, ratio=ratio, implementation=implementation, selection=selection, seed=3)
    chosen = list(choose(CHANNELS, ratio=ratio, selection=selection, seed=3).indices)
    expected = x.clone()
    expected[:, chosen] = F.conv2d(x[:, chosen], pconv.partial_conv.weight, padding=1)
    given = x.clone()
    output = pconv(given)
    torch.testing.assert_close(output, expected)
    if implementation == "inplace":
        assert output is given
    else:
        assert torch.equal(given, x)
        assert output.data_ptr() != given.data_ptr()


def test_pconv_keeps_only_weights_in_its_state() -> None:
    assert list(PConv(CHANNELS, selection="random").state_dict()) == ["partial_conv.weight"]


def test_choices_by_hand() -> None:
    def indices(selection: str, ratio: Fraction = Fraction(1, 4), seed: int = 0) -> tuple[int, ...]:
        return choose(16, ratio=ratio, selection=selection, seed=seed).indices

    assert indices("first") == (0, 1, 2, 3)
    assert indices("last") == (12, 13, 14, 15)
    assert indices("even") == (0, 4, 8, 12)
    assert indices("even", Fraction(3, 16)) == (0, 5, 10)
    assert indices("even", Fraction(3, 8)) == (0, 2, 5, 8, 10, 13)
    assert indices("random", seed=1) == indices("random", seed=1)
    assert len({indices("random", seed=seed) for seed in range(20)}) > 1


def test_a_permutation_and_its_inverse_cancel() -> None:
    choice = choose(16, ratio=Fraction(1, 4), selection="random", seed=7)
    assert choice.order[:4] == choice.indices
    assert [choice.order[i] for i in choice.inverse] == list(range(16))


@pytest.mark.parametrize("indices", [(), (1, 0), (0, 0), (-1,), (4,)])
def test_impossible_choices_are_refused(indices: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected .*channels"):
        ChannelChoice(channels=4, indices=indices)


@pytest.mark.parametrize(("dilation", "stride"), [(1, 1), (2, 1), (1, 2)])
def test_tconv_is_a_conv_whose_other_channels_see_the_centre_only(x: Tensor, dilation: int, stride: int) -> None:
    tconv = TConv(CHANNELS, ratio=Fraction(1, 4), dilation=dilation, stride=stride)
    dense = Conv(CHANNELS, dilation=dilation, stride=stride)
    dense.weight.zero_()
    dense.weight[:, :2] = tconv.spatial.weight
    dense.weight[:, 2:, 1:2, 1:2] = tconv.pointwise.weight
    torch.testing.assert_close(tconv(x), dense(x))


def test_pconv_then_pwconv_is_the_tconv_of_the_merged_weights(x: Tensor) -> None:
    # Section 3.3: a PConv and the PWConv after it are one T-shaped convolution.
    pconv, pwconv, tconv = PConv(CHANNELS), PWConv(CHANNELS), TConv(CHANNELS)
    mix = pwconv.weight[:, :, 0, 0]
    tconv.spatial.weight.copy_(torch.einsum("om,mikl->oikl", mix[:, :2], pconv.partial_conv.weight))
    tconv.pointwise.weight.copy_(pwconv.weight[:, 2:])
    torch.testing.assert_close(tconv(x), pwconv(pconv(x)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv(0), "channels"),
        (lambda: Conv(4, kernel=2), "odd kernel"),
        (lambda: Conv(4, stride=0), "stride"),
        (lambda: GConv(6, groups=4), "divisible by groups"),
        (lambda: PConv(6), "whole number of channels"),
        (lambda: PConv(8, implementation="fast"), "implementation"),
        (lambda: TConv(8, ratio=Fraction(1)), "use Conv"),
    ],
)
def test_layers_refuse_nonsense(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
