"""What a device can do at most, as measured there: one dtype on so many threads, memory level by memory level.

Raw values, one for each visit: a visit is a fresh worker process, and its value the fastest that it saw, because others
on the machine can only take speed away. Everything is in SI units.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar, get_args

from bench.records.times import are_times
from bench.records.workload import DTYPES, PLAIN_NAME
from bench.statistics import Interval, median_interval

TF32 = "tf32"  # float32 in and out, multiplied with ten bits: a dtype of its own on an NVIDIA GPU
Access = Literal["read", "write", "copy", "triad"]
ACCESSES: tuple[Access, ...] = get_args(Access)
DRAM = "DRAM"
MOST = 1e18  # of anything a second, on the largest machine there is

T = TypeVar("T", "Gemm", "Bandwidth", "CallOverhead")


def _check_rates(rates: Sequence[float]) -> None:
    if not rates or not all(0 < each <= MOST for each in rates):
        raise ValueError(f"expected rates over 0 and up to {MOST:g}, one a visit")


def _check_seconds(seconds: Sequence[float]) -> None:
    if not seconds or not are_times(seconds):
        raise ValueError("expected times in seconds, one a visit")


@dataclass(frozen=True, kw_only=True)
class Gemm:
    """A matrix product (m x k) (k x n) in one runtime; `isa` as the runtime itself says, empty where it does not."""

    runtime: str  # eager, numpy, onnxruntime, openvino
    dtype: str  # of its operands; tf32 where the product is made so
    shape: tuple[int, int, int]  # m, k, n
    macs_per_s: tuple[float, ...]  # one a visit
    isa: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(PLAIN_NAME, self.runtime) or self.dtype not in (*DTYPES, TF32):
            raise ValueError(f"expected a plain name and a dtype, got {self.runtime!r} and {self.dtype!r}")
        if min(self.shape) < 1:
            raise ValueError(f"expected a positive (m, k, n), got {self.shape}")
        _check_rates(self.macs_per_s)

    @property
    def key(self) -> object:
        """What the same product has in every visit."""
        return self.runtime, self.dtype, self.shape

    @property
    def speed(self) -> Interval:
        """MAC/s: the median of the visits, with its order-statistic interval."""
        return median_interval(self.macs_per_s)


@dataclass(frozen=True, kw_only=True)
class Bandwidth:
    """One way of using one level of memory, by all threads at once; bytes are those that the program asks for.

    A triad is a = b + c: two arrays read, one written, as in STREAM's. A copy counts what is read and what is written.
    """

    level: str  # L1d, L2, L3, DRAM; or a size, where the machine does not tell its caches
    level_bytes: int  # that the threads have there together; 0: more than any data (DRAM)
    access: Access
    set_bytes: int  # that the threads worked on together
    bytes_per_s: tuple[float, ...]  # one a visit

    def __post_init__(self) -> None:
        if not re.fullmatch(PLAIN_NAME, self.level) or self.level_bytes < 0 or self.set_bytes < 1:
            raise ValueError(f"expected a plain name of a level and its bytes, got {self.level!r}, {self.level_bytes}")
        _check_rates(self.bytes_per_s)

    @property
    def key(self) -> object:
        """What the same way has in every visit."""
        return self.level, self.access

    @property
    def speed(self) -> Interval:
        """Bytes a second: the median of the visits, with its order-statistic interval."""
        return median_interval(self.bytes_per_s)


@dataclass(frozen=True, kw_only=True)
class CallOverhead:
    """What a runtime takes for a call that computes nothing: an identity graph, an empty module, an empty kernel."""

    runtime: str  # eager, onnxruntime, openvino
    seconds: tuple[float, ...]  # one a visit

    def __post_init__(self) -> None:
        if not re.fullmatch(PLAIN_NAME, self.runtime):
            raise ValueError(f"expected a plain name of a runtime, got {self.runtime!r}")
        _check_seconds(self.seconds)

    @property
    def key(self) -> object:
        """What the same call has in every visit."""
        return self.runtime

    @property
    def time(self) -> Interval:
        """Seconds: the median of the visits, with its order-statistic interval."""
        return median_interval(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Unmeasured:
    """A part that could not be measured, and why, in one line."""

    part: str  # memory, cuda or a runtime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """What one device does at most in one dtype on so many threads."""

    dtype: str
    threads: int
    accelerator: str = ""  # "" is the CPU, else "cuda:N"
    taken_utc: str = ""  # empty of a single visit
    gemms: tuple[Gemm, ...] = ()  # in every shape, of every runtime that is there
    bandwidths: tuple[Bandwidth, ...] = ()  # smallest level first
    overheads: tuple[CallOverhead, ...] = ()  # of every runtime that is there
    page_fault_s: tuple[float, ...] = ()  # of one minor fault, one a visit
    unmeasured: tuple[Unmeasured, ...] = ()  # what is missing above

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES or self.threads < 1:
            raise ValueError(f"expected a dtype of {DTYPES} and threads, got {self.dtype!r}, {self.threads}")
        if not are_times(self.page_fault_s):
            raise ValueError("expected page faults that are times in seconds")

    def best(self, dtype: str = "", runtime: str = "") -> Gemm | None:
        """The fastest product in that dtype (empty: its own), of that runtime or any; None where there is none.

        Of each runtime only the shapes that were visited most: one lucky visit makes no ceiling.
        """
        own = [each for each in self.gemms if each.dtype == (dtype or self.dtype) and runtime in ("", each.runtime)]
        most: dict[str, int] = {}
        for each in own:
            most[each.runtime] = max(len(each.macs_per_s), most.get(each.runtime, 0))
        own = [each for each in own if len(each.macs_per_s) == most[each.runtime]]
        return max(own, key=lambda each: each.speed.centre, default=None)

    def level_of(self, data_bytes: float) -> str:
        """The smallest level that holds so much; empty where no bandwidth was measured."""
        levels = {each.level: each.level_bytes for each in self.bandwidths}
        fitting = [name for name, size in levels.items() if size and size >= data_bytes]
        fitting = fitting or [name for name, size in levels.items() if not size]
        return min(fitting, key=lambda name: levels[name], default="")

    def overhead_of(self, runtime: str) -> CallOverhead | None:
        """What that runtime takes for an empty call; None where it was not measured."""
        return next((each for each in self.overheads if each.runtime == runtime), None)


def merged(visits: Sequence[Ceilings], taken_utc: str, unmeasured: Iterable[Unmeasured] = ()) -> Ceilings:
    """The visits of one dtype and thread count as one, a value of each; ValueError where there are none."""
    if not visits:
        raise ValueError("expected at least one visit")
    return replace(
        visits[0],
        taken_utc=taken_utc,
        gemms=_joined(
            (g for v in visits for g in v.gemms), lambda a, b: replace(a, macs_per_s=a.macs_per_s + b.macs_per_s)
        ),
        bandwidths=_joined(
            (b for v in visits for b in v.bandwidths),
            lambda a, b: replace(a, bytes_per_s=a.bytes_per_s + b.bytes_per_s),
        ),
        overheads=_joined(
            (o for v in visits for o in v.overheads), lambda a, b: replace(a, seconds=a.seconds + b.seconds)
        ),
        page_fault_s=tuple(each for visit in visits for each in visit.page_fault_s),
        unmeasured=tuple(dict.fromkeys([*(each for visit in visits for each in visit.unmeasured), *unmeasured])),
    )


def _joined(items: Iterable[T], join: Callable[[T, T], T]) -> tuple[T, ...]:
    found: dict[object, T] = {}
    for each in items:
        found[each.key] = join(found[each.key], each) if each.key in found else each
    return tuple(found.values())
