"""The task that measures units as any other run does, and then asks their runtime for the time of each layer."""

import gc
import pkgutil
from dataclasses import replace
from pathlib import Path

from bench.cache.store import Store
from bench.plan.plugins import remedy
from bench.plan.runtimes import runtime
from bench.records.layers import Layers
from bench.records.record import Record, status_of
from bench.records.workload import Unit
from bench.wire.messages import Begin
from bench.wire.order import Order, Task
from bench.worker.channel import Channel
from bench.worker.failure import classify
from bench.worker.measure import measure_unit, model_of
from bench.worker.measuring.clock import SystemClock, timer_overhead_s
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.settings import applied


def time_layers(task: Task, channel: Channel) -> None:
    """Each unit ends in one record; where its layers cannot be had, that is what its record says."""
    store, clock = Store(Path(task.cache)), SystemClock()
    overhead_s = timer_overhead_s(clock)
    for order in task.orders:
        channel.send(Begin(), order)
        channel.send(with_layers(measure_unit(order, store, clock, overhead_s), order, store), order)


def with_layers(record: Record, order: Order, store: Store) -> Record:
    """The record of a unit that was measured, with its layers or with the reason why there are none."""
    if record.measurement is None:
        return record
    gc.collect()  # of what was measured: a small board has no room for two
    try:
        with applied(order.unit):
            return replace(record, layers=_profiled(order.unit, model_of(order, store)))
    except Exception as error:  # noqa: BLE001 - a network or a profiler may raise anything, and the row must say what
        kind, reason = classify(error)
        return replace(record, measurement=None, status=status_of(kind), reason_kind=kind, reason=reason)


def _profiled(unit: Unit, model: Path | None) -> Layers:
    row = runtime(unit.runtime)
    if not row.profiled:
        raise UnsupportedError(f"{row.title} does not say what its layers take")
    if unit.accelerator:
        raise UnsupportedError("layers are timed on CPUs only: on a GPU a call returns before its kernels have run")
    found: object = pkgutil.resolve_name(row.profiled)(unit, model)
    if not isinstance(found, Layers):
        what = remedy("bench.runtimes", row.name)
        raise TypeError(f"expected {row.profiled} to return Layers, got {type(found).__name__}; {what}")
    return found
