"""A live module is measured as a copy: it, its hooks and the caller's process stay as they were, whatever it is."""

import os
import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor

from bench.api import measure
from bench.errors import UsageError

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*quantized tensor creation:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated:DeprecationWarning"),
]
X = torch.randn(1, 3, 8, 8)


def conv() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 5))


def used() -> nn.Module:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.last = conv(), torch.empty(0)

        def forward(self, x: Tensor) -> Tensor:
            self.last = self.conv(x)
            return self.last

    network = Last()
    network(X)
    return network


KINDS: dict[str, Callable[[], object]] = {
    "weight_norm": lambda: nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 4, 3))),
    "parametrised": lambda: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))),
    "that has run": used,
    "scripted": lambda: torch.jit.script(conv().eval()),
    "traced": lambda: torch.jit.trace(conv().eval(), X),  # type: ignore[no-untyped-call]
    "frozen": lambda: torch.jit.freeze(torch.jit.script(conv().eval())),
    "exported": lambda: torch.export.export(conv().eval(), (X,)),
    "quantised": lambda: torch.ao.quantization.quantize_dynamic(conv(), {nn.Linear}, dtype=torch.qint8),  # type: ignore[no-untyped-call]
    "half": lambda: conv().half(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_of_any_kind_is_measured_and_stays_as_it_was(kind: str) -> None:
    network = KINDS[kind]()
    module = network.module() if isinstance(network, torch.export.ExportedProgram) else network
    assert isinstance(module, nn.Module)
    state = {name: value.clone() for name, value in module.state_dict().items() if isinstance(value, Tensor)}
    modes = [(getattr(child, "training", None), len(child._forward_pre_hooks)) for child in module.modules()]
    row = measure(network, input_px=8)  # type: ignore[arg-type]
    assert row.status == "done"
    assert row.cost is not None
    assert row.cost.macs in (36 * 108, 36 * 108 + 720, 36 * 108 + 108 + 4)  # the norm: weight by v, then u by it
    assert modes == [(getattr(child, "training", None), len(child._forward_pre_hooks)) for child in module.modules()]
    after = module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in state.items())


def test_no_fake_tensor_stays_where_no_copy_reaches() -> None:
    seen: list[Tensor] = []
    network = nn.Conv2d(3, 4, 3)
    network.register_forward_hook(lambda module, inputs, output: seen.append(output))
    measure(network, input_px=8)
    assert seen
    assert not any(isinstance(value, FakeTensor) for value in seen)


def test_the_process_is_left_as_it_was() -> None:
    class Careless(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            torch.set_default_dtype(torch.float64)
            random.random()
            return x + torch.rand(()).to(x.dtype)

    def state() -> list[object]:
        return [
            torch.get_rng_state().tolist(),
            random.getstate(),
            torch.get_default_dtype(),
            torch.get_num_threads(),
            os.sched_getaffinity(0),
        ]

    before = state()
    measure(Careless(), input_px=8)
    assert state() == before


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (3, "expected a torch.nn.Module"),
        (nn.Linear(7, 3), "mat1 and mat2 shapes cannot be multiplied"),
        (torch.export.export(nn.Conv2d(3, 4, 3), (X,)), "Guard failed"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(network: object, said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        measure(network, input_px=9)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_a_network_in_training_form_says_so() -> None:
    class Switching(nn.Conv2d):
        def switch_to_deploy(self) -> None: ...

    row = measure(Switching(3, 4, 1), input_px=8)
    assert any("training form: switch_to_deploy() of 1 modules" in note for note in row.notes)
