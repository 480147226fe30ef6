"""What an int8 network is calibrated on, in files beside the program that a converter is given. numpy only."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Batch = Sequence[npt.NDArray[Any]]  # an array for each input of the network


def keep_batches(program: Path, batches: "Iterable[Batch]") -> None:
    """One file for each, so that neither side holds all of them at once."""
    folder = _folder(program)
    folder.mkdir()
    for number, arrays in enumerate(batches):
        np.savez(folder / f"{number}.npz", allow_pickle=False, **{f"input{at}": each for at, each in enumerate(arrays)})


def calibration_batches(program: Path) -> "Iterator[list[npt.NDArray[Any]]]":
    """For a converter: what goes into the network of that program, batch after batch, each as its example inputs are.

    ValueError where there are none.
    """
    folder = _folder(program)
    count = len(list(folder.glob("*.npz")))
    if not count:
        raise ValueError(f"expected what to calibrate on in {folder}, got nothing; give `convert` batches")
    for number in range(count):
        with np.load(folder / f"{number}.npz", allow_pickle=False) as file:
            yield [file[f"input{at}"] for at in range(len(file.files))]


def _folder(program: Path) -> Path:
    return program.with_name("calibration")
