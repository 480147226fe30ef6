"""Networks that re-parameterise become what is deployed, with the output of what was trained, or say why not."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models.build import build
from models.counting import count_on
from models.inference_form import deploy, reparameterisable
from models.registry import resolve

X = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Branches(nn.Module):
    """A 3x3 and a 1x1 convolution side by side, which one 3x3 can replace."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1)
        self.merged: nn.Conv2d | None = None

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.wide(x) + self.narrow(x) if self.merged is None else self.merged(x)
        return y

    def one(self) -> nn.Conv2d:
        conv = nn.Conv2d(3, 3, 3, padding=1)
        assert conv.bias is not None
        assert self.wide.bias is not None
        assert self.narrow.bias is not None
        conv.weight.copy_(self.wide.weight + nn.functional.pad(self.narrow.weight, [1, 1, 1, 1]))
        conv.bias.copy_(self.wide.bias + self.narrow.bias)
        return conv

    def merge(self) -> None:
        if self.merged is None:
            self.merged = self.one()
            del self.wide, self.narrow


class Switching(Branches):
    def switch_to_deploy(self) -> None:
        self.merge()


class Replacing(Branches):
    def fuse(self, verbose: bool = False) -> nn.Module:
        return self.one()


class WholeNetwork(nn.Sequential):
    """YOLO's way: the network itself knows its parts."""

    def fuse(self) -> nn.Module:
        for part in self:
            if isinstance(part, Branches):
                part.merge()
        return self


class Once(Branches):
    """Cannot bear its method twice."""

    def fuse_convs(self) -> None:
        self.merged = self.one()
        del self.wide, self.narrow


class KnowsItsParts(nn.Sequential):
    def fuse(self) -> None:
        for part in self:
            if isinstance(part, Once):
                part.fuse_convs()


class DoesNotKnowThem(nn.Sequential):
    def fuse(self) -> None:
        raise NotImplementedError("my parts do it")


class Wrong(Branches):
    def reparameterize(self) -> None:
        self.merge()
        assert self.merged is not None
        self.merged.weight.mul_(1.01)


class Failing(Branches):
    def reparameterize(self) -> None:
        del self.wide
        raise NotImplementedError("not yet")


class OtherMeaning(nn.Module):
    """A part that is called `fuse`, and a method of that name for two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.fuse = nn.Conv2d(3, 3, 1)

    def reparameterize(self, weight: Tensor) -> Tensor:
        return weight

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fuse(x)
        return y


def macs(network: nn.Module) -> int | None:
    return count_on(network, X).macs


@pytest.mark.parametrize(
    "make",
    [
        Switching,
        Replacing,
        lambda: WholeNetwork(Branches(), Branches()),
        lambda: nn.Sequential(Switching(), Replacing()),
        lambda: KnowsItsParts(Once(), Once()),
        lambda: DoesNotKnowThem(Once(), Once()),
    ],
)
def test_branches_are_merged_whatever_the_method_is_called(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    network = make()
    blocks = sum(isinstance(part, Branches) for part in network.modules())
    with torch.no_grad():
        before = network(X)
        made = deploy(network, X)
        torch.testing.assert_close(made.network(X), before)
    assert made.notes == ()
    assert macs(made.network) == blocks * 64 * 81  # 8x8 positions, 3x3x3x3 weights, no 1x1 beside them


def test_between_the_two_steps_its_branches_are_merged_and_its_norms_are_not_folded() -> None:
    torch.manual_seed(0)
    seen: list[tuple[int | None, list[str]]] = []

    def look(network: nn.Module) -> None:
        seen.append((macs(network), [type(part).__name__ for part in network.children()]))

    deploy(nn.Sequential(Replacing(), nn.BatchNorm2d(3)).eval(), X, look=look)
    assert seen == [(64 * 81 + 2 * 3 * 64, ["Conv2d", "BatchNorm2d"])]
    deploy(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).eval(), X, look=look)
    deploy(Wrong(), X, look=look)
    assert len(seen) == 1  # where nothing was merged there is nothing in between


@pytest.mark.parametrize(("make", "said"), [(Wrong, "off by"), (Failing, "NotImplementedError: not yet")])
def test_what_does_not_hold_keeps_the_training_form_and_says_so(make: type[Branches], said: str) -> None:
    torch.manual_seed(0)
    network = make()
    with torch.no_grad():
        before = network(X)
        made = deploy(network, X)
        assert torch.equal(made.network(X), before)
    (note,) = made.notes
    assert note.startswith("timed in its training form: ")
    assert said in note
    assert macs(made.network) == 64 * (81 + 9)


def test_what_bears_such_a_name_and_means_another_is_left_alone() -> None:
    network = OtherMeaning()
    assert reparameterisable(network) == ""
    assert deploy(network, X).network is network


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning")
def test_norms_that_cannot_be_folded_are_said() -> None:
    def block() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).eval()

    scripted = nn.Sequential(block(), torch.jit.script(block()))
    exported = torch.export.export(block(), (X,)).module()
    normed = nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 3, 1)), nn.BatchNorm2d(3)).eval()
    parametrised = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 3, 1)), nn.BatchNorm2d(3)).eval()
    for network in (scripted, exported):
        assert deploy(network, X).notes == (
            "batch norms not folded: 1 because it is no module: scripted, exported, or called as a function",
        )
    for network in (normed, parametrised):
        assert deploy(network, X).notes == (
            "batch norms not folded: 1 because the weight before it is computed or shared",
        )
    assert deploy(block(), X).notes == ()


def test_mobileone_is_counted_as_published() -> None:
    """arXiv 2206.04040, Table 9: MobileOne-S0 has 2.1 M parameters and 275 M multiply-adds, its branches merged."""
    (entry,) = resolve(["timm:mobileone_s0"])
    network, image = build(entry), torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        before = network(image)
        made = deploy(network, image)
        assert (made.network(image) - before).abs().max() <= 1e-5 * before.abs().max()
    cost = count_on(made.network, image, shapes_only=True)
    assert (cost.macs, cost.params, made.notes) == (275_160_576, 2_078_504, ())
