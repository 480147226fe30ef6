"""The inference form is FasterNet: same output, whatever the arguments, layout, batch and precision."""

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import Tensor, nn

from models.fasternet import FasterNet, fasternet
from models.fasternet_config import FasterNetConfig
from models.fasternet_fast import FastFasterNet, fused, optimise
from models.packed_conv import PackedConv

SMALL = FasterNetConfig(channels=8, depths=(1, 1, 2, 1), activation="gelu", head_width=16, classes=5)


def network(**changes: Any) -> FasterNet:
    """A small network whose batch norms matter."""
    torch.manual_seed(0)
    result = FasterNet(FasterNetConfig(**{**vars(SMALL), **changes})).eval()
    with torch.no_grad():
        for module in result.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 2)
                module.bias.normal_(0, 0.1)
            elif isinstance(module, nn.Conv2d):
                # Larger than the default: every layer then moves the output by much more than the tolerance.
                nn.init.kaiming_normal_(module.weight)
    return result


def error(y: Tensor, reference: Tensor) -> float:
    return float((y.float() - reference).abs().max() / reference.abs().max())


@contextmanager
def without_packing() -> Iterator[None]:
    """What a CPU without oneDNN, or a GPU, would run."""
    with patch("models.packed_conv._onednn_takes", return_value=False):
        yield


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu"},
        {"selection": "last"},
        {"selection": "even"},
        {"selection": "random"},
        {"ratio": Fraction(1)},
        {"dilation": 2, "kernel": 5},
        {"depths": (1, 2)},
    ],
    ids=str,
)
def test_output_equals_the_plain_network(changes: dict[str, Any], packed: bool) -> None:
    plain = network(**changes)
    x = torch.randn(2, 3, 64, 96)
    before = x.clone()
    with torch.inference_mode():
        if packed:
            fast = optimise(plain)
        else:
            with without_packing():
                fast = optimise(plain)
        for images in (x, x.to(memory_format=torch.channels_last)):
            assert error(fast(images), plain(images)) <= 1e-5
        assert torch.equal(x, before)
        # The blocks work in place: a second call must find nothing left of the first.
        assert torch.equal(fast(x), fast(x))


@pytest.mark.parametrize("name", ["fasternet_t0", "fasternet_s"])
def test_paper_networks_agree_to_1e_5(name: str) -> None:
    plain = fasternet(name).eval()
    x = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        assert error(optimise(plain)(x), plain(x)) <= 1e-5


def test_features_equal_and_are_not_overwritten() -> None:
    plain = network(features_only=True)
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        for y, reference in zip(optimise(plain)(x), plain(x), strict=True):
            assert error(y, reference) <= 1e-5


def test_params_are_those_of_the_fused_network() -> None:
    plain = network()
    expected = sum(parameter.numel() for parameter in fused(plain).parameters())
    assert sum(parameter.numel() for parameter in optimise(plain).parameters()) == expected


def test_copies_pickles_and_new_weights_keep_the_output() -> None:
    fast = optimise(network())
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        reference = fast(x)
        assert torch.equal(copy.deepcopy(fast)(x), reference)
        assert torch.equal(pickle.loads(pickle.dumps(fast))(x), reference)
        other = optimise(FasterNet(SMALL))
        other.load_state_dict(fast.state_dict())
        assert torch.equal(other(x), reference)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    plain = network()
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        y = optimise(plain).to(dtype)(x.to(dtype))
        assert y.dtype == dtype
        assert error(y, plain(x)) <= 5e-2


def test_calls_may_overlap() -> None:
    fast = optimise(network())
    images = [torch.randn(1, 3, 64, 64) for _ in range(8)]

    def run(x: Tensor) -> Tensor:
        with torch.inference_mode():
            result: Tensor = fast(x)
            return result

    with ThreadPoolExecutor(4) as pool:
        for y, x in zip(pool.map(run, images), images, strict=True):
            torch.testing.assert_close(y, run(x))


def test_compiles_into_one_graph() -> None:
    plain = network()
    compiled = torch.compile(optimise(plain), fullgraph=True, backend="aot_eager")
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        assert error(compiled(x), plain(x)) <= 1e-5


def test_networks_without_a_fast_form_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a FasterNet whose norms were folded"):
        optimise(network(norm="ln"))
    with pytest.raises(ValueError, match="use optimise"):
        FastFasterNet(network())
    with pytest.raises(ValueError, match="expected an ungrouped convolution"):
        PackedConv(nn.Conv2d(4, 4, 1, groups=2))
