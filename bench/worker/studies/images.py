"""Images for a network: from a user's folder, else made; resized, cropped and normalised as ImageNet's are."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from bench.plain_text import plain_line
from bench.records.study import ImageSet, Study
from bench.worker.studies.made_images import IN_WORDS, made_image

ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
CROP = 0.875  # of the shorter side, as ImageNet's evaluation takes 224 of 256
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours
NAMED = 5  # unreadable files that are told one by one
# What Pillow raises about a file: one that is none, is cut off, or would fill the memory.
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


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
    normalised = f"normalised as ImageNet's: mean {mean}, deviation {deviation}"
    told = replace(told, preprocessing=f"{told.preprocessing}{grey}, {normalised}")
    return torch.stack([_normalised(each, channels) for each in images]), told


def _made(study: Study, px: int) -> tuple[list[npt.NDArray[np.uint8]], ImageSet]:
    images = [made_image(px, study.seed, number) for number in range(study.count)]
    told = ImageSet(
        source=f"{IN_WORDS}, seed {study.seed}",
        found=study.count,
        used=study.count,
        preprocessing=f"made at {px}x{px}",
    )
    return images, told


def _of_folder(study: Study, px: int) -> tuple[list[npt.NDArray[np.uint8]], ImageSet]:
    """A seeded choice of the folder's images, so that a data set sorted by class gives some of many."""
    folder = Path(study.images)
    paths = sorted(_image_files(folder))
    images: list[npt.NDArray[np.uint8]] = []
    trouble: list[str] = []
    for path in random.Random(study.seed).sample(paths, len(paths)):
        if len(images) == study.count:
            break
        try:
            images.append(_cropped(path, px))
        except _UNREADABLE as error:
            trouble.append(plain_line(f"{path.relative_to(folder)}: {error}".replace(str(path), "the file"), 200))
    if not images:
        why = f"{len(trouble)} that cannot be read ({trouble[0]})" if trouble else "none"
        raise ValueError(f"expected images in {folder}, got {why}; give a folder of {' '.join(sorted(ENDINGS))} files")
    return images, ImageSet(
        source=str(folder),
        found=len(paths),
        used=len(images),
        preprocessing=f"shorter side to {_resized(px)} px (bicubic), centre {px}x{px}",
        unreadable=len(trouble),
        trouble=tuple(trouble[:NAMED]),
    )


def _image_files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise ValueError(f"expected a folder of images, got {folder}, which is none; give --images FOLDER")
    yield from (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())


def _resized(px: int) -> int:
    return round(px / CROP)


def _cropped(path: Path, px: int) -> npt.NDArray[np.uint8]:
    """The middle of the image, (px, px, 3), in RGB."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = _resized(px) / min(image.size)
    width, height = (max(px, round(scale * side)) for side in image.size)
    left, top = (width - px) // 2, (height - px) // 2
    # Only what is kept is resized: a strip of a million pixels would fill the memory.
    box = (left / scale, top / scale, min(image.size[0], (left + px) / scale), min(image.size[1], (top + px) / scale))
    return np.asarray(image.resize((px, px), Image.Resampling.BICUBIC, box=box))


def _normalised(image: npt.NDArray[np.uint8], channels: int) -> Tensor:
    """(H, W, 3) bytes as (C, H, W) floats."""
    colours = torch.from_numpy(image.astype(np.float32) / 255)
    scaled = (colours - torch.tensor(MEAN)) / torch.tensor(DEVIATION)  # (h, w, 3)
    maps = scaled.permute(2, 0, 1)  # -> (3, h, w)
    return maps.contiguous() if channels == 3 else maps.mean(dim=0, keepdim=True)
