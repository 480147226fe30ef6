"""Matrix products by ncnn on a CPU, from its own two files of one layer, and the call of one that does nothing."""

import struct
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.records.ceilings import Ceilings
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.products import Shape, empty_call, sweep
from bench.worker.runtimes.ncnn_graph import FLOAT32, INT8, LARGEST, MAGIC
from bench.worker.runtimes.ncnn_runtime import GRAPH, WEIGHTS, Call, opened_files

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


def ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """Gemm with constant weights; ncnn does not tell what instructions it takes."""
    with TemporaryDirectory() as name:
        folder, threads, dtype = Path(name), len(cpus), visit.dtype
        made = sweep(visit.part, dtype, lambda shape: product_step(folder, shape, threads, dtype), visit.shapes, clock)
        gemms = tuple(made)
        overhead = empty_call(visit.part, empty_step(folder, threads), clock)
    return Ceilings(dtype=visit.dtype, threads=threads, gemms=gemms, overheads=(overhead,))


def product_step(folder: Path, shape: Shape, threads: int, dtype: str) -> Call:
    """An (m, k) matrix by an (n, k) one, which is constant and transposed; nothing is added (ncnn's Gemm)."""
    m, k, n = shape
    layer = f"Gemm c 1 1 a c 3=1 5=1 6=1 8={n} 9={k} 10=-1{' 18=2' if dtype == 'int8' else ''}"
    return _step(folder, layer, _weights(n, k, dtype), random_array(1, m, k), threads, dtype)


def empty_step(folder: Path, threads: int) -> Call:
    """A call that gives back the one number that it takes."""
    return _step(folder, "Noop c 1 1 a c", b"", random_array(1, 1), threads, "float32")


def random_array(*sizes: int) -> "Array":
    """The same numbers of 0 to 1 for the same sizes."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(0)).random(sizes, dtype=np.float32)


def _weights(rows: int, columns: int, dtype: str) -> bytes:
    """As a .bin file has them; ncnn's int8 product has one scale for all of them, and finds its input's in the call."""
    values = random_array(rows, columns)
    if dtype != "int8":
        return FLOAT32 + values.tobytes()
    scaled = (LARGEST * values).astype("int8").tobytes()
    return INT8 + scaled + bytes(-len(scaled) % 4) + struct.pack("<f", LARGEST)


def _step(folder: Path, layer: str, weights: bytes, images: "Array", threads: int, dtype: str) -> Call:
    graph, data = folder / GRAPH, folder / WEIGHTS
    graph.write_text(f"{MAGIC}\n2 2\nInput a 0 1 a\n{layer}\n")
    data.write_bytes(weights)
    return Call(opened_files(graph, data, threads, dtype), images)
