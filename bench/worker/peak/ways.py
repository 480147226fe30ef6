"""Ways to go over arrays again and again in C, with numpy and the C library alone: a board has nothing else.

Within the first caches a pass takes less time than a call from Python. numpy goes over the same rows many times in one
call: a product of stacked vectors and an element-wise sum take rows that lie on each other (an outer stride of 0); its
copies put the smallest stride innermost, so their rows lie a cache line apart, in several dimensions that together
stay within `SLIDE_BYTES`.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.records.ceilings import Access

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[Any]

Step = Callable[[], object]
SMALL_BYTES = 64 << 10  # up to which an array is gone over many times in a call
_LINE = 64
_SLIDES = (8, 8, 8)  # rows in each dimension, the outer one three lines apart, the inner one a line
_STRIDES = (3 * _LINE, 2 * _LINE, _LINE)
SLIDE_BYTES = sum((count - 1) * stride for count, stride in zip(_SLIDES, _STRIDES, strict=True))
_ROW_FLOATS = 2048  # of one vector product; from 10,000 on OpenBLAS would start threads of its own


@dataclass(frozen=True, kw_only=True)
class Way:
    """`make(times, *arrays)` sets up a step that goes `times` x `passes` over the arrays."""

    make: Callable[..., Step]
    passes: int = 1


def ways(access: Access, size: int) -> tuple[Way, ...]:
    """Those worth trying on arrays of so many bytes; the fastest counts."""
    return (_SMALL if size <= SMALL_BYTES else _LARGE)[access]


def again(array: "Bytes", times: int) -> "Bytes":
    """The array, so many times, as the rows of one more dimension."""
    from numpy.lib.stride_tricks import as_strided

    return as_strided(array, (times, *array.shape), (0, *array.strides))


def _sliding(array: "Bytes") -> "Bytes":
    """The bytes of an array, and those behind it, as rows of its length."""
    from numpy.lib.stride_tricks import as_strided

    return as_strided(array, (*_SLIDES, array.nbytes), (*_STRIDES, 1))


def _product(times: int, source: "Bytes") -> Step:
    """Vector products of its first half with its second."""
    import numpy as np

    floats = source.view(np.float32)
    half = floats.size // 2
    row = half if source.nbytes <= SMALL_BYTES else _ROW_FLOATS
    left, right = floats[:half].reshape(-1, 1, row), floats[half:].reshape(-1, row, 1)
    return partial(np.matmul, again(left, times), again(right, times))


def _largest(times: int, source: "Bytes") -> Step:
    import numpy as np

    return partial(np.maximum.reduce, again(source.view(np.int32), times), axis=-1)


def _fill_sliding(times: int, target: "Bytes") -> Step:
    import numpy as np

    return _repeated(partial(np.copyto, _sliding(target), np.uint8(1)), times)


def _copy_sliding(times: int, source: "Bytes", target: "Bytes") -> Step:
    import numpy as np

    return _repeated(partial(np.copyto, _sliding(target), _sliding(source)), times)


def _fill(times: int, target: "Bytes") -> Step:
    memset = ctypes.CDLL(None).memset
    memset.argtypes, memset.restype = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t), ctypes.c_void_p
    return _repeated(partial(memset, target.ctypes.data, 1, target.nbytes), times)


def _copy(times: int, source: "Bytes", target: "Bytes") -> Step:
    memcpy = ctypes.CDLL(None).memcpy
    memcpy.argtypes, memcpy.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), ctypes.c_void_p
    return _repeated(partial(memcpy, target.ctypes.data, source.ctypes.data, source.nbytes), times)


def _negate(times: int, source: "Bytes", target: "Bytes") -> Step:
    """A copy that turns signs: plain stores, where a C library's go past the caches."""
    import numpy as np

    floats = [again(each.view(np.float32), times) for each in (source, target)]
    return partial(np.negative, floats[0], out=floats[1])


def _add(times: int, first: "Bytes", second: "Bytes", target: "Bytes") -> Step:
    """What a triad moves; numpy has none that multiplies too."""
    import numpy as np

    floats = [again(each.view(np.float32), times) for each in (first, second, target)]
    return partial(np.add, floats[0], floats[1], out=floats[2])


def _repeated(call: Step, times: int) -> Step:
    def step() -> None:
        for _ in range(times):
            call()

    return step


_PASSES = _SLIDES[0] * _SLIDES[1] * _SLIDES[2]
_SMALL: dict[Access, tuple[Way, ...]] = {
    "read": (Way(make=_product),),
    "write": (Way(make=_fill_sliding, passes=_PASSES),),
    "copy": (Way(make=_copy_sliding, passes=_PASSES), Way(make=_negate)),
    "triad": (Way(make=_add),),
}
_LARGE: dict[Access, tuple[Way, ...]] = {
    "read": (Way(make=_product), Way(make=_largest)),
    "write": (Way(make=_fill),),
    "copy": (Way(make=_copy), Way(make=_negate)),
    "triad": (Way(make=_add),),
}
