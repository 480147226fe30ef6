"""Folding batch norms changes no output, and says which norms it had to leave."""

import pytest
import torch
from torch import Tensor, nn

from models.fuse import fold_batch_norms, fuse
from models.torchvision_import import import_timm, import_torchvision


def randomise(network: nn.Module) -> nn.Module:
    """Give every batch norm statistics that a wrong fold cannot hide behind."""
    torch.manual_seed(0)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) and module.running_mean is not None:
                assert module.running_var is not None
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 2)
                module.bias.normal_(0, 0.1)
    return network.eval()


def norms_of(network: nn.Module) -> int:
    return sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())


# One of each family of Table 3 that has batch norms; the two of torchvision and MobileViT defeat tracers.
@pytest.mark.parametrize(
    "name",
    [
        "timm:mobilenetv2_100",
        "timm:mobilevit_xxs",
        "timm:ghostnet_130",
        "timm:resnet50",
        "torchvision:shufflenet_v2_x1_5",
    ],
)
def test_networks_of_table_3_lose_all_batch_norms_and_keep_their_output(name: str) -> None:
    library, _, model = name.partition(":")
    if library == "timm":
        network = import_timm().create_model(model, pretrained=False)
    else:
        network = import_torchvision().models.get_model(model, weights=None)
    # In double precision: rounding, which deep networks amplify, cannot be mistaken for a wrong fold.
    randomise(network).double()
    x = torch.randn(1, 3, 32, 32, dtype=torch.float64)
    result = fold_batch_norms(network, x)
    with torch.inference_mode():
        reference, y = network(x), result.network(x)
    assert (y - reference).abs().max() <= 1e-10 * reference.abs().max()
    assert result.left == ()
    assert norms_of(result.network) == 0
    assert len(result.folded) == norms_of(network) > 0


def test_fold_by_hand() -> None:
    conv, norm = nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=0)
    assert conv.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        for tensor, value in ((conv.weight, 3), (conv.bias, 1), (norm.weight, 2), (norm.bias, 5)):
            tensor.fill_(value)
        norm.running_mean.fill_(7)
        norm.running_var.fill_(4)
    fused = fuse(nn.Sequential(conv, norm), torch.zeros(1, 1, 1, 1))
    # (3 x + 1 - 7) / 2 * 2 + 5 = 3 x - 1
    values = {name: parameter.item() for name, parameter in fused.named_parameters()}
    assert values == {"0.weight": 3, "0.bias": -1}


def test_the_original_is_untouched_and_the_copy_is_in_evaluation_mode() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4)).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    fused = fuse(network)
    assert network.training
    assert not fused.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_linear_layers_fold_and_keep_their_dtype() -> None:
    network = randomise(nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4)).double())
    x = torch.randn(5, 6, dtype=torch.float64)
    result = fold_batch_norms(network, x)
    assert result.folded == ("1",)
    assert next(result.network.parameters()).dtype == torch.float64
    torch.testing.assert_close(result.network(x), network(x))


class TwoReaders(nn.Module):
    """The convolution's output is read by the norm and by the shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        y: Tensor = self.norm(x) + x
        return y


class TwoRuns(nn.Module):
    """One convolution, two norms."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.one, self.two = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.one(self.conv(x)) + self.two(self.conv(x))
        return y


class Escaping(nn.Module):
    """The convolution's output leaves the network beside the normalised one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(x)
        return x, self.norm(x)


class Scaled(nn.Conv2d):
    """Runs with a weight made on the fly, so nothing can be folded into the stored one."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._conv_forward(x, self.weight * 2, self.bias)
        return y


class Doubling(nn.BatchNorm2d):
    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = super().forward(x) * 2
        return y


def unused_norm() -> nn.Module:
    network = nn.Conv2d(3, 3, 1)
    network.register_module("spare", nn.BatchNorm2d(3))
    return network


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (TwoReaders(), "read 2 times"),
        (TwoRuns(), "ran 2 times"),
        (Escaping(), "read 2 times"),
        (nn.Sequential(Scaled(3, 3, 1), nn.BatchNorm2d(3)), "computed or shared"),
        (nn.Sequential(nn.Conv2d(3, 3, 1), Doubling(3)), "Doubling"),
        (nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)), "not the output of a convolution"),
        (nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)), "not the output of a convolution"),
        (nn.Sequential(nn.ConvTranspose2d(3, 3, 1), nn.BatchNorm2d(3)), "not the output of a convolution"),
        (nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)), "running statistics"),
        (unused_norm(), "ran 0 times"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_folded_stays_and_is_named(network: nn.Module, reason: str) -> None:
    randomise(network)
    x = torch.randn(2, 3, 8, 8)
    result = fold_batch_norms(network, x)
    assert result.folded == ()
    assert result.left
    assert all(reason in left.reason for left in result.left)
    assert [left.name for left in result.left] == [
        name for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)
    ]
    torch.testing.assert_close(result.network(x), network(x), rtol=0, atol=0)


class Aliased(nn.Module):
    """The norm is known by two names and runs once."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.alias = self.norm

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.alias(self.conv(x))
        return y


def test_a_norm_under_two_names_goes_from_both() -> None:
    network = randomise(Aliased())
    fused = fuse(network)
    assert norms_of(fused) == 0
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(fused(x), network(x))


@pytest.mark.parametrize("made_inside", [False, True])
def test_folds_in_inference_mode_into_weights_that_can_change(made_inside: bool) -> None:
    with torch.inference_mode(made_inside):
        network = randomise(nn.Sequential(nn.Conv2d(3, 4, 1, padding="same"), nn.BatchNorm2d(4)))
    x = torch.randn(2, 3, 8, 8)
    with torch.inference_mode():
        result = fold_batch_norms(network, x)
        assert result.left == ()
        torch.testing.assert_close(result.network(x), network(x))
    assert not any(parameter.is_inference() for parameter in result.network.parameters())
