"""Several inputs for an int8 network, and whether its answers follow them as fp32's do. numpy only.

A limit relative to the maximum passes one constant answer where outputs share an offset: softmax of many classes,
sigmoids around 0.5. Held against how fp32's answers differ from each other, a constant is off by at least 1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.records.workload import Unit
from bench.worker.inputs import input_array

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

PROBES = 8
MOST_KEPT = 1 << 16  # numbers of an output, evenly spread over it
_SAME = 1e-4  # of their own size: float32's answers differ by no more from one another where they are the same
_MASKED = 1e30  # what stands for infinity


def probe_images(unit: Unit) -> "Iterator[Array]":
    """Images (N, C, H, W) as the unit's own, each a draw that is calibrated on where they are drawn.

    One is weaker than the next, so that what is answered differs also where random weights average draws out.
    """
    import numpy as np

    for number in range(1, PROBES + 1):
        images = input_array(replace(unit, seed=unit.seed + number))
        if images.shape[1:] != unit.workload.input_shape:  # given for a graph whose channels are last
            images = images.transpose(0, 3, 1, 2)
        weaker = images.astype("float32") * np.float32(number / PROBES)
        yield (np.rint(weaker) if images.dtype.kind in "iu" else weaker).astype(images.dtype)


def kept(answers: "Iterable[Sequence[Array]]") -> "tuple[Array, ...]":
    """Of each output what it answers to the probes, (PROBES, up to MOST_KEPT).

    Empty where that is no floats, as between choices there is no distance, or another number of them each time.
    """
    import numpy as np

    samples = [[_sample(array) for array in arrays] for arrays in answers]
    columns = zip(*samples, strict=True)
    return tuple(np.stack(each) if len({row.size for row in each}) == 1 else each[0][:0] for each in columns)


def _sample(array: "Array") -> "Array":
    import numpy as np

    flat = array.reshape(-1) if array.dtype.kind == "f" else np.empty(0)
    return flat[:: max(1, -(-flat.size // MOST_KEPT))].astype("float32")


def unexplained(results: "Sequence[Array]", references: "Sequence[Array]") -> float:
    """The largest error of any output over how fp32's answers are spread, both as roots of summed squares.

    The spread is about their mean over the probes, number by number. The mean has the smallest error of all answers
    that are the same to every probe, so each of those is off by 1 or more.
    """
    pairs = zip(results, references, strict=True)
    return max((_unexplained(result, right) for result, right in pairs if right.size), default=0.0)


def _unexplained(results: "Array", references: "Array") -> float:
    import numpy as np

    if results.shape != references.shape:
        return np.inf
    told = (np.abs(references) < _MASKED).all(axis=0)  # nor is NaN
    results, references = (each[:, told].astype("float64") for each in (results, references))
    spread, size = (float(np.linalg.norm(each)) for each in (references - references.mean(axis=0), references))
    if spread <= _SAME * size:
        return 0.0  # fp32 itself answers the same to all
    error = float(np.linalg.norm(results - references))
    return error / spread if np.isfinite(error) else np.inf
