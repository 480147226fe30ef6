"""How much of a graph a runtime's fast backend computes, asked once a unit was measured."""

import gc
import pkgutil
from dataclasses import replace
from pathlib import Path

from bench.plan.runtimes import runtime
from bench.records.measurement import Measurement
from bench.records.workload import Unit
from bench.worker.channel import one_line


def with_delegated(measurement: Measurement, unit: Unit, model: Path | None) -> Measurement:
    """The same measurement with it, or with a note that says why it is not known; as it is where nobody is to be asked.

    Those whose loader can tell at no cost have said it there.
    """
    reader = runtime(unit.runtime).delegated
    if not reader:
        return measurement
    gc.collect()  # of what was measured: there may be no room for two
    try:
        return replace(measurement, delegated=pkgutil.resolve_name(reader)(unit, model))
    except Exception as error:  # noqa: BLE001 - a runtime may raise anything; the time that was measured stands
        return replace(measurement, notes=(*measurement.notes, f"delegated is empty: {one_line(error)}"))
