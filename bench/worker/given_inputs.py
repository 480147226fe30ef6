"""A user's own arrays for the inputs of a network: read from a file, and checked before anything is planned."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.plain_text import plain_line
from bench.worker.inputs import Declared

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MOST_BYTES = 2**30  # of all arrays of a file; a board has little more memory
UNNAMED = ""  # of the one array in an .npy file
DTYPES = (
    "bool",
    *(f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u")),
    "float16",
    "float32",
    "float64",
)
_LONGEST_NAME = 60
_NPY, _ZIP = b"\x93NUMPY", b"PK"  # how files of the two kinds begin


def read(path: Path) -> "dict[str, Array]":
    """The arrays of an .npz file by name, or the one of an .npy file, UNNAMED; never a pickle.

    Raises ValueError where there is no such file, it is too large, or holds anything but numbers.
    """
    if not path.is_file():
        raise ValueError(f"expected arrays in a file at {path}, found none; check the path")
    try:
        arrays = _loaded(path)
    except Exception as error:  # numpy's, zipfile's and zlib's share no base class
        raise ValueError(
            f"expected {path} to be numpy's .npz or .npy of numbers, got {type(error).__name__}:"
            f" {plain_line(error, 120)}; save it with numpy.savez"
        ) from error
    if arrays is None:
        raise ValueError(f"expected at most {MOST_BYTES >> 20} MiB of arrays in {path}, got more; give a smaller batch")
    if not arrays:
        raise ValueError(f"expected arrays in {path}, got none; save them with numpy.savez")
    return {name: checked(array, name, str(path)) for name, array in arrays.items()}


def _loaded(path: Path) -> "dict[str, Array] | None":
    """None where it is too large, which a compressed file's own size does not tell."""
    import numpy as np

    if path.stat().st_size > MOST_BYTES:
        return None
    with path.open("rb") as file:
        if not file.read(len(_NPY)).startswith((_NPY, _ZIP)):
            raise ValueError("another kind of file")  # numpy would praise its pickles
        file.seek(0)
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {UNNAMED: found}
        if sum(member.file_size for member in found.zip.infolist()) > MOST_BYTES:
            return None
        return {name: found[name] for name in found.files}


def checked(array: "Array", name: str, where: str) -> "Array":
    """The array in this machine's byte order; ValueError where it is none, is empty, or holds NaN or no numbers."""
    import numpy as np

    what = f"{_shown(name)} of {where}" if name else where
    if not isinstance(array, np.ndarray) or array.dtype.newbyteorder("=").name not in DTYPES:
        got = array.dtype if isinstance(array, np.ndarray) else "no array"
        raise ValueError(f"expected {what} to be numbers ({', '.join(DTYPES)}), got {got}; save it as one of them")
    if not array.size:
        raise ValueError(f"expected {what} to hold numbers, got none in its shape {array.shape}; fill it")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"expected {what} to hold numbers, got NaN; replace it, as no output could be compared")
    return np.asarray(array.astype(array.dtype.newbyteorder("="), copy=False), order="C")


def ordered(arrays: "Mapping[str, Array]", names: Sequence[str], where: str) -> "list[Array]":
    """One for each of the inputs' names, in their order.

    Arrays without names, an .npy file's or those that numpy.savez calls arr_0, arr_1, ..., stand in that order already.
    """
    unnamed = list(arrays) in ([UNNAMED], [f"arr_{number}" for number in range(len(arrays))])
    if unnamed and not all(name in arrays for name in names):
        if len(arrays) == len(names):
            return list(arrays.values())
        raise ValueError(
            f"expected {len(names)} arrays in {where}, for {_list(names)}, got {len(arrays)};"
            f" save them with numpy.savez(FILE, {_keywords(names)})"
        )
    if arrays.keys() != set(names):
        raise ValueError(
            f"expected the arrays of {where} to be named {_list(names)}, got {_list(list(arrays))};"
            f" save them with numpy.savez(FILE, {_keywords(names)})"
        )
    return [arrays[name] for name in names]


def for_graph(arrays: "Mapping[str, Array]", declared: Sequence[Declared], where: str) -> "list[Array]":
    """In the order of a graph's inputs, each of the dtype and the sizes that it declares; else ValueError."""
    found = ordered(arrays, [each.name for each in declared], where)
    for array, each in zip(found, declared, strict=True):
        name = _shown(each.name)
        if array.dtype.name != each.dtype:
            raise ValueError(
                f"expected {each.dtype} for the input {name} in {where}, got {array.dtype}; save it as {each.dtype}"
            )
        if not _fits(array.shape, each.sizes):
            sizes = ", ".join(str(size or "any") for size in each.sizes)
            raise ValueError(
                f"expected the sizes ({sizes}) for the input {name} in {where}, got {array.shape}; save it so"
            )
    return found


def _fits(shape: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether those that are not left open are the same."""
    return len(shape) == len(sizes) and all(size in (0, own) for own, size in zip(shape, sizes, strict=True))


def _shown(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}...")


def _list(names: Sequence[str]) -> str:
    most = 8
    return ", ".join(map(_shown, names[:most])) + f" and {len(names) - most} more" * (len(names) > most)


def _keywords(names: Sequence[str]) -> str:
    return ", ".join(f"{name}=..." if name.isidentifier() else f"**{{{_shown(name)}: ...}}" for name in names[:3])
