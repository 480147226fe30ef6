"""Eager PyTorch, module by module: when each module's forward began and ended."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.plan.subjects import BYTES
from bench.records.layers import Layers, Part, Piece
from bench.records.workload import Unit
from bench.worker import build
from bench.worker.inputs import input_array
from bench.worker.interleaved import Side, interleaved
from bench.worker.measuring.clock import SystemClock
from bench.worker.runtimes import pytorch

if TYPE_CHECKING:
    from torch import nn

    from models.count_layers import LayerCost

NETWORK = "(the network)"  # the layer of what lies in no module but the whole


def profiled(unit: Unit, model: Path | None = None) -> Layers:
    """Each module's own time: its forward's, less that of the modules which it calls.

    What watching costs, the difference of calls with and without it, is taken out of all of them evenly.
    """
    import torch

    from models.count_layers import count_layers

    pytorch.set_threads(unit.threads)
    with torch.inference_mode(False):
        images = torch.from_numpy(input_array(unit))
    network = build.build_module(unit.workload, images)
    costs = count_layers(network, images, channels_last=unit.layout == "channels_last")
    loaded = pytorch.load_module(network, unit)
    watch = Stopwatch(network)
    with watch:
        taken = interleaved(
            Side(step=loaded.step, begin=watch.off, restore=loaded.restore),
            Side(step=watch.stepping(loaded.step), begin=watch.on, restore=loaded.restore),
            SystemClock(),
        )
    own = watch.own_times([watch.calls[index] for index in taken.kept])
    calls = sum(count for _, count in own.values())
    extra_s = max(0.0, median(taken.profiled_s) - median(taken.plain_s))
    return Layers(
        pieces=tuple(_piece(cost, own, extra_s / max(1, calls), unit) for cost in costs if cost.path in own),
        parts=tuple(_part(cost) for cost in costs),
        plain_s=taken.plain_s,
        profiled_s=taken.profiled_s,
        taken_out_s=extra_s,
    )


def _piece(cost: "LayerCost", own: dict[str, tuple[float, int]], each_s: float, unit: Unit) -> Piece:
    seconds, calls = own[cost.path]
    path = cost.path or NETWORK
    return Piece(
        name=path,
        kind=cost.kind,
        seconds=max(0.0, seconds - calls * each_s),
        ran_on=unit.accelerator or "cpu",
        parts=(path,),
        bytes_moved=cost.bytes_moved * BYTES[unit.dtype] // BYTES["float32"],
    )


def _part(cost: "LayerCost") -> Part:
    path = cost.path or NETWORK
    return Part(name=path, layer=path, kind=cost.kind, macs=cost.macs, params=cost.params, stride=cost.stride)


class Stopwatch:
    """The forwards of a network's modules, watched while it is on: which, its start and its end, in nanoseconds."""

    def __init__(self, network: "nn.Module") -> None:
        self._network, self._paths = network, [path for path, _ in network.named_modules()]
        self._note: Callable[[tuple[int, int, int]], None] = lambda _: None
        self._held = ExitStack()
        self.calls: list[list[tuple[int, int, int]]] = []  # of the network, in each the forwards as they ended

    def __enter__(self) -> "Stopwatch":
        return self

    def __exit__(self, *_: object) -> None:
        self.off()

    def on(self) -> None:
        """Watch from now on; ValueError where a module cannot be."""
        from models.module_calls import around_forwards

        number = {path: index for index, path in enumerate(self._paths)}
        self.off()
        self._held.enter_context(around_forwards(self._network, lambda path, _, run: self._timed(number[path], run)))

    def off(self) -> None:
        """The network is again as it was."""
        self._held.close()

    def stepping(self, step: Callable[[], object]) -> Callable[[], object]:
        """The step, with a new entry of `calls` for each call."""

        def stepped() -> object:
            seen: list[tuple[int, int, int]] = []
            self.calls.append(seen)
            self._note = seen.append
            return step()

        return stepped

    def _timed(self, index: int, forward: Callable[..., Any]) -> Callable[..., Any]:
        now = time.perf_counter_ns

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = now()
            result = forward(*args, **kwargs)
            self._note((index, start, now()))
            return result

        return timed

    def own_times(self, calls: list[list[tuple[int, int, int]]]) -> dict[str, tuple[float, int]]:
        """By path: the median over these calls of a module's own seconds, and how often one of them calls it."""
        sums: dict[int, list[int]] = {}
        counts = Counter(index for seen in calls for index, *_ in seen)
        for seen in calls:
            of_call: Counter[int] = Counter()
            for index, nanoseconds in own_ns(seen):
                of_call[index] += nanoseconds
            for index, total in of_call.items():
                sums.setdefault(index, []).append(total)
        return {
            self._paths[index]: (median(totals) / 1e9, counts[index] // len(calls)) for index, totals in sums.items()
        }


def own_ns(seen: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Each forward's nanoseconds without those of the forwards within it; they come in the order in which they end."""
    found = []
    ended: list[tuple[int, int]] = []  # starts and lengths of those that no other has been found around yet
    for index, start, end in seen:
        within = 0
        while ended and ended[-1][0] >= start:
            within += ended.pop()[1]
        found.append((index, end - start - within))
        ended.append((start, end - start))
    return found
