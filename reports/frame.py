"""A run as data frames, for a notebook.

    from bench.api import frame, read_run, samples

    run = read_run("results/2026-01-01T000000Z-ops-cpu")
    table = frame(run)  # the columns of table.csv, a line per row
    raw = samples(run)  # a line per sample, for statistics of one's own
    raw.groupby(["name", "input_shape", "round"])["sample_s"].median()

pandas is imported on the first call only: no report needs it.
"""

from __future__ import annotations  # so that the types do not import pandas either

from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.record import latest
from bench.records.run import Run
from reports.ledger.csv_ledger import COLUMNS as LEDGER_COLUMNS
from reports.ledger.read_table import read_table
from reports.results import Results
from reports.rows import rows
from reports.tables.csv_table import COLUMNS, OF_UNIT, Value
from reports.untrusted import visible

if TYPE_CHECKING:
    import pandas as pd

_INTEGERS = {
    *("stack", "batch", "threads", "params", "macs", "flops", "bytes_ideal", "bytes_moved", "rounds", "samples"),
    *("peak_memory_bytes", "rounds_planned", "device_memory_bytes", "round", "threads_worked"),
    *("iterations_per_sample", "replicates", "rank_paper", "rank_ours", "ranked"),
    *("delegated_operations", "operations", "top1_images"),
}
_TEXTS = {
    *("device", "runtime", "kind", "name", "variant", "input_shape", "dtype", "layout", "mode"),
    *("verdict", "status", "reason", "settings", "notes", "allocator", "isa", "meter", "top1_artifact"),
    *("section", "paper_column", "against", "quantity", "basis", "source"),
}
_SAMPLE_COLUMNS = (
    *("device", "runtime", "name", "variant", "input_shape", "stack", "batch", "threads", "dtype", "layout", "mode"),
    *("settings", "allocator", "round"),
)


def frame(run: Run) -> pd.DataFrame:
    """One line per row with the columns of table.csv, at full precision.

    Text is `string`, counts are nullable `Int64`, the rest is `float64`; what does not apply is missing (NA or
    NaN), never zero. SI units, as the column names say.
    """
    table = rows(run)
    return _framed({name: [_plain(value(row)) for row in table] for name, value in COLUMNS.items()})


def ledger(run: Run, file: Path | str | None = None) -> pd.DataFrame:
    """One line per printed value with the columns of ledger.csv, in SI units.

    `file` is a table of printed figures, as `bench models --ledger` takes it, to use instead of the run's own. Raises
    BenchError where it is none.
    """
    entries = Results(run=run, other=None if file is None else read_table(Path(file))[1]).entries
    return _framed({name: [_plain(value(entry)) for entry in entries] for name, value in LEDGER_COLUMNS.items()})


def samples(run: Run) -> pd.DataFrame:
    """One line per raw sample, in the order in which they were taken within a round.

    `sample_s` is the mean time of one call within a timed batch of calls, in seconds; `round` tells the worker
    processes apart, which is where independent replicates come from. Units without a number have no lines.
    """
    columns: dict[str, list[Value]] = {name: [] for name in (*_SAMPLE_COLUMNS, "sample_s")}
    ended = latest(run.records)
    for unit in run.plan.units:
        record = ended.get(unit)
        if record is None or record.measurement is None:
            continue
        taken = record.measurement.samples_s
        columns["sample_s"] += taken
        for name in _SAMPLE_COLUMNS:
            columns[name] += [_plain(OF_UNIT[name](unit))] * len(taken)
    return _framed(columns)


def _framed(columns: dict[str, list[Value]]) -> pd.DataFrame:
    import pandas as pd

    # As objects first: inferred, a column of integers with a gap would pass through floats.
    return pd.DataFrame(columns, dtype=object).astype({name: _dtype(name) for name in columns})


def _plain(value: Value) -> Value:
    """Text from a device is data: control characters are spelled out, as in every other report."""
    return visible(value) if isinstance(value, str) else value


def _dtype(name: str) -> str:
    return "Int64" if name in _INTEGERS else "string" if name in _TEXTS else "float64"
