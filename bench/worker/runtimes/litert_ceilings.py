"""Matrix products by LiteRT on a CPU, from graphs of one operation, and the call of one that copies a number."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.records.ceilings import Ceilings
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.products import Shape, empty_call, sweep
from bench.worker.runtimes.litert_graphs import copy_graph, product_graph
from bench.worker.runtimes.litert_runtime import interpreter
from bench.worker.runtimes.loaded import UnsupportedError


def ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """FULLY_CONNECTED in float32; LiteRT does not tell what instructions XNNPACK takes."""
    if visit.dtype != "float32":
        raise UnsupportedError(f"LiteRT's products of {visit.dtype} matrices are not measured")
    with TemporaryDirectory() as name:
        path = Path(name, "graph.tflite")

        def product(shape: Shape) -> Callable[[], object]:
            path.unlink(missing_ok=True)  # an interpreter keeps the file before it mapped
            step: Callable[[], object] = multiply(path, shape, len(cpus)).invoke
            return step

        gemms = tuple(sweep(visit.part, visit.dtype, product, visit.shapes, clock))
        path.unlink(missing_ok=True)
        path.write_bytes(copy_graph())
        overhead = empty_call(visit.part, interpreter(path, len(cpus)).invoke, clock)
    return Ceilings(dtype=visit.dtype, threads=len(cpus), gemms=gemms, overheads=(overhead,))


def multiply(path: Path, shape: Shape, threads: int) -> Any:
    """An interpreter that multiplies a matrix, which is in place, by a constant one; its graph is written to `path`."""
    import numpy as np

    m, k, n = shape
    draw = np.random.Generator(np.random.PCG64(0))
    left, right = draw.random((m, k), dtype=np.float32), draw.random((n, k), dtype=np.float32)
    path.write_bytes(product_graph(shape, right.tobytes()))
    opened = interpreter(path, threads)
    opened.set_tensor(opened.get_input_details()[0]["index"], left)
    return opened
