"""Checkpoints of the authors and of timm load strictly and give timm's output."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.fasternet import FasterNet, fasternet
from models.fasternet_config import FASTERNETS, FasterNetConfig
from models.fasternet_weights import load_checkpoint, load_weights
from models.torchvision_import import import_timm

SMALL = FasterNetConfig(channels=8, depths=(1, 1, 2, 1), activation="relu", head_width=16, classes=5)


def timm_network(name: str) -> nn.Module:
    """timm's network with random weights and random batch-norm statistics."""
    torch.manual_seed(0)
    network: nn.Module = import_timm().create_model(name, pretrained=False).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 2)
                module.bias.normal_(0, 0.1)
    return network


def authors_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's names turned into those of the authors' repository (their models/fasternet.py)."""
    renamed = {}
    for key, value in weights.items():
        stage = re.match(r"stages\.(\d)\.(downsample\.)?", key)
        if stage:
            number = 2 * int(stage[1]) - bool(stage[2])
            key = f"stages.{number}.{key[stage.end() :]}"
        key = key.replace("conv_head.", "avgpool_pre_head.1.").replace("classifier.", "head.")
        renamed[key] = value
    return renamed


@pytest.mark.parametrize("name", ["fasternet_t0", "fasternet_t2", "fasternet_s"])
def test_output_equals_timm(name: str) -> None:
    theirs = timm_network(name)
    ours = fasternet(name).eval()
    load_weights(ours, theirs.state_dict())
    x = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        reference = theirs(x)
        assert (ours(x) - reference).abs().max() <= 1e-5 * max(1, reference.abs().max())


def test_authors_file_gives_the_same_network(tmp_path: Path) -> None:
    theirs = timm_network("fasternet_t0")
    released = authors_names(theirs.state_dict())
    # Key names as printed in the paper's repository; the merging layers are stages 1, 3, 5.
    assert {"stages.1.reduction.weight", "stages.6.blocks.1.mlp.3.weight", "head.bias"} <= released.keys()
    assert {"avgpool_pre_head.1.weight", "stages.2.blocks.0.spatial_mixing.partial_conv3.weight"} <= released.keys()
    torch.save(released, tmp_path / "released.pth")
    ours, other = fasternet("fasternet_t0"), fasternet("fasternet_t0")
    load_checkpoint(ours, tmp_path / "released.pth")
    load_weights(other, theirs.state_dict())
    for key, value in ours.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key


def test_every_network_has_the_keys_of_timm() -> None:
    timm = import_timm()
    with torch.device("meta"):
        for name in FASTERNETS:
            load_weights(fasternet(name), timm.create_model(name, pretrained=False).state_dict())


def test_own_weights_round_trip_and_features_need_no_head(tmp_path: Path) -> None:
    source = FasterNet(SMALL)
    torch.save({"state_dict": source.state_dict()}, tmp_path / "own.pth")
    load_checkpoint(FasterNet(SMALL), tmp_path / "own.pth")
    features = FasterNet(FasterNetConfig(**{**vars(SMALL), "features_only": True}))
    load_weights(features, source.state_dict())
    assert torch.equal(features.embedding.conv.weight, source.embedding.conv.weight)


def test_missing_unexpected_and_misfit_keys_are_named() -> None:
    weights = FasterNet(SMALL).state_dict()
    without = {key: value for key, value in weights.items() if key != "embedding.conv.weight"}
    with pytest.raises(ValueError, match=r"lacks embedding\.conv\.weight;") as error:
        load_weights(FasterNet(SMALL), without)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="has the unknown extra;"):
        load_weights(FasterNet(SMALL), {**weights, "extra": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"head\.classifier\.bias of shape \(5,\), got \(1,\)"):
        load_weights(FasterNet(SMALL), {**weights, "head.classifier.bias": torch.zeros(1)})


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    torch.save(FasterNet(SMALL), tmp_path / "pickled.pth")
    with pytest.raises(ValueError, match="weights_only=True"):
        load_checkpoint(FasterNet(SMALL), tmp_path / "pickled.pth")
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with pytest.raises(ValueError, match="expected a checkpoint of weights"):
        load_checkpoint(FasterNet(SMALL), tmp_path / "text.pth")
