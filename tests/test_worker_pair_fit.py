"""Pairs are trained to what they can do: a target that lies in their class is met, one beyond it is not."""

import pytest
import torch
from torch import Tensor, nn

from bench.worker.studies.pair_fit import counted_macs, fit, split, split_sizes
from operators.build import build
from operators.cost import operator_cost
from operators.spec import OperatorSpec

SHAPE = (16, 8, 8)
PAIRS = ("dwconv+pwconv", "gconv+pwconv", "pconv+pwconv")


def spec(operator: str, seed: int = 0) -> OperatorSpec:
    channels, height, width = SHAPE
    return OperatorSpec(op=operator, channels=channels, height=height, width=width, stack=1, seed=seed)


def maps(count: int = 40) -> Tensor:
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(3))


def through(module: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        made: Tensor = module(x)
    return made


@pytest.mark.parametrize("operator", PAIRS)
def test_a_target_that_such_a_pair_makes_is_met(operator: str) -> None:
    x = maps()
    y = 50 * through(build(spec(operator, seed=9)), 0.01 * x)
    found = fit(build(spec(operator)), 0.01 * x, y, split(len(x), 0), epochs=300, seed=0)
    assert found.mse < 1e-3 * found.variance
    assert found.validation_mse < 1e-3 * found.variance


def test_a_window_of_a_large_map_is_learnt_from_without_the_rim_that_its_padding_spoils() -> None:
    x = torch.randn(12, 16, 40, 24, generator=torch.Generator().manual_seed(3))
    y = through(build(spec("dwconv+pwconv", seed=9)), x)
    found = fit(build(spec("dwconv+pwconv")), x, y, split(len(x), 0), epochs=400, seed=0)
    assert found.mse < 1e-3 * found.variance


def test_a_regular_convolution_lies_beyond_every_pair_and_is_met_by_a_convolution() -> None:
    x = maps()
    y = through(build(spec("conv", seed=9)), x)
    left = {each: fit(build(spec(each)), x, y, split(len(x), 0), epochs=60, seed=0) for each in (*PAIRS, "conv")}
    for operator in PAIRS:
        # Random filters have 9 parts of their energy; a pair's pointwise part reaches more than the centre alone.
        assert 0.3 < left[operator].mse / left[operator].variance < 1
    assert left["conv"].mse < 1e-3 * left["conv"].variance


def test_the_error_is_in_the_targets_own_units_and_its_variance_around_the_channels_means() -> None:
    x = maps()
    y = torch.zeros_like(x) + torch.arange(SHAPE[0])[:, None, None] + 0.5 * maps()
    found = fit(build(spec("dwconv+pwconv")), torch.zeros_like(x), y, split(len(x), 0), epochs=1, seed=0)
    test = y[split(len(x), 0).test]
    assert found.mse == pytest.approx(test.square().mean().item(), rel=1e-5)  # of zeros nothing comes but zeros
    assert found.variance == pytest.approx(0.25, rel=0.1)


def test_maps_that_are_zero_throughout_are_fitted_without_a_division_by_zero() -> None:
    zero = torch.zeros(10, *SHAPE)
    found = fit(build(spec("pconv+pwconv")), zero, zero, split(10, 0), epochs=20, seed=0)
    assert (found.mse, found.variance) == (0, 0)


def test_the_split_is_by_image_whole_and_seeded() -> None:
    assert split_sizes(40) == (28, 4, 8)
    assert split_sizes(10) == (7, 1, 2)
    parts, again, other = split(40, 1), split(40, 1), split(40, 2)
    assert sorted([*parts.train.tolist(), *parts.validation.tolist(), *parts.test.tolist()]) == list(range(40))
    assert torch.equal(parts.test, again.test)
    assert not torch.equal(parts.test, other.test)
    with pytest.raises(ValueError, match="expected 10 images or more to split 70/10/20, got 9"):
        split_sizes(9)


@pytest.mark.parametrize("operator", [*PAIRS, "conv"])
def test_torchs_counter_agrees_with_the_closed_formula(operator: str) -> None:
    assert counted_macs(build(spec(operator)), SHAPE) == operator_cost(spec(operator), batch=1).macs
