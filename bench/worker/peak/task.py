"""The task that makes one visit: one part of a device's ceilings, in a process of its own."""

import os
from pkgutil import resolve_name

from bench.plan.plugins import remedy
from bench.plan.runtimes import runtime
from bench.records.ceilings import Ceilings
from bench.wire.messages import Fatal
from bench.wire.order import Task, Visit
from bench.worker.channel import Channel, one_line
from bench.worker.measuring.clock import SystemClock

PARTS = {  # the others are runtimes
    "memory": "bench.worker.peak.memory:visit_memory",
    "numpy": "bench.worker.peak.numpy_part:visit_numpy",
    "cuda": "bench.worker.peak.cuda_part:visit_cuda",
}


def visit_ceilings(task: Task, channel: Channel) -> None:
    """Send one `ceilings` message, or why this part has none."""
    if task.visit is None:
        raise ValueError("expected a visit to be asked for")
    try:
        channel.send(_visited(task.visit))
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - a runtime may raise anything where it lacks a kernel
        channel.send(Fatal(kind="unsupported", reason=one_line(error)))


def _visited(visit: Visit) -> Ceilings:
    function = PARTS.get(visit.part) or runtime(visit.part).ceilings
    found: object = resolve_name(function)(visit, tuple(sorted(os.sched_getaffinity(0))), SystemClock())
    if not isinstance(found, Ceilings):
        what = remedy("bench.runtimes", visit.part)
        raise TypeError(f"expected {function} to return Ceilings, got {type(found).__name__}; {what}")
    return found
