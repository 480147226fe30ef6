"""Pictures of a user's files as ImageNet's are given to networks: resized, cropped in the middle, normalised."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.plain_text import plain_line
from bench.worker.accuracy.pictures import FORMATS
from bench.worker.accuracy.preprocessing import CROP, DEVIATION, MEAN

# What Pillow raises about a file: one that is none, is cut off, or would fill the memory.
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The middles of pictures, (height, width, 3) in RGB, and a line about each file that cannot be read."""

    images: tuple[Bytes, ...]
    trouble: tuple[str, ...]


def read_pictures(folder: Path, paths: Iterable[Path], count: int, height: int, width: int) -> Pictures:
    """The first `count` that can be read of the paths, which lie in `folder`."""
    images: list[Bytes] = []
    trouble: list[str] = []
    for path in paths:
        if len(images) == count:
            break
        try:
            images.append(_cropped(path, height, width))
        except _UNREADABLE as error:
            trouble.append(plain_line(f"{path.relative_to(folder)}: {error}".replace(str(path), "the file"), 200))
    return Pictures(images=tuple(images), trouble=tuple(trouble))


def resized(px: int) -> int:
    """What a side of so many pixels is cut from."""
    return round(px / CROP)


def _cropped(path: Path, height: int, width: int) -> Bytes:
    with Image.open(path, formats=FORMATS) as opened:
        image = opened.convert("RGB")
    scale = max(resized(width) / image.size[0], resized(height) / image.size[1])
    whole_width, whole_height = max(width, round(scale * image.size[0])), max(height, round(scale * image.size[1]))
    left, top = (whole_width - width) // 2, (whole_height - height) // 2
    # Only what is kept is resized: a strip of a million pixels would fill the memory.
    right, bottom = min(image.size[0], (left + width) / scale), min(image.size[1], (top + height) / scale)
    box = (left / scale, top / scale, right, bottom)
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box=box))


def normalised(image: Bytes, channels: int) -> npt.NDArray[np.float32]:
    """(H, W, 3) bytes as (C, H, W) floats of 3 channels, or of 1, grey."""
    colours = image.astype(np.float32) / np.float32(255)
    scaled = (colours - np.array(MEAN, dtype=np.float32)) / np.array(DEVIATION, dtype=np.float32)
    maps: npt.NDArray[np.float32] = np.ascontiguousarray(scaled.transpose(2, 0, 1))  # (h, w, 3) -> (3, h, w)
    return maps if channels == 3 else np.asarray(maps.mean(axis=0, keepdims=True))
