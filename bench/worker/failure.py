"""What an exception that ends a unit is called in its record."""

from bench.records.record import FailureKind
from bench.worker.channel import one_line
from bench.worker.measuring.threads import ThreadsError
from bench.worker.output_check import WrongOutputError
from bench.worker.runtimes.loaded import FallbackError, UnsupportedError


def classify(error: Exception) -> tuple[FailureKind, str]:
    """The kind and line that an exception becomes."""
    text = one_line(error)
    if isinstance(error, UnsupportedError):
        return "unsupported", text
    if isinstance(error, ImportError):
        return "unsupported", f"{text}; install it on this device"
    if isinstance(error, NotImplementedError) or "not implemented for '" in text:
        return "unsupported", text
    if isinstance(error, WrongOutputError):
        return "wrong_output", text
    if isinstance(error, FallbackError):
        return "fallback", text
    if isinstance(error, ThreadsError):
        return "threads", text
    # torch says it in a RuntimeError, CUDA in a class of its own, cuDNN and cuBLAS in a status, ONNX Runtime in words.
    words = ("out of memory", "not enough memory", "bad_alloc", "failed to allocate memory", "_status_alloc_failed")
    if isinstance(error, MemoryError) or any(word in text.lower() for word in words):
        return "out_of_memory", text or "out of memory"
    if isinstance(error, ValueError):
        return "build", text
    return "error", f"{type(error).__name__}: {text}"
