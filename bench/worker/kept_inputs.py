"""The arrays that a user gave, as they lie in the store of every device that is fed them. numpy only."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from bench.cache.store import Store, default_cache

if TYPE_CHECKING:
    import numpy.typing as npt


def saved(arrays: "Sequence[npt.NDArray[Any]]") -> bytes:
    """As an .npz file, the same bytes for the same values."""
    import numpy as np

    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, **{f"input{number}": array for number, array in enumerate(arrays)})
    return buffer.getvalue()


def kept(digest: str) -> "list[npt.NDArray[Any]]":
    """What `saved` wrote, from this machine's cache."""
    import numpy as np

    with np.load(Store(default_cache()).path(digest), allow_pickle=False) as file:
        return [file[f"input{number}"] for number in range(len(file.files))]


def image_among(arrays: "Sequence[npt.NDArray[Any]]", where: str) -> int:
    """Which of them is a batch of images, the first with four sizes; ValueError where none is."""
    found = next((number for number, array in enumerate(arrays) if array.ndim == 4), None)
    if found is None:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"expected images among the arrays of {where}, one of four sizes, got {shapes}; add the batch")
    return found
