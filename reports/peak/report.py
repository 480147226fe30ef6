"""One device's ceilings, ready to be shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bench.records.ceilings import Ceilings
from bench.records.environment import Environment
from bench.statistics import Interval, median_interval

Kind = Literal["product", "memory", "page_fault", "call"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One ceiling; what does not apply to its kind is empty. Nothing in it is escaped."""

    ceilings: Ceilings  # that it is one of
    kind: Kind
    unit: Literal["MAC/s", "B/s", "s"]
    value: Interval
    visits: int
    runtime: str = ""
    dtype: str = ""
    shape: tuple[int, int, int] | None = None
    isa: str = ""
    level: str = ""
    access: str = ""
    level_bytes: int | None = None
    set_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class PeakReport:
    """What one device does at most, a `Ceilings` for each dtype and thread count."""

    device: str
    environment: Environment
    ceilings: tuple[Ceilings, ...]

    @property
    def measured(self) -> bool:
        """Whether there is any number in it."""
        return any(each.gemms or each.bandwidths for each in self.ceilings)


def lines(ceilings: Ceilings) -> Iterator[Line]:
    """Every one of them: the products in each shape, memory by level and access, faults, calls."""
    for gemm in ceilings.gemms:
        yield Line(
            ceilings=ceilings,
            kind="product",
            unit="MAC/s",
            value=gemm.speed,
            visits=len(gemm.macs_per_s),
            runtime=gemm.runtime,
            dtype=gemm.dtype,
            shape=gemm.shape,
            isa=gemm.isa,
        )
    for each in ceilings.bandwidths:
        yield Line(
            ceilings=ceilings,
            kind="memory",
            unit="B/s",
            value=each.speed,
            visits=len(each.bytes_per_s),
            level=each.level,
            access=each.access,
            level_bytes=each.level_bytes or None,
            set_bytes=each.set_bytes,
        )
    if faults := ceilings.page_fault_s:
        yield Line(ceilings=ceilings, kind="page_fault", unit="s", value=median_interval(faults), visits=len(faults))
    for call in ceilings.overheads:
        yield Line(
            ceilings=ceilings,
            kind="call",
            unit="s",
            value=call.time,
            visits=len(call.seconds),
            runtime=call.runtime,
        )
