"""How near the answers of an int8 network are to float32's, on what it was calibrated on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bench.worker.output_check import arrays_in

if TYPE_CHECKING:
    import numpy.typing as npt

COMPARED = 32  # batches at most, of which float32 and int8 are compared


def nearness(answers: Iterable[tuple[object, object]]) -> str:
    """Signal to noise of the int8 outputs, and of classes how often the largest is the same one.

    `answers` are pairs to one batch each, float32's first; more than `COMPARED` are not asked for.
    """
    signal = noise = 0.0
    same: list[bool] = []
    for _, pair in zip(range(COMPARED), answers, strict=False):
        right, got = map(_floats, pair)
        signal += sum(float(np.square(each).sum()) for each in right)
        noise += sum(float(np.square(one - other).sum()) for one, other in zip(right, got, strict=True))
        if right and right[0].ndim == 2:
            same += (right[0].argmax(1) == got[0].argmax(1)).tolist()
    decibels = 10 * np.log10(signal / noise) if signal and noise else np.inf if signal else -np.inf
    classes = f", the same class in {sum(same)} of {len(same)}" if same else ""
    return f"{decibels:.1f} dB from float32 there{classes}"


def _floats(answer: object) -> "list[npt.NDArray[np.float64]]":
    return [each.astype(np.float64) for each in arrays_in(answer) if each.dtype.kind == "f"]
