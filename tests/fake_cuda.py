"""A GPU on paper: a host clock, a device that works behind it, an allocator, and a log of what was called when.

Launching costs the host `launch_ns`; the device starts a kernel when it is free and the launch has reached it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

MIB = 2**20


class PaperEvent:
    def __init__(self, cuda: "PaperCuda", enable_timing: bool) -> None:
        self._cuda, self._timed, self.at_ns = cuda, enable_timing, -1

    def record(self) -> None:
        self._cuda.log.append("record")
        self.at_ns = max(self._cuda.ns, self._cuda.free_at_ns)

    def elapsed_time(self, end_event: "PaperEvent") -> float:
        if not (self._timed and end_event._timed):
            raise RuntimeError("the events were made without timing")
        if max(self.at_ns, end_event.at_ns) > self._cuda.ns:
            raise RuntimeError("device not ready")  # as CUDA has it for an event that has not passed
        return (end_event.at_ns - self.at_ns) / 1e6


class PaperStream:
    def __init__(self, cuda: "PaperCuda", name: str) -> None:
        self._cuda, self.name = cuda, name

    def wait_stream(self, other: "PaperStream") -> None:
        self._cuda.log.append(f"{self.name} waits for {other.name}")


class PaperGraph:
    """What was launched while it was being captured; one launch replays all of it."""

    def __init__(self, cuda: "PaperCuda") -> None:
        self._cuda, self.kernels_ns = cuda, list[int]()

    def replay(self) -> None:
        self._cuda.log.append("replay")
        self._cuda.launch(sum(self.kernels_ns))


@dataclass
class PaperCuda:
    """Stands for `torch.cuda`, and for the clock of the host beside it."""

    launch_ns: int = 10
    l2_bytes: int = 4 * MIB
    memory_bytes: int = 1024 * MIB
    ns: int = 0
    free_at_ns: int = 0
    allocated: int = 0
    peak: int = 0
    current: int = 0
    lost: bool = False  # the context: every call fails from then on
    log: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    capturing: PaperGraph | None = None
    capture_fails: str = ""
    ends_badly: bool = False  # a capture that failed raises once more when it is ended

    def __post_init__(self) -> None:
        self._stream = PaperStream(self, "default")

    # --- the clock

    def now_ns(self) -> int:
        return self.ns

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ns += round(seconds * 1e9)

    # --- what a step does

    def launch(self, kernel_ns: int) -> None:
        if self.lost:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if self.capturing is not None:
            if self.capture_fails:
                raise RuntimeError(self.capture_fails)
            self.capturing.kernels_ns.append(kernel_ns)
            return
        self.ns += self.launch_ns
        self.free_at_ns = max(self.ns, self.free_at_ns) + kernel_ns

    def step(self, *kernels_ns: int, name: str = "step") -> Callable[[], None]:
        def run() -> None:
            self.log.append(name)
            for kernel_ns in kernels_ns:
                self.launch(kernel_ns)

        return run

    def allocate(self, size: int) -> None:
        if self.allocated + size > self.memory_bytes:
            raise RuntimeError(f"CUDA out of memory. Tried to allocate {size} bytes.")
        self.allocated += size
        self.peak = max(self.peak, self.allocated)

    def free(self, size: int) -> None:
        self.allocated -= size

    # --- torch.cuda

    @contextmanager
    def device(self, device: Any) -> Iterator[None]:
        before, self.current = self.current, device
        self.log.append(f"device {device}")
        yield
        self.current = before

    def synchronize(self) -> None:
        if self.lost:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        self.log.append("wait")
        self.ns = max(self.ns, self.free_at_ns)

    def Event(self, enable_timing: bool) -> PaperEvent:  # noqa: N802
        return PaperEvent(self, enable_timing)

    def Stream(self) -> PaperStream:  # noqa: N802
        return PaperStream(self, "side")

    def current_stream(self) -> PaperStream:
        return self._stream

    @contextmanager
    def stream(self, stream: PaperStream) -> Iterator[None]:
        before, self._stream = self._stream, stream
        try:
            yield
        finally:
            self._stream = before

    def CUDAGraph(self) -> PaperGraph:  # noqa: N802
        return PaperGraph(self)

    @contextmanager
    def graph(self, cuda_graph: PaperGraph, *, stream: PaperStream) -> Iterator[None]:
        self.log.append("capture")
        # torch sets the stream itself, and does not set it back where ending the capture raises.
        before, self._stream, self.capturing = self._stream, stream, cuda_graph
        try:
            yield
        except RuntimeError:
            self.capturing = None
            if self.ends_badly:
                raise RuntimeError("CUDA error: operation failed due to a previous error during capture")  # noqa: B904
            self._stream = before
            raise
        self.capturing, self._stream = None, before

    def empty_cache(self) -> None:
        self.log.append("empty cache")

    def reset_peak_memory_stats(self) -> None:
        self.peak = self.allocated

    def max_memory_allocated(self) -> int:
        return self.peak

    def get_device_properties(self, device: Any) -> Any:
        return SimpleNamespace(L2_cache_size=self.l2_bytes, name=f"Paper GPU {device}")

    # --- the flush buffer

    def buffer(self, size: int) -> "PaperBuffer":
        self.allocate(size)
        return PaperBuffer(self, size)


@dataclass
class PaperBuffer:
    """A byte takes a hundredth of a nanosecond to write."""

    cuda: PaperCuda
    size: int

    def zero_(self) -> None:
        self.cuda.log.append("flush")
        self.cuda.launch(self.size // 100)
