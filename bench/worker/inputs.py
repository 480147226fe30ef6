"""The inputs of a unit: a user's own, or seeded random data; the same bytes on every device. numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.records.workload import Unit
from bench.worker.kept_inputs import image_among, kept

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# How the sizes of an image are ordered in a graph: PyTorch's way, and TensorFlow's.
CHANNELS_FIRST, CHANNELS_LAST = "NCHW", "NHWC"


@dataclass(frozen=True, kw_only=True)
class Declared:
    """An input as a graph declares it: numpy's name of its dtype, and its sizes, 0 where they are open."""

    name: str
    dtype: str
    sizes: tuple[int, ...]

    @property
    def is_image(self) -> bool:
        """Whether it has the four sizes of images."""
        return len(self.sizes) == len(CHANNELS_FIRST)

    @property
    def order(self) -> str:
        """Of an image's sizes: channels are last where there they are 1 or 3, and in the second place they are not."""
        return CHANNELS_LAST if self.sizes[3] in (1, 3) and self.sizes[1] not in (1, 3) else CHANNELS_FIRST

    def filled(self, batch: int, image: tuple[int, int, int]) -> tuple[int, ...]:
        """Its sizes, the open ones as in `batch` images of (C, H, W); in another input, the first is the batch."""
        wanted = dict(zip(CHANNELS_FIRST, (batch, *image), strict=True))
        order = self.order if self.is_image else "N" + "-" * len(self.sizes)
        return tuple(size or wanted.get(axis, 0) for size, axis in zip(self.sizes, order, strict=False))


def image_shape(images: Sequence[int], order: str) -> tuple[int, int, int]:
    """(C, H, W) of a batch whose four sizes are so ordered."""
    sizes = dict(zip(order, images, strict=True))
    return sizes["C"], sizes["H"], sizes["W"]


def input_array(unit: Unit) -> "npt.NDArray[Any]":
    """The images, (batch, C, H, W): standard normal values from PCG64(unit.seed), or those that a user gave.

    Drawn values are float32, and never zeros, which some hardware runs faster.
    """
    if unit.workload.given:
        arrays = kept(unit.workload.given)
        return arrays[image_among(arrays, unit.workload.name)]
    (array,) = input_arrays(unit, [Declared(name="", dtype="float32", sizes=(0, 0, 0, 0))])
    return array


def image_input(unit: Unit) -> Declared:
    """The images that a PyTorch network is given, as a graph would declare them."""
    if not unit.workload.given:
        return Declared(name="", dtype="float32", sizes=(unit.batch, *unit.workload.input_shape))
    images = input_array(unit)
    return Declared(name="", dtype=images.dtype.name, sizes=images.shape)


def input_arrays(
    unit: Unit, declared: Sequence[Declared], images: "npt.NDArray[np.float32] | None" = None
) -> "list[npt.NDArray[Any]]":
    """One array for each input of a graph, given, or drawn one after the other; of images, those if there are any.

    Floats are standard normal. Integers fill the dtype where it has eight bits, are 0 to 255 in an image, and
    elsewhere 0 or 1, which any mask and any table of indices takes. `images` are (N, C, H, W), whatever the graph's
    own order and dtype.
    """
    if images is not None:
        return _with_images(unit, declared, images)
    if unit.workload.given:
        return _given(kept(unit.workload.given), declared)
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(unit.seed))
    return [_draw(generator, each, each.filled(unit.batch, unit.workload.input_shape)) for each in declared]


def _given(arrays: "list[npt.NDArray[Any]]", declared: Sequence[Declared]) -> "list[npt.NDArray[Any]]":
    """Floats in the dtype that the graph computes in; all else was checked when it was planned."""
    if len(arrays) != len(declared):
        raise ValueError(
            f"expected arrays for the graph's {len(declared)} inputs, got {len(arrays)}; give each its own"
        )
    pairs = zip(arrays, declared, strict=True)
    return [array.astype(each.dtype, copy=False) if array.dtype.kind == "f" else array for array, each in pairs]


def _with_images(
    unit: Unit, declared: Sequence[Declared], images: "npt.NDArray[np.float32]"
) -> "list[npt.NDArray[Any]]":
    import numpy as np

    arrays = input_arrays(unit, declared) if len(declared) > 1 else [images]
    at, own = next((at, each) for at, each in enumerate(declared) if each.is_image)
    ordered = images.transpose(0, 2, 3, 1) if own.order == CHANNELS_LAST else images
    dtype = np.dtype(own.dtype)
    arrays[at] = np.ascontiguousarray(np.rint(ordered) if dtype.kind in "iu" else ordered, dtype=dtype)
    return arrays


def _draw(generator: "np.random.Generator", declared: Declared, shape: tuple[int, ...]) -> "npt.NDArray[Any]":
    import numpy as np

    dtype = np.dtype(declared.dtype)
    if dtype.kind == "f":
        return generator.standard_normal(shape, dtype=np.float32).astype(dtype, copy=False)
    least, most = 0, 1
    if dtype.kind != "b" and (dtype.itemsize == 1 or declared.is_image):
        least, most = (-128, 127) if dtype == np.int8 else (0, 255)
    return generator.integers(least, most, shape, endpoint=True).astype(dtype)
