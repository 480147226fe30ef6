"""Matrix products by PyTorch on a CPU, and an empty module's call."""

import re
from collections.abc import Callable, Sequence

from bench.records.ceilings import Ceilings
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.printed import printed
from bench.worker.peak.products import SHAPES, Shape, empty_call, sweep
from bench.worker.runtimes.pytorch import set_threads

# As oneDNN (which runs bfloat16, say) and MKL (float32 on x86) write them when they are asked to be verbose.
_ONEDNN = re.compile(r"exec,cpu,\w+,([\w:.-]+:[\w:.-]+),")
_MKL = re.compile(r"oneMKL .*?\(Intel\(R\) ([\w. -]+)\)[^()]* enabled processors")


def ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """torch.mm, of int8 torch._int_mm."""
    import torch

    set_threads(len(cpus))
    with torch.inference_mode():
        product, empty, one = _product_in(visit.dtype), torch.nn.Identity(), torch.zeros(1)
        gemms = tuple(sweep(visit.part, visit.dtype, product, visit.shapes, clock, isa=_isa(product(SHAPES[0]))))
        overhead = empty_call(visit.part, lambda: empty(one), clock)
    return Ceilings(dtype=visit.dtype, threads=len(cpus), gemms=gemms, overheads=(overhead,))


def _product_in(dtype: str) -> Callable[[Shape], Callable[[], object]]:
    import torch

    def product(shape: Shape) -> Callable[[], object]:
        m, k, n = shape
        draw = torch.Generator().manual_seed(0)
        if dtype == "int8":
            left, right = (
                torch.randint(-128, 128, size, generator=draw, dtype=torch.int8) for size in ((m, k), (k, n))
            )
            return lambda: torch._int_mm(left, right)
        kind = getattr(torch, dtype)
        a, b = (torch.rand(size, generator=draw).to(kind) for size in ((m, k), (k, n)))
        result = torch.empty(m, n, dtype=kind)
        return lambda: torch.mm(a, b, out=result)

    return product


def _isa(step: Callable[[], object]) -> str:
    """What the library behind the product says it runs; empty where it does not tell."""
    import torch

    with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):  # type: ignore[no-untyped-call]
        said = printed(step)
    if found := _ONEDNN.search(said):
        return f"oneDNN {found[1]}"
    if not torch.backends.mkl.is_available():  # type: ignore[no-untyped-call]
        return ""
    with torch.backends.mkl.verbose(torch.backends.mkl.VERBOSE_ON):  # type: ignore[no-untyped-call]
        said = printed(step)
    return f"MKL {found[1]}" if (found := _MKL.search(said)) else ""
