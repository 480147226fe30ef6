"""Counting, deploying and exporting work on copies: networks of several of timm's families stay the same bytes."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.clone import clone
from models.counting import count_on
from models.export import export
from models.fuse import fuse
from models.inference_form import deploy
from models.torchvision_import import import_timm
from tests.script_by_name import script

STATE: Callable[[nn.Module], list[object]] = script("zoo_counts").state
PX = 64  # what is looked for does not depend on it, what it takes does
BUILT_FOR_A_SIZE = ("levit_conv_128s", "swinv2_cr_tiny_224")


# Convolutions, an early position grid, re-parameterised branches, windows with buffers, relative positions, no norms.
@pytest.mark.parametrize(
    "name", ["mobilenetv3_small_050", "levit_conv_128s", "mobileone_s0", "swinv2_cr_tiny_224", "repghostnet_050"]
)
@pytest.mark.parametrize("training", [False, True])
def test_what_is_done_to_a_network_is_done_to_a_copy(name: str, *, training: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    size = {"img_size": PX} if name in BUILT_FOR_A_SIZE else {}
    network: nn.Module = import_timm().create_model(name, **size).train(training)
    images = torch.randn(1, 3, PX, PX)
    before = STATE(network)
    count_on(network, images)
    count_on(network, images, shapes_only=True)
    fuse(network, images)
    deploy(clone(network), images)
    if name == "levit_conv_128s":  # the others take the exporter as long and teach no more
        export(network, images, tmp_path / "net.onnx")
    assert STATE(network) == before


def test_the_state_would_tell() -> None:
    """Each of these is what some tool leaves behind."""
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))

    def draw(network: nn.Module) -> None:
        torch.rand(())

    def other_bytes(network: nn.Module) -> None:
        with torch.no_grad():
            next(network.parameters()).add_(1)

    def attribute(network: nn.Module) -> None:
        network.total_ops = Tensor()

    def hook(network: nn.Module) -> None:
        network.register_forward_hook(lambda *_: None)

    def frozen(network: nn.Module) -> None:
        network.requires_grad_(False)

    for change in (draw, other_bytes, attribute, hook, frozen, nn.Module.eval, nn.Module.half):
        subject = copy.deepcopy(network)
        before = STATE(subject)
        change(subject)
        assert STATE(subject) != before, change
