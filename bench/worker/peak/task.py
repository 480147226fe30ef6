"""The task that makes one visit: one part of a device's ceilings, in a process of its own."""

import os
from collections.abc import Callable
from pkgutil import resolve_name

from bench.records.ceilings import Ceilings
from bench.wire.messages import Fatal
from bench.wire.order import Part, Task
from bench.worker.channel import Channel, one_line
from bench.worker.measuring.clock import SystemClock

_PARTS: dict[Part, str] = {
    "memory": "bench.worker.peak.memory:visit_memory",
    "numpy": "bench.worker.peak.numpy_part:visit_numpy",
    "eager": "bench.worker.peak.torch_part:visit_torch",
    "onnxruntime": "bench.worker.peak.onnx_part:visit_onnxruntime",
    "openvino": "bench.worker.peak.openvino_part:visit_openvino",
    "cuda": "bench.worker.peak.cuda_part:visit_cuda",
}


def visit_ceilings(task: Task, channel: Channel) -> None:
    """Send one `ceilings` message, or why this part has none."""
    if task.visit is None:
        raise ValueError("expected a visit to be asked for")
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    visit: Callable[..., Ceilings] = resolve_name(_PARTS[task.visit.part])
    try:
        channel.send(visit(task.visit, cpus, SystemClock()))
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - a runtime may raise anything where it lacks a kernel
        channel.send(Fatal(kind="unsupported", reason=one_line(error)))
