"""A copy of any network, that keeps what it does to itself."""

import random
import threading

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.clone import clone, randomness_restored


class Keeping(nn.Module):
    """Keeps its last features and how often it ran, as networks with auxiliary losses and averages do."""

    def __init__(self, *, lock: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.last: Tensor | None = None
        self.calls: Tensor
        self.kept: list[Tensor] = []
        self.register_buffer("calls", torch.zeros(()))
        self.parts = {"conv": self.conv, "lock": threading.Lock()} if lock else {"conv": self.conv}

    def forward(self, x: Tensor) -> Tensor:
        self.last = self.parts["conv"](x)  # type: ignore[operator]
        self.kept.append(self.last)
        self.calls += 1
        return self.last


@pytest.mark.parametrize("lock", [False, True], ids=["copied whole", "copied in parts"])
@pytest.mark.parametrize("share", [False, True])
def test_a_network_that_has_run_is_copied_with_a_state_of_its_own(*, lock: bool, share: bool) -> None:
    network = Keeping(lock=lock)
    x = torch.randn(1, 3, 4, 4)
    before = network(x)  # made by autograd: copy.deepcopy refuses it
    with pytest.raises((RuntimeError, TypeError)):
        __import__("copy").deepcopy(network)
    made = clone(network, share_weights=share)
    assert isinstance(made, Keeping)
    with torch.no_grad():
        assert torch.equal(made(x), before)
    assert (made.conv.weight is network.conv.weight) == share
    assert made.parts["conv"] is made.conv
    assert network.last is before
    assert (len(network.kept), int(network.calls), int(made.calls)) == (1, 1, 2)


@pytest.mark.parametrize(
    "wrap", [torch.nn.utils.weight_norm, torch.nn.utils.spectral_norm, torch.nn.utils.parametrizations.weight_norm]
)
@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_weights_computed_from_others_follow_the_copy(wrap: object) -> None:
    network = nn.Sequential(wrap(nn.Conv2d(3, 4, 1))).eval()  # type: ignore[operator]
    made, x = clone(network), torch.randn(1, 3, 4, 4)
    assert torch.equal(made(x), network(x))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(2)
    assert not torch.equal(made(x), network(x))


def test_what_is_made_in_inference_mode_is_copied_as_if_it_were_not() -> None:
    with torch.inference_mode():
        network = nn.Conv2d(3, 4, 1)
        made = clone(network)
    assert isinstance(made, nn.Conv2d)
    assert not any(value.is_inference() for value in made.parameters())
    assert torch.equal(made.weight, network.weight)


@pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated:DeprecationWarning")
def test_a_scripted_network_is_copied() -> None:
    network = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1)))
    made, x = clone(network), torch.randn(1, 3, 4, 4)
    assert torch.equal(made(x), network(x))
    with torch.no_grad():
        next(made.parameters()).zero_()
    assert not torch.equal(made(x), network(x))


def test_random_numbers_go_on_as_if_nothing_had_been_drawn() -> None:
    def draw() -> list[float]:
        return [torch.rand(()).item(), random.random(), np.random.rand()]

    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with randomness_restored():
        inside = draw()
    assert draw() == inside
