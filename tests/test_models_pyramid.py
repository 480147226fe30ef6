"""Backbones with their feature pyramid: what they compute, and that Table 4 is recounted from them."""

import csv
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import reports
from models.build import bare
from models.counting import count
from models.fasternet import FasterNet
from models.fasternet_config import FasterNetConfig
from models.inference_form import deploy
from models.pvt import PVT
from models.pyramid import WIDTH, Backbone, FeaturePyramid, pyramid
from models.registry import NetworkEntry, resolve
from reports.ledger.mask_rcnn import (
    box_head_macs,
    head_params,
    mask_convs_macs,
    mask_upsampling_macs,
    rpn_macs,
)

SMALL = FasterNetConfig(channels=8, depths=(1, 1, 1, 1), activation="relu", features_only=True)
CHANNELS = (8, 16, 32, 64)


def small(norms: bool = False) -> FeaturePyramid:
    torch.manual_seed(0)
    own = [nn.BatchNorm2d(count) for count in CHANNELS] if norms else []
    return FeaturePyramid(Backbone(network=FasterNet(SMALL), channels=CHANNELS, norms=own)).eval()


@torch.no_grad()
def test_a_pyramid_by_hand() -> None:
    network = small(norms=True)
    image = torch.randn(2, 3, 64, 96)
    maps = [norm(each) for norm, each in zip(network.norms, network.backbone(image), strict=True)]
    fourth = network.laterals[3](maps[3])
    third = network.laterals[2](maps[2]) + fourth.repeat_interleave(2, 2).repeat_interleave(2, 3)
    found = network(image)
    assert [tuple(each.shape) for each in found] == [
        (2, WIDTH, 16, 24),
        (2, WIDTH, 8, 12),
        (2, WIDTH, 4, 6),
        (2, WIDTH, 2, 3),
        (2, WIDTH, 1, 2),
    ]
    torch.testing.assert_close(found[3], network.outputs[3](fourth))
    torch.testing.assert_close(found[2], network.outputs[2](third))
    torch.testing.assert_close(found[4], found[3][:, :, ::2, ::2])


def test_its_macs_are_those_of_the_formula() -> None:
    whole, alone = count(small(), (3, 64, 96)), count(FasterNet(SMALL).eval(), (3, 64, 96))
    pixels = [16 * 24, 8 * 12, 4 * 6, 2 * 3]
    laterals = sum(area * channels * WIDTH for area, channels in zip(pixels, CHANNELS, strict=True))
    assert whole.of_kind("convolution") - alone.of_kind("convolution") == laterals + sum(pixels) * 9 * WIDTH**2


def test_the_norms_of_outputs_stay_and_the_deployed_form_says_so() -> None:
    image = torch.randn(1, 3, 64, 64)
    network = small(norms=True)
    with torch.no_grad():
        expected = network(image)
    deployed = deploy(network, image)
    assert len(deployed.notes) == 1
    assert deployed.notes[0].startswith("batch norms not folded: 4 because its input is not the output")
    with torch.no_grad():
        found = deployed.network(image)
    assert all(torch.allclose(mine, theirs, atol=1e-4) for mine, theirs in zip(found, expected, strict=True))


@torch.no_grad()
def test_pvt_without_its_head_is_the_same_network_up_to_its_last_stage() -> None:
    torch.manual_seed(0)
    whole, maps = PVT((1, 1, 1, 1), classes=5).eval(), PVT((1, 1, 1, 1), features_only=True).eval()
    maps.load_state_dict({k: v for k, v in whole.state_dict().items() if k in maps.state_dict()} | _positions(whole))
    seen: list[Tensor] = []
    whole.stages[3].register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    image = torch.randn(1, 3, 64, 96)
    whole(image)
    found = maps(image)
    torch.testing.assert_close(found[2], seen[0])
    assert [tuple(each.shape[1:]) for each in found] == [(64, 16, 24), (128, 8, 12), (320, 4, 6), (512, 2, 3)]


def _positions(whole: PVT) -> dict[str, Tensor]:
    """Of the last stage without that of the class token."""
    return {"stages.3.position": whole.state_dict()["stages.3.position"][:, 1:]}


def test_a_backbone_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a backbone of fasternet_t0, .* got 'swin_b'; choose one"):
        pyramid("swin_b")


def test_heads_by_hand() -> None:
    # 25 x 40 positions of stride 32, and so on down to 200 x 320 and up to 13 x 20 of stride 64.
    assert rpn_macs(800, 1280) == (64000 + 16000 + 4000 + 1000 + 260) * (9 * 256 * 256 + 256 * 15)
    assert box_head_macs() == 1000 * (12544 * 1024 + 1024 * 1024 + 1024 * 81 + 1024 * 320)
    assert mask_convs_macs() == 100 * 4 * 196 * 9 * 256 * 256
    assert mask_upsampling_macs() == 100 * (196 * 4 * 256 * 256 + 784 * 256 * 80)


def test_head_params_are_those_of_the_layers() -> None:
    layers = [nn.Conv2d(256, 256, 3), nn.Conv2d(256, 3, 1), nn.Conv2d(256, 12, 1)]
    layers += [nn.Conv2d(256, 256, 3) for _ in range(4)]
    layers += [nn.ConvTranspose2d(256, 256, 2, 2), nn.Conv2d(256, 80, 1)]  # type: ignore[list-item]
    linears = [nn.Linear(12544, 1024), nn.Linear(1024, 1024), nn.Linear(1024, 81), nn.Linear(1024, 320)]
    assert head_params() == sum(value.numel() for layer in (*layers, *linears) for value in layer.parameters())


# mmdetection's counter adds one for each element of a ReLU, of a pooling's input and of a bias, which ours do not.
_OTHERWISE = {"poolformer_s36_fpn": "265", "resnext101_64x4d_fpn": "486"}


@pytest.mark.slow
@pytest.mark.parametrize("entry", resolve(["coco"]), ids=lambda entry: entry.name)
def test_recounts_table_4(entry: NetworkEntry) -> None:
    """Heads by formula; the printed counts hold no products of attention and nothing behind the mask head's four
    convolutions, the printed parameters none of a ResNet's frozen stem and first stage."""
    with (Path(reports.__file__).parent / "paper" / "table4_coco.csv").open(newline="") as lines:
        printed = {row["name"]: row for row in csv.DictReader(lines)}[entry.name]
    network = bare(entry)
    cost = count(network, (3, 800, 1280))
    assert cost.macs is not None
    assert cost.unseen == ()
    macs = cost.macs - cost.of_kind("attention") + rpn_macs(800, 1280) + box_head_macs() + mask_convs_macs()
    assert f"{macs / 1e9:.0f}" == _OTHERWISE.get(entry.name, printed["macs_g"])
    assert f"{(cost.params + head_params() - frozen(network)) / 1e6:.1f}" == printed["params_m"]


def frozen(network: nn.Module) -> int:
    """Parameters of a ResNet's stem and first stage."""
    parts = (
        value.numel() for name, value in network.named_parameters() if re.match(r"backbone\.(conv1|bn1|layer1)\.", name)
    )
    return sum(parts)
