"""Whether what multiplies computes in the precision that was asked for: a runtime may convert and say nothing."""

import pkgutil
from collections.abc import Mapping
from pathlib import Path

from bench.plan.runtimes import runtime
from bench.records.workload import Unit
from bench.worker.runtimes.loaded import UnsupportedError


def precision_notes(unit: Unit, model: Path | None) -> tuple[str, ...]:
    """A note where some of its products compute in another dtype; UnsupportedError where all of them do.

    A user's file that is in that dtype by itself is timed as the runtime takes it, with the note.
    """
    row = runtime(unit.runtime)
    if unit.dtype == "float32" or unit.accelerator or not row.precision:
        return ()
    counts: Mapping[str, int] = pkgutil.resolve_name(row.precision)(unit, model)
    own, others = counts.get(unit.dtype, 0), sorted(name for name in counts if name != unit.dtype)
    network = unit.workload.model
    by_itself = network is not None and network.dtype == unit.dtype
    if others and not own and not by_itself:
        raise UnsupportedError(f"asked {row.title} for {unit.dtype}, on this CPU it computes in {' and '.join(others)}")
    share = f"{own} of {sum(counts.values())} convolutions and matrix products compute in {unit.dtype}"
    return (f"{share}, the others in {' and '.join(others)}",) if others else ()
