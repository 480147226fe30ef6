"""ONNX Runtime by its own profiler: each node of the graph as it was optimised."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.records.layers import Layers, Piece
from bench.records.workload import Unit
from bench.worker.interleaved import Interleaved, Side, interleaved
from bench.worker.measuring.clock import SystemClock
from bench.worker.peak.graphs import chain_graph
from bench.worker.runtimes.onnx_runtime import KERNEL, feed, node_sizes, opened_for, profile_of

_Nodes = dict[str, list[dict[str, Any]]]

_TICK_S = 1e-6  # the profiler cuts its times off at whole microseconds
_CHAIN, _CHAIN_SIZES = 200, (1, 4, 4, 4)


def profiled(unit: Unit, path: Path) -> Layers:
    """The median time of each node over the calls of a second session, which profiles, in turn with a plain one.

    What the profiler does within a node's time is taken out of each of its runs.
    """
    sizes, cost_s = node_sizes(unit, path), profiler_s(unit)
    taken, nodes = _profile(unit, path, lambda plain: feed(unit, plain))
    runs = sum(max(1, len(events) // taken.calls) for events in nodes.values())
    return Layers(
        pieces=tuple(
            _piece(name, events, taken.kept, taken.calls, cost_s, sizes.get(name)) for name, events in nodes.items()
        ),
        plain_s=taken.plain_s,
        profiled_s=taken.profiled_s,
        taken_out_s=runs * cost_s,
        notes=("the profiler cuts times off at whole microseconds: half of one is added to each node",),
    )


def profiler_s(unit: Unit) -> float:
    """Seconds that the profiler spends within the time of one node: it writes shapes down before it stops its clock.

    From a chain of nodes that do next to nothing: what it says that they take, less a call without it.
    """
    import numpy as np

    with TemporaryDirectory() as folder:
        path = Path(folder, "chain.onnx")
        path.write_bytes(chain_graph(_CHAIN, *_CHAIN_SIZES))
        taken, nodes = _profile(unit, path, lambda _: {"a": np.ones(_CHAIN_SIZES, dtype=np.float32)})
    # The sum's median, not the medians' sum: over many nodes the microseconds that are cut off even out.
    sums = [sum(float(events[at]["dur"]) for events in nodes.values()) for at in taken.kept]
    return max(0.0, (median(sums) * 1e-6 - median(taken.plain_s)) / len(nodes) + _TICK_S / 2)


def _profile(unit: Unit, path: Path, fed: Callable[[Any], dict[str, Any]]) -> tuple[Interleaved, _Nodes]:
    """Calls without and with the profiler, and its events of all of the latter by node."""
    plain = opened_for(unit, path)
    with TemporaryDirectory() as folder:
        watched = opened_for(unit, path, profile=Path(folder))
        names, inputs = [value.name for value in plain.get_outputs()], fed(plain)
        taken = interleaved(
            Side(step=lambda: plain.run(names, inputs)), Side(step=lambda: watched.run(names, inputs)), SystemClock()
        )
        return taken, _by_node(profile_of(watched))


def _by_node(events: Sequence[dict[str, Any]]) -> _Nodes:
    """The kernels' events by their node, in the order in which they first ran; ValueError where none has a name."""
    found: _Nodes = {}
    for event in events:
        name = str(event.get("name", ""))
        if event.get("cat") == "Node" and name.endswith(KERNEL) and len(name) > len(KERNEL):
            found.setdefault(name.removesuffix(KERNEL), []).append(event)
    if not found:
        raise ValueError("expected nodes in the profile of ONNX Runtime, it names none; update onnxruntime")
    return found


def _piece(
    name: str, events: Sequence[dict[str, Any]], kept: Sequence[int], calls: int, cost_s: float, size: int | None
) -> Piece:
    """Of a node that one call may run several times, as in a loop."""
    each = max(1, len(events) // calls)
    taken = [sum(float(event["dur"]) for event in events[at * each : (at + 1) * each]) for at in kept]
    about = events[0]["args"]
    return Piece(
        name=name,
        kind=str(about.get("op_name", "")),
        seconds=max(0.0, median(taken or [0.0]) * 1e-6 + each * (_TICK_S / 2 - cost_s)),
        ran_on=str(about.get("provider", "")) or "unknown",
        bytes_moved=size,
    )
