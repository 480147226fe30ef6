"""Load FasterNet checkpoints: the authors' released files, timm's `fasternet_*` and our own."""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from models.checkpoint import load_strictly, read_weights, tensors
from models.fasternet import FasterNet

# Their names (left) and ours. The authors and timm differ in the merging layers and in the head only.
_RENAMES = tuple(
    (re.compile(theirs), ours)
    for theirs, ours in (
        (r"patch_embed\.proj\.", "embedding.conv."),
        (r"patch_embed\.norm\.", "embedding.norm."),
        (r"(stages\.\d+\.blocks\.\d+)\.spatial_mixing\.partial_conv3\.", r"\1.mixing.partial_conv."),
        (r"(stages\.\d+\.blocks\.\d+)\.mlp\.0\.", r"\1.expand."),
        (r"(stages\.\d+\.blocks\.\d+)\.mlp\.1\.", r"\1.norm."),
        (r"(stages\.\d+\.blocks\.\d+)\.mlp\.3\.", r"\1.project."),
        (r"(stages\.\d+)\.(?:downsample\.)?reduction\.", r"\1.merging.conv."),
        (r"(stages\.\d+)\.(?:downsample\.)?norm\.", r"\1.merging.norm."),
        (r"(?:avgpool_pre_head\.1|conv_head)\.", "head.conv."),
        (r"(?:head|classifier)\.(?=weight$|bias$)", "head.classifier."),
    )
)


def load_checkpoint(network: FasterNet, path: Path | str) -> None:
    """Read a checkpoint file of weights only and load it strictly."""
    load_weights(network, read_weights(path))


def load_weights(network: FasterNet, weights: Mapping[str, Tensor]) -> None:
    """Load a state dict under the authors', timm's or our key names; every key must be there and fit.

    A network with `features_only` has no head and leaves the checkpoint's out.
    """
    renamed = rename(weights)
    if network.head is None:
        renamed = {key: value for key, value in renamed.items() if not key.startswith("head.")}
    load_strictly(network, renamed)


def rename(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under our key names, whichever of the three schemes they came in."""
    inner = tensors(weights)
    # The authors number stages and the merging layers between them in one row: 0, (1), 2, (3), 4, (5), 6.
    interleaved = any(re.match(r"stages\.\d+\.reduction\.", key) for key in inner)
    renamed = {}
    for key, value in inner.items():
        new = _merged_number(key) if interleaved else key
        for theirs, ours in _RENAMES:
            new, changed = theirs.subn(ours, new) if theirs.match(new) else (new, 0)
            if changed:
                break
        renamed[new] = value
    return renamed


def _merged_number(key: str) -> str:
    """Turn the authors' stage number into that of the stage which the layer is a part of, or leads to."""
    return re.sub(r"^stages\.(\d+)\.", lambda found: f"stages.{(int(found[1]) + 1) // 2}.", key)
