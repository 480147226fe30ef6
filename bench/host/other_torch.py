"""Where a device's own torch draws a network's weights from a seed, another version may draw others."""

from bench.plan.runtimes import MODULE_RUNTIME, runtime
from bench.records.environment import Environment
from bench.records.record import Record
from bench.system.packages import installed


def explained(record: Record, found: Environment | None) -> str:
    """The record's reason; with that behind it where an output is wrong and the two are of different series.

    `trunc_normal_` of torch 2.10 gives other numbers than that of 2.13. A graph has its weights with it.
    """
    package = runtime(MODULE_RUNTIME).package
    there, here = found.runtime(package) if found is not None else None, installed(package)
    if record.reason_kind != "wrong_output" or runtime(record.unit.runtime).graph or record.unit.origin.python:
        return record.reason
    if there is None or here is None or _series(there.version) == _series(here.version):
        return record.reason
    return (
        f"{record.reason}; its {package} {there.version} may draw other weights from a seed than {here.version} here,"
        " which made the reference: install that one there"
    )


def _series(version: str) -> list[str]:
    return version.split(".")[:2]
