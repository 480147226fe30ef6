"""table.csv: every number of a row at full precision, in SI units; an empty cell does not apply."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TypeVar

from bench.records.accuracy import MeasuredAccuracy
from bench.records.workload import Unit, size_text
from reports.numbers import centre, high, low
from reports.results import Results
from reports.row import Row
from reports.rows import settings_text
from reports.standing import Standing
from reports.sustained import SustainedSpeed
from reports.untrusted import safe_csv

T = TypeVar("T")
Value = str | int | float | None


def same(*names: str) -> dict[str, Callable[[object], Value]]:
    """Columns that are named like what they show of an item."""
    return {name: attrgetter(name) for name in names}


# What a unit says of itself.
OF_UNIT: dict[str, Callable[[Unit], Value]] = {
    **same("device", "runtime"),
    "kind": lambda unit: unit.workload.kind,
    "name": lambda unit: unit.workload.name,
    "variant": lambda unit: unit.workload.variant,
    "input_shape": lambda unit: size_text(unit.workload.input_shape),
    "stack": lambda unit: unit.workload.stack,
    **same("batch", "dtype", "layout", "threads", "mode", "round"),
    "settings": settings_text,
    **same("allocator"),
}


def _of_unit(name: str) -> Callable[[Row], Value]:
    return lambda row: OF_UNIT[name](row.unit)


def _of_sustained(value: Callable[[SustainedSpeed], Value]) -> Callable[[Row], Value]:
    return lambda row: None if row.sustained is None else value(row.sustained)


def _of_standing(value: Callable[[Standing], Value]) -> Callable[[Row], Value]:
    return lambda row: None if row.standing is None else value(row.standing)


def _of_accuracy(value: Callable[[MeasuredAccuracy], Value]) -> Callable[[Row], Value]:
    return lambda row: None if row.accuracy is None else value(row.accuracy)


# The order is a contract: new columns go at the end.
COLUMNS: dict[str, Callable[[Row], Value]] = {
    **{name: _of_unit(name) for name in OF_UNIT if name not in ("round", "settings", "allocator")},
    **same("params", "macs", "flops"),
    "bytes_ideal": lambda row: None if row.cost is None else row.cost.bytes_ideal,
    "bytes_moved": lambda row: None if row.cost is None else row.cost.bytes_moved,
    "latency_s": lambda row: centre(row.latency),
    "latency_low_s": lambda row: low(row.latency),
    "latency_high_s": lambda row: high(row.latency),
    "device_time_s": lambda row: centre(row.device_time),
    "images_per_s": lambda row: centre(row.images_per_s),
    "images_per_s_low": lambda row: low(row.images_per_s),
    "images_per_s_high": lambda row: high(row.images_per_s),
    "macs_per_s": lambda row: centre(row.macs_per_s),
    "flops_per_s": lambda row: 2 * row.macs_per_s.centre if row.macs_per_s else None,
    **same("bytes_per_s"),
    "percent_of_limit": _of_standing(lambda it: it.percent_of_limit),
    **same("rounds", "samples", "peak_memory_bytes", "load_s", "first_call_s", "max_error"),
    **same("verdict", "status", "reason"),
    "rounds_planned": lambda row: row.planned,
    "latency_p10_s": lambda row: row.percentiles.p10 if row.latency else None,
    "latency_p50_s": lambda row: row.percentiles.p50 if row.latency else None,
    "latency_p90_s": lambda row: row.percentiles.p90 if row.latency else None,
    "latency_p99_s": lambda row: row.percentiles.p99 if row.latency else None,
    **same("device_memory_bytes"),
    "settings": _of_unit("settings"),
    "notes": lambda row: "; ".join(row.notes),
    "allocator": _of_unit("allocator"),
    **same("page_faults_per_call", "page_fault_share", "threads_worked", "isa"),
    **same("iterations_per_sample"),
    "sustain_s": lambda row: row.unit.settings.sustain_s or None,
    "burst_s": _of_sustained(lambda it: it.burst.centre),
    "steady_s": _of_sustained(lambda it: it.steady.centre),
    "steady_over_burst": _of_sustained(lambda it: it.slowdown.centre),
    "steady_over_burst_low": _of_sustained(lambda it: it.slowdown.low),
    "steady_over_burst_high": _of_sustained(lambda it: it.slowdown.high),
    "energy_per_image_j": _of_sustained(lambda it: it.energy_j),
    "energy_above_idle_per_image_j": _of_sustained(lambda it: it.above_idle_j),
    "power_w": _of_sustained(lambda it: it.power_w),
    "idle_w": _of_sustained(lambda it: it.idle_w),
    "meter": _of_sustained(lambda it: it.meter or (f"none: {it.no_meter}" if it.no_meter else "")),
    "bound": _of_standing(lambda it: it.bound),
    "compute_share": _of_standing(lambda it: it.compute_share),
    "memory_share": _of_standing(lambda it: it.memory_share),
    "overhead_share": _of_standing(lambda it: it.overhead_share),
    "delegated_operations": lambda row: row.delegated[0] if row.delegated else None,
    "operations": lambda row: row.delegated[1] if row.delegated else None,
    "top1": _of_accuracy(lambda it: it.top1),
    "top1_low": _of_accuracy(lambda it: it.low),
    "top1_high": _of_accuracy(lambda it: it.high),
    "top1_images": _of_accuracy(lambda it: it.images),
    "top1_artifact": _of_accuracy(lambda it: it.artifact),
}


def csv_table(results: Results) -> str:
    """The whole table."""
    return csv_text(COLUMNS, results.rows)


def csv_text(columns: Mapping[str, Callable[[T], Value]], items: Iterable[T]) -> str:
    """A heading and a line per item, each ended by a single newline."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value(item)) for value in columns.values()] for item in items)
    return out.getvalue()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return safe_csv(value)
    # Nine digits are beyond any measurement here and spare the reader binary fractions.
    return str(value) if isinstance(value, int) else f"{value:.9g}"
