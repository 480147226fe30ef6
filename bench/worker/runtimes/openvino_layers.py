"""OpenVINO by its own counters: each operation of the graph as it was compiled."""

from pathlib import Path
from typing import Any

from bench.records.layers import Layers, Piece
from bench.records.workload import Unit
from bench.worker.interleaved import Side, interleaved
from bench.worker.measuring.clock import SystemClock
from bench.worker.runtimes.openvino_runtime import compiled, feed, moved_by, nodes_of

_TICK_S = 1e-6  # the counters are cut off at whole microseconds
_MADE_OF = "originalLayersNames"


def profiled(unit: Unit, path: Path) -> Layers:
    """The mean time of each operation over the calls of a second model, which counts, in turn with a plain one.

    Its counters are means over all calls of a model: the first one, which sets things up, is taken out.
    """
    plain, watched = compiled(unit, path), compiled(unit, path, PERF_COUNT=True)
    requests = plain.create_infer_request(), watched.create_infer_request()
    inputs = feed(unit, plain)
    begun: dict[str, float] = {}

    def call() -> None:
        requests[1].infer(inputs, share_inputs=True)
        if not begun:  # what takes less than a microsecond later on shows here
            begun.update(_sums(requests[1], 1))

    taken = interleaved(Side(step=lambda: requests[0].infer(inputs, share_inputs=True)), Side(step=call), SystemClock())
    total = _sums(requests[1], taken.calls)
    seconds = {name: max(0.0, (total.get(name, 0.0) - begun[name]) / (taken.calls - 1)) for name in begun}
    nodes = nodes_of(watched)
    pieces = tuple(_piece(node, seconds[name]) for node in nodes if (name := node.get_friendly_name()) in seconds)
    if not pieces:
        raise ValueError("expected operations in the counters of OpenVINO, they name none; update openvino")
    return Layers(
        pieces=pieces,
        plain_s=taken.plain_s,
        profiled_s=taken.profiled_s,
        asleep=len(nodes) - len(pieces),
        notes=(
            "OpenVINO counts means over calls, not medians, and cuts them off at whole microseconds: half of one is"
            " added to each operation",
        ),
    )


def _sums(request: Any, calls: int) -> dict[str, float]:
    """Seconds over so many calls, by the name of each operation that was executed."""
    return {
        node.node_name: (node.real_time.total_seconds() + _TICK_S / 2) * calls
        for node in request.profiling_info
        if node.status == node.Status.EXECUTED
    }


def _piece(node: Any, seconds: float) -> Piece:
    told = node.get_rt_info()
    made_of = str(told[_MADE_OF].value) if _MADE_OF in told else ""
    return Piece(
        name=node.get_friendly_name(),
        kind=str(told["layerType"].value) if "layerType" in told else node.get_type_name(),
        seconds=seconds,
        ran_on="CPU",
        parts=tuple(filter(None, made_of.split(","))),
        bytes_moved=moved_by(node),
    )
