"""A step captured as a CUDA graph, so that one launch replays all its kernels."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.worker.cuda_api import Cuda
from bench.worker.runtimes.loaded import UnsupportedError

_WARM_UPS = 3  # as torch.cuda.make_graphed_callables has it


@dataclass(frozen=True, kw_only=True)
class Captured:
    """`replay` runs the step again on the same tensors; `result` is where its answer appears."""

    replay: Callable[[], object]
    result: object


def capture(step: Callable[[], object], cuda: Cuda) -> Captured:
    """Capture one call of `step`, which must read a fixed input.

    Raises UnsupportedError where the step does what a graph cannot hold, MemoryError where memory ran out.
    """
    side, graph = cuda.Stream(), cuda.CUDAGraph()
    side.wait_stream(cuda.current_stream())
    # On the stream that will capture: libraries get their workspaces for each stream, and may not during a capture.
    with cuda.stream(side):
        for _ in range(_WARM_UPS):
            step()
    cuda.current_stream().wait_stream(side)
    try:
        # The outer context puts the stream back: torch.cuda.graph does not where ending the capture raises.
        with cuda.stream(side), cuda.graph(graph, stream=side):
            result = step()
    except RuntimeError as error:
        if (cause := _out_of_memory(error)) is not None:
            raise MemoryError(str(cause)) from error
        raise UnsupportedError(f"cannot be captured as a CUDA graph: {_first(error)}") from error
    cuda.synchronize()
    return Captured(replay=graph.replay, result=result)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those it arose from: ending a broken capture raises once more."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found


def _out_of_memory(error: BaseException) -> BaseException | None:
    return next((link for link in _chain(error) if "out of memory" in str(link).lower()), None)


def _first(error: BaseException) -> str:
    """One line of the error that came first, which is the one that says why."""
    return next(iter(str(_chain(error)[-1]).splitlines()), "") or type(error).__name__
