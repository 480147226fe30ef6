"""A workload loaded in a runtime, ready to be called again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class UnsupportedError(Exception):
    """This runtime or device cannot run the unit; it becomes a skipped row with this reason."""


class FallbackError(Exception):
    """The runtime used another device than the one asked for."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """`step` is what is timed; `output` runs it once and gives its answer: an array, or a nest of them.

    A nest is made of lists, tuples, dicts and dataclasses; no array is in bfloat16, which numpy lacks.
    `anew` sets the same workload up once more, so that its memory lies elsewhere; None where that costs too much.
    `answer` gives its answer to other images, (N, C, H, W) in float32 as the unit's own input is; None where it cannot.
    """

    step: Callable[[], object]
    output: Callable[[], object]
    threads: int  # read back from the runtime
    restore: Callable[[], None] | None = None
    anew: "Callable[[], Loaded] | None" = None
    answer: "Callable[[npt.NDArray[np.float32]], object] | None" = None
    delegated: "tuple[int, int] | None" = None  # operations that its fast backend computes, of all in the graph
    isa: str = ""  # the instruction set that the runtime says it chose
    notes: tuple[str, ...] = ()
