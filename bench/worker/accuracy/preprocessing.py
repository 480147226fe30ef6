"""How images are prepared for a network: as its own configuration says, changed where the user does."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.plan.subjects import network_entry
from bench.records.accuracy import Evaluation, Preprocessing
from bench.records.workload import Workload
from bench.worker.kept_inputs import image_among, kept
from bench.worker.onnx_file import Graph, self_contained
from models.registry import NetworkEntry

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours
GREY_MEAN, GREY_DEVIATION = (0.449,), (0.226,)  # of the same in grey
CROP = 0.875  # of the shorter side: 224 of 256
FASTERNET_CROP = 0.9  # test_crop_ratio of its authors' configurations, the same from T0 to L


def preprocessing_of(workload: Workload, asked: Evaluation) -> Preprocessing:
    """Of the images of that input; ValueError in one line where the network's own cannot be done."""
    channels, *size = workload.input_shape
    crop = (size[0], size[1])
    own = _own(network_entry(workload), workload, crop)
    mean, deviation = (
        each * channels if len(each) == 1 else each
        for each in (asked.mean or own.mean, asked.deviation or own.deviation)
    )
    if len(mean) != channels or len(deviation) != channels:
        raise ValueError(
            f"expected a mean and a deviation for {channels} channels, got {len(mean)} and {len(deviation)};"
            " give --mean and --std"
        )
    changed = bool(asked.mean or asked.deviation or asked.crop or asked.interpolation)
    return replace(
        own,
        resize=_resize(crop, asked.crop) if asked.crop else own.resize,
        interpolation=asked.interpolation or own.interpolation,
        mean=mean,
        deviation=deviation,
        source=f"{own.source}, changed by options" if changed else own.source,
    )


def _own(entry: NetworkEntry, workload: Workload, crop: tuple[int, int]) -> Preprocessing:
    checkpoint = workload.model.checkpoint.path if workload.model else ""
    if entry.library == "timm":
        from models.torchvision_import import import_timm

        config = import_timm().get_pretrained_cfg(_of_these_weights(entry.library_name, checkpoint))
        if config is not None:
            return _of_timm(config.to_dict(), crop)
    if entry.library == "torchvision":
        return _of_torchvision(entry.library_name, crop, checkpoint)
    if entry.library_name.startswith("models.fasternet:"):
        return _usual(3, crop, FASTERNET_CROP, "the authors' configuration of FasterNet")
    if _takes_bytes(entry, workload):
        channels = workload.input_shape[0]
        usual = _usual(channels, crop, CROP, "ImageNet's usual crop, and bytes as the network takes them")
        return replace(usual, mean=(0.0,) * channels, deviation=(1 / 255,) * channels)
    return _usual(workload.input_shape[0], crop, CROP, "ImageNet's usual, for want of the network's own")


def _takes_bytes(entry: NetworkEntry, workload: Workload) -> bool:
    if entry.library == "onnx":
        path = Path(entry.library_name)
        return "int" in Graph.read(path, self_contained(path)).image.dtype
    if not workload.given:
        return False
    arrays = kept(workload.given)
    return arrays[image_among(arrays, workload.name)].dtype.kind in "iu"


def _usual(channels: int, crop: tuple[int, int], part: float, source: str) -> Preprocessing:
    return Preprocessing(
        resize=_resize(crop, part),
        crop=crop,
        interpolation="bicubic",
        mean=MEAN if channels == 3 else GREY_MEAN,
        deviation=DEVIATION if channels == 3 else GREY_DEVIATION,
        source=source,
    )


def _resize(crop: tuple[int, int], part: float) -> tuple[int, int]:
    """So that the longer side of what is cut out is that part; timm and the authors of networks round down."""
    # A hair more, as 224 / 0.875 must give 256 in any arithmetic.
    return math.floor(max(crop) / part + 1e-9), 0


def _of_these_weights(name: str, checkpoint: str) -> str:
    """The network with the tag of its weights where the path has both, as in Hugging Face's cache; else without."""
    from models.torchvision_import import import_timm

    tagged = import_timm().list_pretrained(f"{name}.*")
    return max((each for each in tagged if each in checkpoint), key=len, default=name)


def _of_timm(config: Mapping[str, Any], crop: tuple[int, int]) -> Preprocessing:
    mode, part = config.get("crop_mode") or "center", config.get("crop_pct") or CROP
    if mode not in ("center", "squash"):
        raise ValueError(f"expected a network whose images are cut or squashed, its configuration says {mode}")
    name = ".".join(filter(None, (config["architecture"], config.get("tag"))))
    shorter, _ = _resize(crop, part)
    squashed = (math.floor(crop[0] / part + 1e-9), math.floor(crop[1] / part + 1e-9))
    return Preprocessing(
        resize=squashed if mode == "squash" else (shorter, 0),
        crop=crop,
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        deviation=tuple(config["std"]),
        source=f"timm's configuration of {name}",
    )


def _of_torchvision(name: str, crop: tuple[int, int], checkpoint: str) -> Preprocessing:
    """Of the weights that the checkpoint is named like, else the first whose size the network takes.

    Resized in proportion where the input is of another size.
    """
    from models.torchvision_import import import_torchvision

    known = list(import_torchvision().models.get_model_weights(name))
    named = [each for each in known if each.url.rpartition("/")[2] == Path(checkpoint).name]
    weights = named[0] if named else min(known, key=lambda each: each.transforms().crop_size[0])
    own = weights.transforms()
    return Preprocessing(
        resize=(round(own.resize_size[0] * max(crop) / own.crop_size[0]), 0),
        crop=crop,
        interpolation=own.interpolation.value,
        mean=tuple(own.mean),
        deviation=tuple(own.std),
        source=f"torchvision's {weights}",
    )
