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
    """`step` is what is timed; `output` runs it once and gives the result as float32."""

    step: Callable[[], object]
    output: "Callable[[], npt.NDArray[np.float32]]"
    threads: int  # read back from the runtime
    restore: Callable[[], None] | None = None
    isa: str = ""  # the instruction set that the runtime says it chose
    notes: tuple[str, ...] = ()
