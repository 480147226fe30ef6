"""The detection backbones of the paper's Table 4, each with the feature pyramid of Mask R-CNN."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch.nn.functional as F
from torch import Tensor, nn

from models.fasternet import FasterNet
from models.fasternet_config import FASTERNETS
from models.pvt import CHANNELS, DEPTHS, PVT
from models.torchvision_import import import_timm

WIDTH = 256  # channels of every map of the pyramid
# timm's features that are the maps of strides 4 to 32; the first of a ResNet has stride 2.
_TIMM = {
    **dict.fromkeys(("resnet50", "resnet101", "resnext101_32x4d", "resnext101_64x4d"), (1, 2, 3, 4)),
    **dict.fromkeys(("poolformer_s24", "poolformer_s36"), (0, 1, 2, 3)),
}


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A network that returns maps of strides 4, 8, 16 and 32, their channels, and a norm for each where it has them."""

    network: nn.Module
    channels: Sequence[int]
    norms: Sequence[nn.Module] = field(default_factory=tuple)


class FeaturePyramid(nn.Module):
    """A backbone with its pyramid: (N, 3, H, W) to five maps of 256 channels, strides 4, 8, 16, 32, 64.

    arXiv 1612.03144 as mmdetection builds it for Mask R-CNN: a 1x1 convolution of each map ("lateral"), the coarser
    map added after nearest-neighbour upsampling, a 3x3 convolution of each sum, and a fifth map that takes every other
    pixel of the fourth. Convolutions have biases; there is no norm or activation. H and W divisible by 32.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone.network
        self.norms = nn.ModuleList(backbone.norms or [nn.Identity() for _ in backbone.channels])
        self.laterals = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in backbone.channels)
        self.outputs = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in backbone.channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = self.backbone(image)  # (n, 3, h, w) -> four of (n, c, h/s, w/s)
        layers = zip(self.laterals, self.norms, maps, strict=True)
        merged = [lateral(norm(each)) for lateral, norm, each in layers]  # -> (n, 256, h/s, w/s)
        for finer, coarser in ((2, 3), (1, 2), (0, 1)):
            size = merged[finer].shape[2:]
            merged[finer] = merged[finer] + F.interpolate(merged[coarser], size=size, mode="nearest")
        found = [output(each) for output, each in zip(self.outputs, merged, strict=True)]
        return [*found, F.max_pool2d(found[-1], 1, stride=2)]  # the last: (n, 256, h/64, w/64)


def pyramid(backbone: str) -> FeaturePyramid:
    """The pyramid of a backbone of Table 4, by the backbone's name in the zoo."""
    if backbone in FASTERNETS:
        return FeaturePyramid(_fasternet(backbone))
    if backbone in DEPTHS:
        return FeaturePyramid(Backbone(network=PVT(DEPTHS[backbone], features_only=True), channels=CHANNELS))
    if backbone in _TIMM:
        return FeaturePyramid(_of_timm(backbone))
    known = ", ".join([*FASTERNETS, *DEPTHS, *_TIMM])
    raise ValueError(f"expected a backbone of {known}, got {backbone!r}; choose one")


def _fasternet(name: str) -> Backbone:
    """With a batch norm after each map, as in the authors' detection code; it follows a sum, so it is not folded."""
    config = replace(FASTERNETS[name], features_only=True)
    channels = [config.channels * 2**stage for stage in range(len(config.depths))]
    norms = [nn.BatchNorm2d(count) for count in channels]
    return Backbone(network=FasterNet(config), channels=channels, norms=norms)


def _of_timm(name: str) -> Backbone:
    """PoolFormer with a group norm after each map, as in its authors' detection code; ResNets without."""
    network = import_timm().create_model(name, pretrained=False, features_only=True, out_indices=_TIMM[name])
    channels = network.feature_info.channels()
    grouped = [nn.GroupNorm(1, count) for count in channels] if name.startswith("poolformer") else []
    return Backbone(network=network, channels=channels, norms=grouped)
