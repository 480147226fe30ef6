"""The global switches of a runtime: set, read back and restored around a unit."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.plan.runtimes import runtime
from bench.records.workload import Unit


@contextmanager
def applied(unit: Unit) -> Iterator[None]:
    """TF32, cudnn autotuning, flush-to-zero and inference mode as the unit says; torch only where it runs.

    Raises RuntimeError where a switch does not read back as it was set.
    """
    if runtime(unit.runtime).graph:
        yield
        return
    import torch

    settings = unit.settings
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark)
    matmul.allow_tf32 = cudnn.allow_tf32 = settings.tf32
    cudnn.benchmark = settings.cudnn_benchmark
    flushed = torch.set_flush_denormal(settings.flush_denormal)
    try:
        if settings.flush_denormal and not flushed:
            raise RuntimeError("this CPU cannot flush denormal numbers to zero")
        wanted, seen = (
            (settings.tf32, settings.tf32, settings.cudnn_benchmark),
            (matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark),
        )
        if seen != wanted:
            raise RuntimeError(f"set TF32 (matmul, cudnn) and cudnn autotuning to {wanted}, they read {seen}")
        with torch.inference_mode():
            yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = before
        torch.set_flush_denormal(False)
