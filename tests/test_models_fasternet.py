"""FasterNet is the paper's network: its counts, its function, its arguments, its checkpoints."""

import warnings
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.fasternet import Block, FasterNet, fasternet, fasternet_t0
from models.fasternet_config import FASTERNETS, FasterNetConfig
from models.fuse import fold_batch_norms, fuse

# Table 8: params (M) and MACs (G) before and after batch-norm fusion, as printed in four decimals.
TABLE_8 = {
    "fasternet_t0": ((3.9055, 0.3380), (3.9007, 0.3354)),
    "fasternet_t1": ((7.5954, 0.8547), (7.5876, 0.8505)),
    "fasternet_t2": ((14.9829, 1.9106), (14.9713, 1.9044)),
    "fasternet_s": ((31.1810, 4.5601), (31.1604, 4.5498)),
    "fasternet_m": ((53.5215, 8.7415), (53.4885, 8.7220)),
    "fasternet_l": ((93.4652, 15.5205), (93.4212, 15.4945)),
}
SMALL = FasterNetConfig(channels=8, depths=(1, 1, 2, 1), activation="relu", head_width=16, classes=5)


def counts(network: nn.Module, example: Tensor) -> tuple[float, float]:
    """Params in M and MACs in G, counted by fvcore."""
    with warnings.catch_warnings():
        # fvcore scripts a function when it is imported, which torch calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        from fvcore.nn import FlopCountAnalysis
    analysis = FlopCountAnalysis(network, example).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    params = sum(parameter.numel() for parameter in network.parameters())
    return round(params / 1e6, 4), round(analysis.total() / 1e9, 4)


@pytest.mark.parametrize("name", TABLE_8)
def test_counts_equal_table_8(name: str) -> None:
    with torch.device("meta"):
        network = fasternet(name).eval()
    network = network.to_empty(device="cpu")  # counting needs no initialised weights, which take seconds
    example = torch.zeros(1, 3, 224, 224)
    assert counts(network, example) == TABLE_8[name][0]
    assert counts(fuse(network), example) == TABLE_8[name][1]


def test_every_batch_norm_of_fasternet_folds() -> None:
    result = fold_batch_norms(FasterNet(SMALL), torch.zeros(1, 3, 32, 32))
    assert result.left == ()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in result.network.modules())


def test_block_takes_its_shortcut_before_pconv() -> None:
    block = Block(4, SMALL, drop_path=0.0, index=0).eval()
    x = torch.randn(2, 4, 5, 5)
    mixed = torch.cat((F.conv2d(x[:, :1], block.mixing.partial_conv.weight, padding=1), x[:, 1:]), dim=1)
    hidden = F.relu(F.conv2d(mixed, block.expand.weight) / (1 + 1e-5) ** 0.5)
    torch.testing.assert_close(block(x), x + F.conv2d(hidden, block.project.weight))


@pytest.mark.parametrize("implementation", ["slice", "inplace"])
@pytest.mark.parametrize("selection", ["first", "last", "even", "random"])
def test_implementations_compute_the_same(implementation: Any, selection: Any) -> None:
    arguments: dict[str, Any] = {**vars(SMALL), "selection": selection}
    plain = FasterNet(FasterNetConfig(**arguments)).eval()
    other = FasterNet(FasterNetConfig(**{**arguments, "implementation": implementation})).eval()
    other.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        before = x.clone()
        torch.testing.assert_close(other(x), plain(x))
        assert torch.equal(x, before)


def test_features_are_the_four_stages_and_carry_no_head() -> None:
    features = FasterNet(FasterNetConfig(**{**vars(SMALL), "features_only": True})).eval()
    shapes = [tuple(output.shape) for output in features(torch.randn(1, 3, 64, 64))]
    assert shapes == [(1, 8, 16, 16), (1, 16, 8, 8), (1, 32, 4, 4), (1, 64, 2, 2)]
    assert not any("head" in key for key in features.state_dict())


def test_arguments_reach_the_layers() -> None:
    network = fasternet_t0(ratio=Fraction(1, 8), dilation=2, kernel=5, activation="relu", norm="ln", classes=7)
    block = network.blocks()[1]
    conv = block.mixing.partial_conv
    assert conv.weight.shape == (10, 10, 5, 5)
    assert conv.dilation == (2, 2)
    assert isinstance(block.activation, nn.ReLU)
    assert isinstance(block.norm, nn.LayerNorm)
    assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 7)


def test_layer_norm_normalises_over_channels() -> None:
    network = FasterNet(FasterNetConfig(**{**vars(SMALL), "norm": "ln"}))
    y = network.embedding(torch.randn(2, 3, 16, 16))
    torch.testing.assert_close(y.mean(1), torch.zeros(2, 4, 4), atol=1e-5, rtol=0)


def test_drop_path_grows_linearly_and_acts_in_training_only() -> None:
    network = fasternet("fasternet_l")
    rates = [block.drop_path.rate for block in network.blocks()]
    assert rates == pytest.approx([0.3 * i / 27 for i in range(28)])
    drop = network.blocks()[-1].drop_path
    x = torch.ones(4000, 1, 1, 1)
    assert drop.eval()(x) is x
    torch.manual_seed(0)
    kept = drop.train()(x)
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert kept.mean().item() == pytest.approx(1, abs=0.05)


def test_all_weights_get_a_gradient() -> None:
    network = FasterNet(SMALL).train()
    network(torch.randn(2, 3, 64, 64)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    network = FasterNet(SMALL).eval()
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        reference = network(x)
        y = network.to(dtype)(x.to(dtype, memory_format=torch.channels_last))
    assert y.dtype == dtype
    assert (y.float() - reference).abs().max() <= 5e-2 * reference.abs().max()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": "tanh"}, "expected activation to be one of relu, gelu, got 'tanh'"),
        ({"norm": "group"}, "expected norm to be one of"),
        ({"drop_path": 1.0}, "drop path rate"),
        ({"depths": (1, 0)}, "a block or more"),
        ({"classes": 0}, "expected classes of at least 1"),
        ({"ration": 1}, "got ration"),
    ],
)
def test_nonsense_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fasternet("fasternet_t0", **change)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected one of fasternet_t0, .* got 'fasternet_xl'"):
        fasternet("fasternet_xl")
    assert list(FASTERNETS) == list(TABLE_8)
