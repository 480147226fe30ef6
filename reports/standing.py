"""Where a row stands between its time and what its device allows, and what holds it there."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from bench.plan.subjects import BYTES
from bench.records.ceilings import Ceilings
from bench.records.measurement import Cost
from bench.records.workload import Unit
from reports.limits import Bound, Limit, NoLimitError, ceilings_for, limit_s

_OVER = (
    "over 100% of its limit: it multiplies less often than is counted (Winograd's convolution), computes in fewer bits "
    "than its dtype, or its data lay in a faster level of memory than assumed"
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A call's limit beside its time; shares are of that time, and may overlap: while one waits another works."""

    limit: Limit
    time_s: float
    page_fault_share: float | None = None

    @property
    def percent_of_limit(self) -> float:
        """100 where nothing could be faster; more is not cut off."""
        return 100 * self.limit.seconds / self.time_s

    @property
    def compute_share(self) -> float:
        """That its multiply-adds take at the speed of the device's best matrix product."""
        return self.limit.compute_s / self.time_s

    @property
    def memory_share(self) -> float:
        """That its bytes take at the bandwidth of the level that holds them."""
        return self.limit.memory_s / self.time_s

    @property
    def overhead_share(self) -> float:
        """That an empty call of its runtime takes."""
        return self.limit.overhead_s / self.time_s

    @property
    def bound(self) -> Bound:
        """The largest of the shares, page faults among them."""
        faults = self.page_fault_share or 0.0
        return "page_faults" if faults * self.time_s > self.limit.seconds else self.limit.bound

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of a percentage over 100."""
        return (_OVER,) if self.percent_of_limit > 100 else ()


def standing(
    unit: Unit, cost: Cost | None, time_s: float, page_fault_share: float | None, known: Sequence[Ceilings]
) -> Standing | None:
    """Of a measured call; None where the device's ceilings or the call's counts are not known.

    NoLimitError where a ceiling that it needs could not be measured.
    """
    ceilings = ceilings_for(known, unit.dtype, unit.threads)
    if ceilings is None or cost is None or cost.macs is None or (not cost.macs and cost.unseen):
        return None
    least = least_bytes(unit, cost)
    limit = limit_s(
        ceilings,
        macs=cost.macs * unit.batch,
        bytes_ideal=least,
        fits_bytes=least / (unit.workload.stack or 1),
        runtime=unit.runtime if unit.mode == "latency" else "",  # queued calls do not wait for one another
        tf32=unit.settings.tf32 and bool(unit.accelerator),
    )
    return Standing(limit=limit, time_s=time_s, page_fault_share=page_fault_share)


def least_bytes(unit: Unit, cost: Cost) -> int:
    """What a call must read or write at least: the paper's count; of a network its weights and its input, once each."""
    if cost.bytes_ideal is not None:
        return cost.bytes_ideal
    return BYTES[unit.dtype] * (cost.params + unit.batch * prod(unit.workload.input_shape))


def without_limit(error: NoLimitError) -> str:
    """What the row says of its empty percentage."""
    return f"percent_of_limit is empty: {error}"
