"""Image files made a network's input, the next ones while it computes on these. Pillow and numpy only."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.plain_text import plain_line
from bench.records.accuracy import Preprocessing

# Others than these it would hand to a program of their own, as PostScript, or read in ways nobody has looked at.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
AHEAD = 4  # images a thread that are read before they are asked for, beside two batches
Input: TypeAlias = npt.NDArray[np.float32]  # (C, H, W)
Read: TypeAlias = Input | str  # what was made of a file, or why nothing was


def read_ahead(paths: Iterable[Path], how: Preprocessing, threads: int, ahead: int) -> Iterator[Read]:
    """Each file in turn; threads are busy with up to `ahead` of the next ones: Pillow works without the GIL."""
    pool = ThreadPoolExecutor(threads)
    waiting: deque[Future[Read]] = deque()
    try:
        for path in paths:
            waiting.append(pool.submit(_read, path, how))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        yield from (each.result() for each in waiting)
    finally:
        pool.shutdown(cancel_futures=True)


def _read(path: Path, how: Preprocessing) -> Read:
    try:
        return prepared(path, how)
    except Exception as error:  # noqa: BLE001 - whatever a damaged file makes of a decoder
        return plain_line(str(error).replace(str(path), "the file") or type(error).__name__, 200)


def prepared(path: Path, how: Preprocessing) -> Input:
    """The input that a file becomes, in the steps of torchvision's and timm's evaluation, to the last bit but one."""
    with Image.open(path, formats=FORMATS) as opened:
        image = opened.convert("L" if len(how.mean) == 1 else "RGB")
    cut = np.asarray(_cropped(image, how), dtype=np.float32)
    pixels = cut.reshape(*cut.shape[:2], -1)  # (H, W) or (H, W, 3) -> (H, W, C)
    mean, deviation = (np.array(values, dtype=np.float32) for values in (how.mean, how.deviation))
    scaled = (pixels / np.float32(255) - mean) / deviation
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)  # -> (C, H, W)


def _cropped(image: Image.Image, how: Preprocessing) -> Image.Image:
    width, height = _resized_size(image, how)
    if width * height > 2 * (Image.MAX_IMAGE_PIXELS or 1 << 27):  # a strip: the limit of what Pillow opens
        raise ValueError(f"an image of {image.width}x{image.height} would become one of {width}x{height}")
    if (width, height) != image.size:
        image = image.resize((width, height), Image.Resampling[how.interpolation.upper()])
    tall, wide = how.crop
    left, top = round((width - wide) / 2), round((height - tall) / 2)
    return image.crop((left, top, left + wide, top + tall))  # black where the image is smaller


def _resized_size(image: Image.Image, how: Preprocessing) -> tuple[int, int]:
    """Width and height: the longer side is rounded down, as torchvision does it."""
    if how.resize[1]:
        return how.resize[1], how.resize[0]
    shorter, (width, height) = how.resize[0], image.size
    return (shorter, shorter * height // width) if width <= height else (shorter * width // height, shorter)
