"""What a picture of feature maps needs, in bytes that fit into one line."""

import base64

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from bench.records.study import Drawn, Pixels
from bench.worker.studies.correlation import Similarity

MOST_MAPS = 64  # a grid of eight by eight
LARGEST_MAP, LARGEST_IMAGE = 56, 112  # pixels wide and high


def drawn(image: Tensor, maps: Tensor, similarity: Similarity) -> Drawn:
    """Of one image (1, C, H, W) the maps (1, c, h, w) of the first channels that vary."""
    chosen = similarity.varying[:MOST_MAPS]
    shown = maps[0, chosen] if len(chosen) else maps[0, :1]
    count = max(1, len(chosen))
    matrix = similarity.matrix[:count, :count] if len(chosen) else torch.zeros(1, 1)
    return Drawn(
        image=_pixels(_stretched(_at_most(image[0], LARGEST_IMAGE), together=True)),
        maps=_pixels(_stretched(_at_most(shown, LARGEST_MAP), together=False)),
        similarity=_pixels(matrix[None]),
        nearest=tuple(round(each, 4) for each in similarity.nearest.tolist()),
    )


def _at_most(maps: Tensor, px: int) -> Tensor:
    height, width = maps.shape[-2:]
    return adaptive_avg_pool2d(maps.float(), (min(px, height), min(px, width)))


def _stretched(maps: Tensor, *, together: bool) -> Tensor:
    """Each map from 0 to 1, or all of them as one."""
    dims = (0, 1, 2) if together else (1, 2)
    low, high = maps.amin(dim=dims, keepdim=True), maps.amax(dim=dims, keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-30)


def _pixels(maps: Tensor) -> Pixels:
    """Values from 0 to 1, (n, h, w), as bytes."""
    count, height, width = maps.shape
    levels = (255 * maps.double()).round().to(torch.uint8)
    data = base64.b64encode(levels.contiguous().numpy().tobytes()).decode()
    return Pixels(maps=count, height=height, width=width, data=data)
