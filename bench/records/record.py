"""The end of one unit, as the journal keeps it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bench.records.layers import Layers
from bench.records.measurement import Cost, Measurement
from bench.records.workload import Unit

Status = Literal["done", "failed", "lost", "skipped"]
FailureKind = Literal[
    "",
    "unsupported",  # skipped: this runtime or device cannot do it
    "build",  # the workload could not be constructed or exported
    "wrong_output",  # the output does not match fp32 eager
    "fallback",  # the runtime silently used another device than asked
    "threads",  # the thread count read back is not the one set
    "error",  # the step raised
    "crash",  # the worker ended by a signal or an exit code
    "out_of_memory",
    "timeout",
    "offline",  # lost: the device went away
    "protocol",  # lost: the device broke the wire format; failed: the unit's worker did
]


def utc_now() -> str:
    """2026-01-31T12:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def status_of(kind: FailureKind) -> Status:
    """What a unit that ended for that reason has become, where its device is still there."""
    return "skipped" if kind == "unsupported" else "failed"


@dataclass(frozen=True, kw_only=True)
class Record:
    """The end of one unit. `reason` is one line for people; `reason_kind` is for programs."""

    unit: Unit
    attempt: int  # from 1; a crash adds one
    status: Status  # lost: with its device
    reason_kind: FailureKind = ""
    reason: str = ""
    measurement: Measurement | None = None  # of a unit that is done
    cost: Cost | None = None  # added by the host
    layers: Layers | None = None  # of a unit of `bench layers`
    started_utc: str = ""  # as `utc_now` writes it
    seconds: float = 0.0  # of work on this unit, start to end

    def __post_init__(self) -> None:
        if (self.status == "done") != (self.measurement is not None):
            raise ValueError(f"expected a measurement exactly where status is done, got {self.status}")
        if self.layers is not None and self.measurement is None:
            raise ValueError("expected layers beside a measurement alone")
        if (self.status == "done") != (self.reason_kind == ""):
            raise ValueError(f"expected a reason kind exactly where status is not done, got {self.reason_kind!r}")


def latest(records: Iterable[Record]) -> dict[Unit, Record]:
    """The record that counts for each unit: the last one written."""
    return {record.unit: record for record in records}
