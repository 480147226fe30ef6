"""Matrix products, memory and the launch of a kernel on an NVIDIA GPU. Not run on hardware yet."""

from collections.abc import Callable, Iterator, Sequence

from bench.plan.runtimes import MODULE_RUNTIME
from bench.records.ceilings import DRAM, TF32, Access, Bandwidth, Ceilings, Gemm
from bench.wire.order import Visit
from bench.worker.measuring.clock import Clock
from bench.worker.peak.products import Shape, empty_call, sweep

_SHAPES: tuple[Shape, ...] = tuple((size, size, size) for size in (1024, 2048, 4096, 8192))
_BYTES = 1 << 30  # of all arrays of an access, beyond any L2 cache
_PASSES = 20


def visit_cuda(visit: Visit, cpus: Sequence[int], clock: Clock) -> Ceilings:
    """torch.mm in the dtype, of float32 in TF32 too; copy and triad; a kernel of one number, waited for."""
    import torch

    device, shapes = torch.device(visit.accelerator), visit.shapes or _SHAPES
    with torch.inference_mode(), torch.cuda.device(device):
        kinds = {visit.dtype: False} | ({TF32: True} if visit.dtype == "float32" else {})
        gemms: list[Gemm] = []
        for dtype, allowed in kinds.items():
            torch.backends.cuda.matmul.allow_tf32 = allowed
            gemms += sweep(MODULE_RUNTIME, dtype, lambda shape: _product(shape, visit.dtype, device), shapes, clock)
        one = torch.zeros(1, device=device)
        launch = empty_call(MODULE_RUNTIME, lambda: _waited(one.zero_), clock)
        found = tuple(_bandwidths(device))
    return Ceilings(
        dtype=visit.dtype,
        threads=len(cpus),
        accelerator=visit.accelerator,
        gemms=tuple(gemms),
        bandwidths=found,
        overheads=(launch,),
    )


def _waited(step: Callable[[], object]) -> None:
    import torch

    step()
    torch.cuda.synchronize()


def _product(shape: Shape, dtype: str, device: object) -> Callable[[], object]:
    import torch

    m, k, n = shape
    if dtype == "int8":
        left, right = (torch.randint(-128, 128, size, dtype=torch.int8, device=device) for size in ((m, k), (k, n)))  # type: ignore[call-overload]
        return lambda: _waited(lambda: torch._int_mm(left, right))
    kind = getattr(torch, dtype)
    a, b = (torch.rand(size, device=device).to(kind) for size in ((m, k), (k, n)))  # type: ignore[call-overload]
    result = torch.empty(m, n, dtype=kind, device=device)  # type: ignore[call-overload]
    return lambda: _waited(lambda: torch.mm(a, b, out=result))


def _bandwidths(device: object) -> Iterator[Bandwidth]:
    import torch

    accesses: dict[Access, int] = {"copy": 2, "triad": 3}
    for access, count in accesses.items():
        arrays = [torch.ones(_BYTES // count // 4, device=device) for _ in range(count)]  # type: ignore[call-overload]
        target, *sources = arrays
        step = {
            "copy": lambda t=target, s=sources: t.copy_(s[0]),
            "triad": lambda t=target, s=sources: torch.add(s[0], s[-1], alpha=3, out=t),
        }[access]
        rate = sum(array.nbytes for array in arrays) / min(_event_seconds(step) for _ in range(_PASSES))
        yield Bandwidth(level=DRAM, level_bytes=0, access=access, set_bytes=_BYTES, bytes_per_s=(rate,))


def _event_seconds(step: Callable[[], object]) -> float:
    import torch

    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    start.record()
    step()
    end.record()
    end.synchronize()
    return max(float(start.elapsed_time(end)), 1e-6) / 1e3
