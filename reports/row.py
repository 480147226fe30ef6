"""One row of the table: its numbers, raw and in SI units; rounding is left to the renderers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.records.accuracy import MeasuredAccuracy
from bench.records.measurement import Cost
from bench.records.verdict import Verdict
from bench.records.workload import Unit, size_text
from bench.statistics import Interval
from reports.standing import Standing
from reports.sustained import SustainedSpeed

RowStatus = Literal["done", "partial", "failed", "lost", "skipped"]


@dataclass(frozen=True, kw_only=True)
class RoundMedian:
    """The median of one worker's samples: `seconds` per call of the whole batch; `round` counts from 0."""

    round: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Percentiles:
    """Of the samples of all rounds, in seconds per call; None where there are too few samples for that tail.

    A sample is the mean over a batch of calls, `Row.iterations_per_sample` of them: where that is more than 1, single
    slow calls do not show. p50 is the median, p10 the lower tail, p90 and p99 the upper one.
    """

    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One cell, a workload under its settings, over its rounds; a call is one of the whole batch.

    unit: the identity of the cell, as its first planned round has it.
    planned: rounds that were planned; `rounds` is how many gave a number.
    status: done, or what became of the rounds that gave no number; partial where some did.
    reason: why they gave none, in a line; empty where all rounds are done.
    cost: params and multiply-adds, and bytes of a call as the runtime executes it; None where nothing was counted.
    medians: the median of each round that gave a number.
    time: seconds per call, whatever the mode: the geometric mean of the medians with its 95% interval.
    device_time: the same by events on the accelerator; None on a CPU.
    percentiles: of all samples, in seconds per call.
    samples: how many there are in all rounds.
    iterations_per_sample: calls of which a sample is the mean, the most of any round; 1 where each is a single call.
    peak_memory_bytes, device_memory_bytes: the largest of any round, in the process and on the accelerator.
    load_s, first_call_s: seconds, the median over the rounds.
    max_error: the largest of any round, relative to the largest reference output; None where none was checked.
    page_faults_per_call: minor page faults in a call, the median over the rounds; None where they were not counted.
    page_fault_share: the part of a call's time that they take, 0 to 1, by what one costs on that machine.
    threads_worked: threads that worked, the fewest in any round; None where that was not seen.
    isa: the instruction sets that the runtime said it chose, in any round.
    delegated: (N, M): its fast backend computes N of the graph's M operations; None of a runtime without one.
    accuracy: what a run of `bench accuracy` found of this network in this runtime and dtype, where one was named.
    verdict: how far the number can be trusted: the worst of the rounds and of the interval over them; None where there
        is no number.
    notes: what must be known of the workload and its rounds, a line each.
    sustained: burst, steady and energy where it was kept busy for minutes: `time` is then the steady one.
    standing: how far it is from what its device can do; None where that was not measured.
    """

    unit: Unit
    planned: int
    status: RowStatus
    reason: str = ""
    cost: Cost | None = None
    medians: tuple[RoundMedian, ...] = ()
    time: Interval | None = None
    device_time: Interval | None = None
    percentiles: Percentiles = field(default_factory=Percentiles)
    samples: int = 0
    iterations_per_sample: int | None = None
    peak_memory_bytes: int | None = None
    device_memory_bytes: int | None = None
    load_s: float | None = None
    first_call_s: float | None = None
    max_error: float | None = None
    page_faults_per_call: float | None = None
    page_fault_share: float | None = None
    threads_worked: int | None = None
    isa: str = ""
    delegated: tuple[int, int] | None = None
    accuracy: MeasuredAccuracy | None = None
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()
    sustained: SustainedSpeed | None = None
    standing: Standing | None = None

    def __post_init__(self) -> None:
        measured = self.status in ("done", "partial")
        if measured != (self.time is not None) or measured != bool(self.medians):
            raise ValueError(f"expected a time exactly where rounds are done, got status {self.status!r}")

    @property
    def label(self) -> str:
        """What was timed, and how it is made."""
        return labelled(self.unit.workload.name, self.unit.workload.variant)

    @property
    def size(self) -> str:
        """Of the input."""
        return size_text(self.unit.workload.input_shape)

    @property
    def rounds(self) -> int:
        """Rounds that gave a number."""
        return len(self.medians)

    @property
    def params(self) -> int | None:
        """Of the whole row."""
        return None if self.cost is None else self.cost.params

    @property
    def macs(self) -> int | None:
        """Multiply-adds of the whole row for one image; None where the counter did not know all its operations."""
        # Older runs hold what was seen: 0 is none of it.
        if self.cost is None or (not self.cost.macs and self.cost.unseen):
            return None
        return self.cost.macs

    @property
    def flops(self) -> int | None:
        """Two per multiply-add."""
        return None if self.macs is None else 2 * self.macs

    @property
    def latency(self) -> Interval | None:
        """Seconds per call; None for throughput rows, whose queued calls have no latency of their own."""
        return self.time if self.unit.mode == "latency" else None

    @property
    def images_per_s(self) -> Interval | None:
        """Batch over time."""
        return None if self.time is None else inverse(self.time, self.unit.batch)

    @property
    def macs_per_s(self) -> Interval | None:
        """The achieved speed (the paper's FLOPS): multiply-adds of the whole batch over time."""
        if self.time is None or self.macs is None:
            return None
        return inverse(self.time, self.macs * self.unit.batch)

    @property
    def bytes_per_s(self) -> float | None:
        """What the implementation moves, over time."""
        if self.time is None or self.cost is None or self.cost.bytes_moved is None:
            return None
        return self.cost.bytes_moved / self.time.centre


def told_apart(table: Sequence[Row]) -> list[str]:
    """The label of each row, with its size where another row of that label has another."""
    sizes: dict[str, set[str]] = {}
    for row in table:
        sizes.setdefault(row.label, set()).add(row.size)
    return [f"{row.label} {row.size}" if len(sizes[row.label]) > 1 else row.label for row in table]


def inverse(time: Interval, amount: float) -> Interval:
    """An amount per second; the bounds change places."""
    if time.low is None or time.high is None:
        return Interval(centre=amount / time.centre)
    return Interval(centre=amount / time.centre, low=amount / time.high, high=amount / time.low)


def labelled(name: str, variant: str) -> str:
    """`pconv (inplace)`."""
    return f"{name} ({variant})" if variant else name
