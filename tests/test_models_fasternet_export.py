"""What is exported is FasterNet, in a graph with nothing left to clean up."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from models.fasternet import FasterNet
from models.fasternet_config import FasterNetConfig
from models.fasternet_export import ExportedFasterNet, TwoStreams, export_form
from models.fasternet_fast import fused

# Stages of 16, 32, 64 and 128 channels: PConv touches 4, 8, 16 and 32, so the last two fill blocks of 16.
SMALL = FasterNetConfig(channels=16, depths=(1, 1, 2, 1), activation="gelu", head_width=16, classes=5)


def network(**changes: Any) -> FasterNet:
    torch.manual_seed(0)
    result = FasterNet(FasterNetConfig(**{**vars(SMALL), **changes})).eval()
    for module in result.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_var is not None
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.bias)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return result


@pytest.mark.parametrize("changes", [{}, {"selection": "last"}, {"activation": "relu"}], ids=str)
def test_output_params_and_network_stay_the_same(changes: dict[str, Any]) -> None:
    plain = network(**changes)
    form = export_form(plain)
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        reference = plain(x)
        assert (form(x) - reference).abs().max() <= 1e-5 * reference.abs().max()
    params = [sum(parameter.numel() for parameter in net.parameters()) for net in (form, fused(plain))]
    assert params[0] == params[1]


def test_features_are_those_of_the_plain_network() -> None:
    plain = network(features_only=True)
    x = torch.randn(1, 3, 64, 64)
    for y, reference in zip(export_form(plain)(x), plain(x), strict=True):
        torch.testing.assert_close(y, reference, rtol=1e-4, atol=1e-4)


def test_only_stages_whose_parts_fill_blocks_run_in_two_streams() -> None:
    def streams(form: nn.Module) -> list[bool]:
        assert isinstance(form, ExportedFasterNet)
        return [isinstance(stage, TwoStreams) for stage in form.stages]

    assert streams(export_form(network())) == [False, False, True, True]
    assert streams(export_form(network(selection="last"))) == [False] * 4


# torch's exporter uses a class that torch itself calls deprecated.
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
def test_graph_is_clean_and_onnxruntime_agrees(tmp_path: Path) -> None:
    plain = network()
    x = torch.randn(1, 3, 64, 64)
    path = tmp_path / "network.onnx"
    torch.onnx.export(export_form(plain), (x,), path, dynamo=True, external_data=False, verbose=False)
    kinds = Counter(node.op_type for node in onnx.load(path).graph.node)
    # By hand: two plain stages of one block (3 + 1 convolutions), two in streams (4 a block + 2), the head's one.
    # One GELU is one node; a Split stands only in plain stages; a stage in streams joins its two at the end.
    assert kinds == {
        "Conv": 2 * (3 + 1) + (2 * 4 + 2) + (4 + 2) + 1,
        "Split": 2,
        "Concat": 2 + (2 + 1) + (1 + 1),
        "Gelu": 5 + 1,
        "Add": 2 + 2 * 3,
        "ReduceMean": 1,
        "Reshape": 1,
        "Gemm": 1,
    }
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.inference_mode():
        np.testing.assert_allclose(y, plain(x).numpy(), rtol=1e-4, atol=1e-4)
