"""Packed and frozen weights are parameters as well; products in a graph that nothing can see are named."""

import pytest
import torch
from torch import Tensor, nn

from models.count_hidden import parameter_count, undispatched
from models.counting import count_on

pytestmark = [
    pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*quantized tensor creation:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated:DeprecationWarning"),
]
X = torch.randn(2, 3, 8, 8)
# 3x3x3x4 + 4; 4x36 -> 5 of 6x6 positions: 4*36*5 + 5
PARAMS, MACS = 112 + 725, 36 * 108 + 720


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(24, 8)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lstm(x.flatten(1, 2).transpose(1, 2))[0]
        return y


def test_a_dynamically_quantised_network_counts_what_it_was_made_of() -> None:
    plain = network()
    quantised = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear}, dtype=torch.qint8)  # type: ignore[no-untyped-call]
    ours, theirs = count_on(quantised, X), count_on(plain, X)
    assert (ours.params, ours.macs) == (theirs.params, theirs.macs) == (PARAMS, MACS)
    assert theirs.bytes_moved - ours.bytes_moved == 3 * 720  # a byte for each weight instead of four
    lstm = Recurrent()
    packed = torch.ao.quantization.quantize_dynamic(lstm, {nn.LSTM}, dtype=torch.qint8)  # type: ignore[no-untyped-call]
    assert parameter_count(packed) == parameter_count(lstm) == 4 * 8 * (24 + 8 + 2)


def test_a_scripted_network_counts_like_its_module_frozen_or_not() -> None:
    scripted = torch.jit.script(network())
    traced = torch.jit.trace(network(), X)  # type: ignore[no-untyped-call]
    for each in (scripted, torch.jit.freeze(scripted), nn.Sequential(traced)):
        cost = count_on(each, X)
        assert (cost.params, cost.macs, cost.unseen) == (PARAMS, MACS, ())


def test_products_that_pass_by_the_dispatcher_leave_no_part_in_the_column_of_the_whole() -> None:
    optimised = torch.jit.optimize_for_inference(torch.jit.script(network()))
    if not undispatched(optimised):
        pytest.skip("this torch has no oneDNN to put into the graph")
    cost = count_on(optimised, X)
    assert cost.macs is None
    assert any("mkldnn_convolution" in op.name for op in cost.unseen)
    assert cost.params == PARAMS
