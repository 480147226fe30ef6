"""What an int8 network is calibrated on: a user's pictures, or data drawn as its inputs are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.plan.calibration import digest_of, taken
from bench.records.workload import Unit
from bench.worker.inputs import CHANNELS_LAST, Declared, input_arrays
from bench.worker.pictures import Bytes, Pictures, normalised, read_pictures

SEEDED = 32  # images at least, where there are no pictures
NAMED = 3  # files that cannot be read
Arrays = list[npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class CalibrationData:
    """Batches for the inputs of a graph; without pictures they are drawn. `source` says in words what they are."""

    unit: Unit
    declared: Sequence[Declared]
    source: str
    pictures: Pictures | None = None

    @property
    def batches(self) -> int:
        """How many there are; the last one begins again at the first picture. What a user gave to be timed is one."""
        if self.pictures is None and self.unit.workload.given:
            return 1
        return ceil((len(self.pictures.images) if self.pictures else SEEDED) / self.unit.batch)

    def __iter__(self) -> Iterator[Arrays]:
        """One array for each input; the unit's own input, where it was drawn, is none of them."""
        for number in range(self.batches):
            arrays = input_arrays(replace(self.unit, seed=self.unit.seed + 1 + number), self.declared)
            if self.pictures is not None:
                at = next(index for index, each in enumerate(self.declared) if each.is_image)
                arrays[at] = _batch(self.pictures, number * len(arrays[at]), self.declared[at], arrays[at])
            yield arrays


def calibration_data(unit: Unit, declared: Sequence[Declared]) -> CalibrationData:
    """For a graph of those inputs; ValueError where no picture can be read, or others lie there than were planned."""
    if unit.workload.given and not unit.calibration.folder:
        return CalibrationData(unit=unit, declared=declared, source="the arrays that are timed")
    if not unit.calibration.folder:
        images = unit.batch * ceil(SEEDED / unit.batch)
        return CalibrationData(unit=unit, declared=declared, source=f"{images} images of seeded standard normal data")
    folder, (channels, height, width) = Path(unit.calibration.folder), unit.workload.input_shape
    if channels not in (1, 3):
        raise ValueError(f"expected pictures for a network of 1 or 3 channels, got {channels}; leave --calibration out")
    if digest_of(paths := taken(folder)) != unit.calibration.digest:
        raise ValueError(f"expected the pictures in {folder} that were planned with, got others; begin a new run")
    read = read_pictures(folder, paths, len(paths), height, width)
    unreadable = f"{len(read.trouble)} that cannot be read ({'; '.join(read.trouble[:NAMED])})"
    if not read.images:
        raise ValueError(f"expected pictures in {folder} to calibrate on, got {unreadable}; give others")
    source = f"{len(read.images)} pictures of {folder}" + f" and not on {unreadable}" * bool(read.trouble)
    return CalibrationData(unit=unit, declared=declared, source=source, pictures=read)


def _batch(pictures: Pictures, first: int, declared: Declared, drawn: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As many pictures as were drawn, in that input's order and dtype; a graph of bytes normalises by itself."""
    wanted = [pictures.images[(first + offset) % len(pictures.images)] for offset in range(len(drawn))]
    last = declared.order == CHANNELS_LAST
    channels = drawn.shape[3 if last else 1]
    floats = drawn.dtype.kind == "f"
    maps: Arrays = [normalised(image, channels) if floats else _bytes(image, channels) for image in wanted]
    stacked = np.stack(maps)
    return (stacked.transpose(0, 2, 3, 1) if last else stacked).astype(drawn.dtype)


def _bytes(image: Bytes, channels: int) -> Bytes:
    """(H, W, 3) as (C, H, W), grey by its first colour."""
    return image.transpose(2, 0, 1)[:channels]
