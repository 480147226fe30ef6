"""Images for a network: from a user's folder, else made; resized, cropped and normalised as ImageNet's are."""

import random
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from bench.plan.pictures import ENDINGS, pictures_in
from bench.records.study import ImageSet, Study
from bench.worker.accuracy.preprocessing import DEVIATION, MEAN
from bench.worker.studies.made_images import IN_WORDS, made_image
from bench.worker.studies.pictures import Bytes, normalised, read_pictures, resized

NAMED = 5  # unreadable files that are told one by one


def take_images(study: Study, shape: tuple[int, int, int]) -> tuple[Tensor, ImageSet]:
    """At most `study.count` images of that (C, H, W), (n, C, H, W), and what they are; ValueError where none is."""
    channels, px, width = shape
    if channels not in (1, 3):
        raise ValueError(f"expected a network that takes images of 1 or 3 channels, got {channels}; choose another")
    if width != px:
        raise ValueError(f"expected a network that takes square images, got {px}x{width}; choose another")
    images, told = _of_folder(study, px) if study.images else _made(study, px)
    grey = "" if channels == 3 else ", grey"
    mean, deviation = (" ".join(map(str, each)) for each in (MEAN, DEVIATION))
    colours = f"normalised as ImageNet's: mean {mean}, deviation {deviation}"
    told = replace(told, preprocessing=f"{told.preprocessing}{grey}, {colours}")
    return torch.stack([torch.from_numpy(normalised(each, channels)) for each in images]), told


def _made(study: Study, px: int) -> tuple[list[Bytes], ImageSet]:
    images = [made_image(px, study.seed, number) for number in range(study.count)]
    told = ImageSet(
        source=f"{IN_WORDS}, seed {study.seed}",
        found=study.count,
        used=study.count,
        preprocessing=f"made at {px}x{px}",
    )
    return images, told


def _of_folder(study: Study, px: int) -> tuple[list[Bytes], ImageSet]:
    """A seeded choice of the folder's images, so that a data set sorted by class gives some of many."""
    folder = Path(study.images)
    paths = sorted(pictures_in(folder, "--images"))
    read = read_pictures(folder, random.Random(study.seed).sample(paths, len(paths)), study.count, px, px)
    if not read.images:
        why = f"{len(read.trouble)} that cannot be read ({read.trouble[0]})" if read.trouble else "none"
        raise ValueError(f"expected images in {folder}, got {why}; give a folder of {' '.join(sorted(ENDINGS))} files")
    return list(read.images), ImageSet(
        source=str(folder),
        found=len(paths),
        used=len(read.images),
        preprocessing=f"shorter side to {resized(px)} px (bicubic), centre {px}x{px}",
        unreadable=len(read.trouble),
        trouble=read.trouble[:NAMED],
    )
