"""How fast a call could be at best on its device, and which of the device's ceilings it is that says so.

The limit is the largest of three times: its multiply-adds at the speed of the device's best matrix product, its bytes
at the bandwidth of the level that holds them, and an empty call of its runtime. docs/method.md, "Limits", has the
reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.records.ceilings import TF32, Access, Ceilings

Bound = Literal["compute", "memory", "page_faults", "overhead"]
# Nothing only writes; and a level that is read faster than it is copied bounds by its reads.
_COUNTED: tuple[Access, ...] = ("read", "copy", "triad")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Seconds that a call takes at least by each ceiling; `level` is the one whose bandwidth counts."""

    compute_s: float
    memory_s: float
    overhead_s: float
    level: str = ""

    @property
    def seconds(self) -> float:
        """The limit: it cannot be faster than the slowest of them allows."""
        return max(self.compute_s, self.memory_s, self.overhead_s)

    @property
    def bound(self) -> Bound:
        """Which of them it is."""
        times: dict[Bound, float] = {
            "compute": self.compute_s,
            "memory": self.memory_s,
            "overhead": self.overhead_s,
        }
        return max(times, key=lambda name: times[name])


class NoLimitError(ValueError):
    """A ceiling that the limit needs was not measured; says which, and why."""


def ceilings_for(known: Sequence[Ceilings], dtype: str, threads: int) -> Ceilings | None:
    """Those of that dtype and thread count; None where they were not measured."""
    return next((each for each in known if (each.dtype, each.threads) == (dtype, threads)), None)


def limit_s(
    ceilings: Ceilings,
    *,
    macs: float,
    bytes_ideal: float,
    fits_bytes: float | None = None,
    runtime: str = "",
    tf32: bool = False,
) -> Limit:
    """The limit of a call of so many multiply-adds and bytes; NoLimitError where a ceiling is missing.

    `ceilings` are those of its dtype and threads (`ceilings_for`). `fits_bytes` is how much must lie in one level at a
    time, where that is less than all `bytes_ideal` (one layer of a stack). Without a `runtime` an empty call is free:
    of one layer among many nothing is known of it.
    """
    compute = _gemm_speed(ceilings, tf32=tf32)
    level = ceilings.level_of(bytes_ideal if fits_bytes is None else fits_bytes)
    bandwidth = bandwidth_of(ceilings, level)
    if bytes_ideal and not bandwidth:
        raise NoLimitError(_missing(ceilings, f"the bandwidth of {level or 'its level of memory'}", of_memory=True))
    if macs and not compute:
        raise NoLimitError(
            _missing(ceilings, f"a matrix product in {TF32 if tf32 else ceilings.dtype}", of_memory=False)
        )
    call = ceilings.overhead_of(runtime) if runtime else None
    return Limit(
        compute_s=macs / compute if macs else 0.0,
        memory_s=bytes_ideal / bandwidth if bytes_ideal else 0.0,
        overhead_s=call.time.centre if call else 0.0,
        level=level,
    )


def bandwidth_of(ceilings: Ceilings, level: str) -> float:
    """Bytes a second of the fastest access that counts at that level; 0 where none was measured."""
    own = [each for each in ceilings.bandwidths if each.level == level and each.access in _COUNTED]
    return max((each.speed.centre for each in own), default=0.0)


def _gemm_speed(ceilings: Ceilings, *, tf32: bool) -> float:
    best = ceilings.best(TF32 if tf32 else "")
    return best.speed.centre if best else 0.0


def _missing(ceilings: Ceilings, what: str, *, of_memory: bool) -> str:
    why = [f"{each.part}: {each.reason}" for each in ceilings.unmeasured if (each.part == "memory") is of_memory]
    return "; ".join([f"{what} was not measured", *why])
