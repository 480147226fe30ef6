"""What each exception is called in a record."""

import pytest

from bench.records.record import status_of
from bench.worker.failure import classify
from bench.worker.measuring.threads import ThreadsError
from bench.worker.output_check import WrongOutputError
from bench.worker.runtimes.loaded import FallbackError, UnsupportedError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnsupportedError("no compiler"), ("skipped", "unsupported")),
        (ImportError("No module named 'onnxruntime'"), ("skipped", "unsupported")),
        (NotImplementedError("no such kernel"), ("skipped", "unsupported")),
        (RuntimeError("\"slow_conv2d_cpu\" not implemented for 'Half'"), ("skipped", "unsupported")),
        (WrongOutputError("differs"), ("failed", "wrong_output")),
        (FallbackError("asked for CUDA"), ("failed", "fallback")),
        (ThreadsError("set 2"), ("failed", "threads")),
        (MemoryError(), ("failed", "out_of_memory")),
        (
            RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 GB"),
            ("failed", "out_of_memory"),
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate"), ("failed", "out_of_memory")),
        (RuntimeError("std::bad_alloc"), ("failed", "out_of_memory")),
        (ValueError("expected 4 channels"), ("failed", "build")),
        (RuntimeError("shapes do not match"), ("failed", "error")),
        (KeyError("weight"), ("failed", "error")),
    ],
)
def test_each_failure_has_its_name_and_a_reason(error: Exception, expected: tuple[str, str]) -> None:
    kind, reason = classify(error)
    assert (status_of(kind), kind) == expected
    assert reason
    assert "\n" not in reason
