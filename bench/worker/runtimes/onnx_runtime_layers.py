"""ONNX Runtime by its own profiler: each node of the graph as it was optimised."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.records.layers import Layers, Piece
from bench.records.workload import Unit
from bench.worker.interleaved import Side, interleaved
from bench.worker.measuring.clock import SystemClock
from bench.worker.runtimes.onnx_runtime import KERNEL, feed, node_sizes, profile_of, session

_TICK_S = 1e-6  # the profiler cuts its times off at whole microseconds


def profiled(unit: Unit, path: Path) -> Layers:
    """The median time of each node over the calls of a second session, which profiles, in turn with a plain one."""
    sizes = node_sizes(unit, path)
    plain = session(path, unit.threads, flush_denormal=unit.settings.flush_denormal)
    with TemporaryDirectory() as folder:
        watched = session(path, unit.threads, flush_denormal=unit.settings.flush_denormal, profile=Path(folder))
        names, inputs = [value.name for value in plain.get_outputs()], feed(unit, plain)
        taken = interleaved(
            Side(step=lambda: plain.run(names, inputs)), Side(step=lambda: watched.run(names, inputs)), SystemClock()
        )
        nodes = _by_node(profile_of(watched))
    # The whole of what was called: what is kept, and the calls before each burst.
    calls = 1 + max(taken.kept)
    return Layers(
        pieces=tuple(_piece(name, events, taken.kept, calls, sizes.get(name)) for name, events in nodes.items()),
        plain_s=taken.plain_s,
        profiled_s=taken.profiled_s,
        notes=("the profiler cuts times off at whole microseconds: half of one is added to each node",),
    )


def _by_node(events: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The kernels' events by their node, in the order in which they first ran; ValueError where none has a name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith(KERNEL) and len(name) > len(KERNEL):
            found.setdefault(name.removesuffix(KERNEL), []).append(event)
    if not found:
        raise ValueError("expected nodes in the profile of ONNX Runtime, it names none; update onnxruntime")
    return found


def _piece(name: str, events: Sequence[dict[str, Any]], kept: Sequence[int], calls: int, size: int | None) -> Piece:
    """Of a node that one call may run several times, as in a loop."""
    each = max(1, len(events) // calls)
    taken = [sum(float(event["dur"]) for event in events[at * each : (at + 1) * each]) for at in kept]
    about = events[0]["args"]
    return Piece(
        name=name,
        kind=str(about.get("op_name", "")),
        seconds=median(taken or [0.0]) * 1e-6 + each * _TICK_S / 2,
        ran_on=str(about.get("provider", "")) or "unknown",
        bytes_moved=size,
    )
