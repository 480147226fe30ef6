"""Matrix products by numpy, which every board has; its BLAS knows float32, and float64, which no network here uses."""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.records.ceilings import Ceilings
from bench.system.files import text_of
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.products import Shape, sweep

_CORE_NAMES = ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename")


def visit_numpy(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """Its BLAS took the threads from the environment."""
    import numpy  # noqa: F401 - its BLAS is asked for its name below

    found = tuple(sweep("numpy", "float32", _product, visit.shapes, clock, isa=_core()))
    return Ceilings(dtype=visit.dtype, threads=len(cpus), gemms=found)


def _product(shape: Shape) -> Callable[[], object]:
    import numpy as np

    m, k, n = shape
    draw = np.random.Generator(np.random.PCG64(0))
    left, right = draw.random((m, k), dtype=np.float32), draw.random((k, n), dtype=np.float32)
    result = np.empty((m, n), dtype=np.float32)
    return lambda: np.matmul(left, right, out=result)


def _core() -> str:
    """The kernels that OpenBLAS chose, `OpenBLAS SkylakeX`; empty of another BLAS, which does not tell."""
    lines = text_of(Path("/proc/self/maps")).splitlines()
    for path in dict.fromkeys(line.split()[-1] for line in lines if "openblas" in line.rpartition("/")[2]):
        library = ctypes.CDLL(path)
        for name in _CORE_NAMES:
            if hasattr(library, name):
                core = getattr(library, name)
                core.restype = ctypes.c_char_p
                return f"OpenBLAS {core().decode(errors='replace')}"
    return ""
