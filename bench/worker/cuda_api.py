"""The part of `torch.cuda` that timing uses; tests give another."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

# The names are torch's.
# ruff: noqa: N802


class Event(Protocol):
    """A mark in a stream's work, with the device's own time."""

    def record(self) -> Any:
        """Put it behind what was queued so far on the current stream."""

    def elapsed_time(self, end_event: Any) -> Any:
        """Milliseconds from this one to `end_event`; both must have passed."""


class Cuda(Protocol):
    """`torch.cuda`; what takes no device acts on the current one."""

    def device(self, device: Any) -> AbstractContextManager[Any]: ...

    def synchronize(self) -> None: ...

    def Event(self, enable_timing: bool) -> Event: ...

    def Stream(self) -> Any: ...

    def current_stream(self) -> Any: ...

    def stream(self, stream: Any) -> AbstractContextManager[Any]: ...

    def CUDAGraph(self) -> Any: ...

    def graph(self, cuda_graph: Any, *, stream: Any) -> AbstractContextManager[Any]: ...

    def empty_cache(self) -> None: ...

    def reset_peak_memory_stats(self) -> None: ...

    def max_memory_allocated(self) -> int: ...

    def get_device_properties(self, device: Any) -> Any: ...
