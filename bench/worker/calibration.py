"""What an int8 network is calibrated on: a user's pictures, or data drawn as its inputs are."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.plain_text import plain_line
from bench.plan.calibration import digest_of, taken
from bench.records.accuracy import Evaluation
from bench.records.workload import Unit
from bench.worker.accuracy.pictures import Input, read_ahead
from bench.worker.accuracy.preprocessing import preprocessing_of
from bench.worker.inputs import Declared, input_arrays

SEEDED = 32  # images at least, where there are no pictures
NAMED = 3  # files that cannot be read


@dataclass(frozen=True, kw_only=True)
class CalibrationData:
    """Batches for the inputs of a graph; without pictures they are drawn. `source` says in words what they are."""

    unit: Unit
    declared: Sequence[Declared]
    source: str
    pictures: Sequence[Input] = ()

    @property
    def batches(self) -> int:
        """How many there are; the last one begins again at the first picture. What a user gave to be timed is one."""
        if not self.pictures and self.unit.workload.given:
            return 1
        return ceil((len(self.pictures) or SEEDED) / self.unit.batch)

    def __iter__(self) -> Iterator[list[npt.NDArray[Any]]]:
        """One array for each input; the unit's own input, where it was drawn, is none of them."""
        for number in range(self.batches):
            drawn = replace(self.unit, seed=self.unit.seed + 1 + number)
            yield input_arrays(drawn, self.declared, self._batch(number) if self.pictures else None)

    def _batch(self, number: int) -> Input:
        places = range(number * self.unit.batch, (number + 1) * self.unit.batch)
        return np.stack([self.pictures[place % len(self.pictures)] for place in places])


def calibration_data(unit: Unit, declared: Sequence[Declared]) -> CalibrationData:
    """For a graph of those inputs, pictures prepared as `bench accuracy` prepares the network's.

    ValueError where no picture can be read, or others lie there than were planned.
    """
    if unit.workload.given and not unit.calibration.folder:
        return CalibrationData(unit=unit, declared=declared, source="the arrays that are timed")
    if not unit.calibration.folder:
        images = unit.batch * ceil(SEEDED / unit.batch)
        return CalibrationData(unit=unit, declared=declared, source=f"{images} images of seeded standard normal data")
    folder, channels = Path(unit.calibration.folder), unit.workload.input_shape[0]
    if channels not in (1, 3):
        raise ValueError(f"expected pictures for a network of 1 or 3 channels, got {channels}; leave --calibration out")
    if digest_of(paths := taken(folder)) != unit.calibration.digest:
        raise ValueError(f"expected the pictures in {folder} that were planned with, got others; begin a new run")
    how = preprocessing_of(unit.workload, Evaluation(folder=str(folder)))
    reads = list(read_ahead(paths, how, threads=len(os.sched_getaffinity(0)), ahead=len(paths)))
    pictures = [read for read in reads if not isinstance(read, str)]
    trouble = [
        plain_line(f"{path.relative_to(folder)}: {read}", 200)
        for path, read in zip(paths, reads, strict=True)
        if isinstance(read, str)
    ]
    unreadable = f"{len(trouble)} that cannot be read ({'; '.join(trouble[:NAMED])})"
    if not pictures:
        raise ValueError(f"expected pictures in {folder} to calibrate on, got {unreadable}; give others")
    source = f"{len(pictures)} pictures of {folder}" + f" and not on {unreadable}" * bool(trouble)
    return CalibrationData(unit=unit, declared=declared, source=source, pictures=pictures)
