"""What one call reads and writes, asked of the runtime once a unit was measured."""

import gc
import pkgutil
from dataclasses import replace
from pathlib import Path

from bench.plan.runtimes import MODULE_RUNTIME, runtime
from bench.records.measurement import Measurement
from bench.records.workload import Unit
from bench.worker.channel import one_line
from bench.worker.runtimes.loaded import UnsupportedError


def with_bytes_moved(measurement: Measurement, unit: Unit, model: Path | None) -> Measurement:
    """The same measurement with the bytes that its runtime moves, or with a note that says why they are not known.

    Eager executes the module's own operations, which the host has counted.
    """
    if unit.runtime == MODULE_RUNTIME:
        return measurement
    gc.collect()  # of what was measured: a small board has no room for two
    try:
        return replace(measurement, bytes_moved=_read(unit, model))
    except Exception as error:  # noqa: BLE001 - a runtime may raise anything; the time that was measured stands
        return replace(measurement, notes=(*measurement.notes, f"bytes_moved is empty: {one_line(error)}"))


def _read(unit: Unit, model: Path | None) -> int:
    row = runtime(unit.runtime)
    if not row.moved:
        raise UnsupportedError(f"{row.title} does not say what its kernels read and write")
    moved: object = pkgutil.resolve_name(row.moved)(unit, model)
    if not isinstance(moved, int) or moved < 0:
        raise TypeError(f"expected {row.moved} to return bytes as an int, got {moved!r}")
    return moved
