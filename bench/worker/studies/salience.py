"""Where in their kernels the filters of a network are strongest (section 3.3 of the paper)."""

import torch
from torch import Tensor

from bench.records.study import Salience, Study, StudyRecord
from bench.worker.studies.network import Say, network_of
from models.feature_maps import is_regular


def salience(study: Study, say: Say) -> None:
    """Look at every regular convolution of the network that sees more than one pixel."""
    studied = network_of(study)
    layers = [(name, each) for name, each in studied.network.named_modules() if is_regular(each)]
    if not layers:
        raise ValueError(
            f"expected a network with regular convolutions larger than 1x1, got none in {study.model}; "
            "choose another, such as resnet50"
        )
    found = [salience_of(name, module.weight.detach()) for name, module in layers]
    say(studied.beginning(parts=len(found)))
    for each in found:
        say(StudyRecord(salience=each))


def salience_of(layer: str, weight: Tensor) -> Salience:
    """Of filters (c_out, c_in, k, k): the norm over c_in at each position of each filter, and where it is largest."""
    if not torch.isfinite(weight).all():
        raise ValueError(f"expected finite weights, got NaN or infinity in {layer}; look at the checkpoint")
    height, width = weight.shape[-2:]
    energy = weight.double().square().sum(dim=1).flatten(1)  # (c_out, c_in, k, k) -> (c_out, k k)
    total = energy.sum(dim=1, keepdim=True)
    alive = energy[total[:, 0] > 0]
    shares = (alive / alive.sum(dim=1, keepdim=True)).mean(dim=0) if len(alive) else torch.zeros(height * width)
    counts = torch.bincount(alive.argmax(dim=1), minlength=height * width)
    return Salience(
        layer=layer,
        height=height,
        width=width,
        counts=tuple(counts.tolist()),
        shares=tuple(shares.tolist()),
        zero=len(energy) - len(alive),
    )
