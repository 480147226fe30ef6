"""Matrix products by OpenVINO on a CPU, from the same graphs as ONNX Runtime's."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.records.ceilings import Ceilings
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.products import SHAPES, Shape, empty_call, sweep
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.runtimes.onnx_runtime_ceilings import write_identity, write_product
from bench.worker.runtimes.openvino_runtime import compiled_graph

if TYPE_CHECKING:
    import numpy.typing as npt


def ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """MatMul in float32, or in bfloat16 where the CPU has it."""
    with TemporaryDirectory() as name:
        folder, threads, dtype = Path(name), len(cpus), visit.dtype
        if dtype not in ("float32", "bfloat16"):
            raise UnsupportedError(f"OpenVINO's CPU plugin has no product of {dtype} matrices of its own")

        def product(shape: Shape) -> Callable[[], object]:
            path, image = write_product(folder, shape, "float32")
            return _step(compiled_graph(path, threads, dtype), image)

        isa = _isa(compiled_graph(write_product(folder, SHAPES[0], "float32")[0], threads, dtype))
        gemms = tuple(sweep(visit.part, dtype, product, visit.shapes, clock, isa=isa))
        path, _, one = write_identity(folder, threads)
        overhead = empty_call(visit.part, _step(compiled_graph(path, threads, dtype), one), clock)
    return Ceilings(dtype=dtype, threads=threads, gemms=gemms, overheads=(overhead,))


def _step(compiled: Any, image: "npt.NDArray[Any]") -> Callable[[], object]:
    infer, feed = compiled.create_infer_request().infer, {0: image}
    return lambda: infer(feed, share_inputs=True)


def _isa(compiled: Any) -> str:
    """The primitive that OpenVINO says it chose for the product, as `brgemm_avx512_f32`."""
    for node in compiled.get_runtime_model().get_ops():
        told = node.get_rt_info()
        if "layerType" in told and str(told["layerType"].value) in ("FullyConnected", "MatMul"):
            return str(told["primitiveType"].value) if "primitiveType" in told else ""
    return ""
