"""Matrix products by ONNX Runtime on a CPU, from graphs of one node, and an identity graph's call."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.records.ceilings import Ceilings
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.graphs import identity_graph, product_graph
from bench.worker.peak.products import Shape, empty_call, sweep
from bench.worker.runtimes.onnx_runtime import session

if TYPE_CHECKING:
    import numpy.typing as npt


def ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """MatMul, of int8 MatMulInteger; ONNX Runtime does not tell what instructions it takes."""
    with TemporaryDirectory() as name:
        folder, threads = Path(name), len(cpus)

        def product(shape: Shape) -> Callable[[], object]:
            path, image = write_product(folder, shape, visit.dtype)
            return _step(path, threads, image)

        gemms = tuple(sweep(visit.part, visit.dtype, product, visit.shapes, clock))
        overhead = empty_call(visit.part, _step(*write_identity(folder, threads)), clock)
    return Ceilings(dtype=visit.dtype, threads=threads, gemms=gemms, overheads=(overhead,))


def write_product(folder: Path, shape: Shape, dtype: str) -> "tuple[Path, npt.NDArray[Any]]":
    """A graph's file, and the left matrix that it takes."""
    import numpy as np

    m, k, n = shape
    draw = np.random.Generator(np.random.PCG64(0))
    left, right = draw.random((m, k), dtype=np.float32), draw.random((k, n), dtype=np.float32)
    if dtype == "int8":
        left, right = (255 * left).astype(np.uint8), (255 * right - 128).astype(np.int8)
    else:
        left, right = left.astype(dtype), right.astype(dtype)
    path = folder / "product.onnx"
    path.write_bytes(product_graph(shape, dtype, right.tobytes()))
    return path, left


def write_identity(folder: Path, threads: int) -> "tuple[Path, int, npt.NDArray[Any]]":
    """A graph's file, its threads, and the one number that it takes."""
    import numpy as np

    path = folder / "identity.onnx"
    path.write_bytes(identity_graph())
    return path, threads, np.ones(1, dtype=np.float32)


def _step(path: Path, threads: int, image: "npt.NDArray[Any]") -> Callable[[], object]:
    run, feed = session(path, threads).run, {"a": image}
    return lambda: run(["c"], feed)
