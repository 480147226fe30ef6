"""The input of a unit: seeded random data, the same bytes on every device. numpy only."""

from typing import TYPE_CHECKING

from bench.records.workload import Unit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def input_array(unit: Unit) -> "npt.NDArray[np.float32]":
    """Standard normal values from PCG64(unit.seed), (batch, C, H, W); never zeros, which some hardware runs faster."""
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(unit.seed))
    shape = (unit.batch, *unit.workload.input_shape)
    return generator.standard_normal(shape, dtype=np.float32)
