"""table.csv: every number of a row at full precision, in SI units; an empty cell does not apply."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from reports.numbers import centre, high, low
from reports.results import Results
from reports.rows import Row, settings_text
from reports.untrusted import safe_csv

T = TypeVar("T")
Value = str | int | float | None

# The order is a contract: new columns go at the end.
COLUMNS: dict[str, Callable[[Row], Value]] = {
    "device": lambda row: row.unit.device,
    "runtime": lambda row: row.unit.runtime,
    "kind": lambda row: row.unit.workload.kind,
    "name": lambda row: row.unit.workload.name,
    "variant": lambda row: row.unit.workload.variant,
    "input_shape": lambda row: row.size,
    "stack": lambda row: row.unit.workload.stack,
    "batch": lambda row: row.unit.batch,
    "dtype": lambda row: row.unit.dtype,
    "layout": lambda row: row.unit.layout,
    "threads": lambda row: row.unit.threads,
    "mode": lambda row: row.unit.mode,
    "params": lambda row: row.params,
    "macs": lambda row: row.macs,
    "flops": lambda row: row.flops,
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
    "bytes_per_s": lambda row: row.bytes_per_s,
    "percent_of_limit": lambda row: None,  # until ceilings are measured
    "rounds": lambda row: row.rounds,
    "samples": lambda row: row.samples,
    "peak_memory_bytes": lambda row: row.peak_memory_bytes,
    "load_s": lambda row: row.load_s,
    "first_call_s": lambda row: row.first_call_s,
    "max_error": lambda row: row.max_error,
    "verdict": lambda row: row.verdict,
    "status": lambda row: row.status,
    "reason": lambda row: row.reason,
    "rounds_planned": lambda row: row.planned,
    "latency_p10_s": lambda row: row.percentiles.p10 if row.latency else None,
    "latency_p50_s": lambda row: row.percentiles.p50 if row.latency else None,
    "latency_p90_s": lambda row: row.percentiles.p90 if row.latency else None,
    "latency_p99_s": lambda row: row.percentiles.p99 if row.latency else None,
    "device_memory_bytes": lambda row: row.device_memory_bytes,
    "settings": lambda row: settings_text(row.unit),
    "notes": lambda row: "; ".join(row.notes),
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
