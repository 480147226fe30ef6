"""The table's rows: one cell (a workload under its settings) over all its rounds.

Numbers are raw and in SI units; rounding is left to the renderers. How they are made: worker medians,
then Student's t on their logarithms, because the spread between processes dominates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from statistics import median
from typing import Literal

from bench.plan.subjects import network_note
from bench.records.measurement import Cost, Measurement
from bench.records.record import Record, latest
from bench.records.run import Run
from bench.records.verdict import Verdict, worst
from bench.records.workload import Settings, Unit, Workload, size_text
from bench.statistics import (
    P90_MINIMUM_SAMPLES,
    P99_MINIMUM_SAMPLES,
    Interval,
    log_mean_interval,
    quantile,
)

RowStatus = Literal["done", "partial", "failed", "lost", "skipped"]
NOT_RUN_YET = "not run yet"
MOST_UNSEEN = 5  # operations that a note names


@dataclass(frozen=True, kw_only=True)
class RoundMedian:
    """The median of one worker's samples: `seconds` per call of the whole batch; `round` counts from 0."""

    round: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Percentiles:
    """Of the samples of all rounds, in seconds per call; None where there are too few samples for that tail.

    A sample is the mean over a batch of calls: single slow calls do not show. p50 is the median, p10 the lower tail,
    p90 and p99 the upper one.
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
    cost: params and multiply-adds, and bytes of a call; None where nothing could be counted.
    medians: the median of each round that gave a number.
    time: seconds per call, whatever the mode: the geometric mean of the medians with its 95% interval.
    device_time: the same by events on the accelerator; None on a CPU.
    percentiles: of all samples, in seconds per call.
    samples: how many there are in all rounds.
    peak_memory_bytes, device_memory_bytes: the largest of any round, in the process and on the accelerator.
    load_s, first_call_s: seconds, the median over the rounds.
    max_error: the largest of any round, relative to the largest reference output; None where none was checked.
    verdict: how far the number can be trusted: the worst that any round gave; None where there is no number.
    notes: what must be known of the workload and its rounds, a line each.
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
    peak_memory_bytes: int | None = None
    device_memory_bytes: int | None = None
    load_s: float | None = None
    first_call_s: float | None = None
    max_error: float | None = None
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()

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


def inverse(time: Interval, amount: float) -> Interval:
    """An amount per second; the bounds change places."""
    if time.low is None or time.high is None:
        return Interval(centre=amount / time.centre)
    return Interval(centre=amount / time.centre, low=amount / time.high, high=amount / time.low)


def rows(run: Run) -> tuple[Row, ...]:
    """One row per planned cell, in the order of the plan."""
    ended = latest(run.records)
    cells: dict[Unit, list[Unit]] = {}
    for unit in run.plan.units:
        cells.setdefault(replace(unit, round=0), []).append(unit)
    return tuple(_row(units, [ended.get(unit) for unit in units]) for units in cells.values())


def _row(units: Sequence[Unit], records: Sequence[Record | None]) -> Row:
    done = sorted((r for r in records if r and r.measurement), key=lambda r: r.unit.round)
    measurements = [record.measurement for record in done if record.measurement]
    cost = next((record.cost for record in (*done, *records) if record and record.cost), None)
    unit = min(units, key=lambda each: each.round)
    status, reason = _status(records)
    about = workload_notes(unit.workload, cost)
    if not measurements:
        return Row(unit=unit, planned=len(units), status=status, reason=reason, cost=cost, notes=about)
    medians = tuple(
        RoundMedian(round=record.unit.round, seconds=median(measurement.samples_s))
        for record, measurement in zip(done, measurements, strict=True)
    )
    device_medians = [median(m.device_samples_s) for m in measurements if m.device_samples_s]
    pooled = [sample for m in measurements for sample in m.samples_s]
    return Row(
        unit=unit,
        planned=len(units),
        status=status,
        reason=reason,
        cost=cost,
        medians=medians,
        time=log_mean_interval([each.seconds for each in medians]),
        device_time=log_mean_interval(device_medians) if device_medians else None,
        percentiles=_percentiles(pooled),
        samples=len(pooled),
        peak_memory_bytes=_largest(m.peak_memory_bytes for m in measurements),
        device_memory_bytes=_largest(m.device_memory_bytes for m in measurements),
        load_s=median(m.load_s for m in measurements),
        first_call_s=median(m.first_call_s for m in measurements),
        max_error=max((m.max_error for m in measurements if m.max_error is not None), default=None),
        verdict=_verdict(measurements),
        notes=tuple(dict.fromkeys([*about, *(note for m in measurements for note in m.notes), *_too_few(len(pooled))])),
    )


def workload_notes(workload: Workload, cost: Cost | None) -> tuple[str, ...]:
    """What must be known of that which was timed, whoever timed it: how it was made, and what of it was not counted."""
    return tuple(filter(None, [network_note(workload), uncounted(cost)]))


def uncounted(cost: Cost | None) -> str:
    """The operations that keep a count from being whole; empty where there are none."""
    unseen = cost.unseen if cost is not None else ()
    more = f"; {len(unseen) - MOST_UNSEEN} other operations" if len(unseen) > MOST_UNSEEN else ""
    return f"not counted: {'; '.join(unseen[:MOST_UNSEEN])}{more}" if unseen else ""


def _verdict(measurements: Sequence[Measurement]) -> Verdict:
    verdicts = [verdict for m in measurements for verdict in m.verdicts]
    return worst([*verdicts, "unreplicated"] if len(measurements) < 2 else verdicts)


def _percentiles(pooled: Sequence[float]) -> Percentiles:
    samples = sorted(pooled)  # once: sorting what is sorted costs little
    # The lower tail needs as many samples as the upper one for the same certainty.
    tails = len(samples) >= P90_MINIMUM_SAMPLES
    return Percentiles(
        p10=quantile(samples, 0.10) if tails else None,
        p50=quantile(samples, 0.50),
        p90=quantile(samples, 0.90) if tails else None,
        p99=quantile(samples, 0.99) if len(samples) >= P99_MINIMUM_SAMPLES else None,
    )


def _too_few(samples: int) -> list[str]:
    """Why percentiles are missing."""
    needed = {"p10 and p90": P90_MINIMUM_SAMPLES, "p99": P99_MINIMUM_SAMPLES}
    missing = [f"{name} need{'s' * (name == 'p99')} {least}" for name, least in needed.items() if samples < least]
    return [f"{samples} samples: {', '.join(missing)}"] if missing else []


def _largest(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _status(records: Sequence[Record | None]) -> tuple[RowStatus, str]:
    """The row's status with one line that says what became of the rounds that gave no number."""
    ends: dict[RowStatus, list[str]] = {"failed": [], "lost": [], "skipped": []}
    unfinished = [record for record in records if record is None or record.status != "done"]
    for record in unfinished:
        if record is None:
            ends["lost"].append(NOT_RUN_YET)
        elif record.status != "done":
            ends[record.status].append(record.reason or record.reason_kind.replace("_", " "))
    done = len(records) - len(unfinished)
    if not unfinished:
        return "done", ""
    kinds = [status for status, reasons in ends.items() if reasons]
    if not done and len(kinds) == 1:
        return kinds[0], _distinct(ends[kinds[0]])
    parts = [f"{len(ends[kind])} {kind}: {_distinct(ends[kind])}" for kind in kinds]
    reason = "; ".join([f"{done} of {len(records)} rounds done", *parts])
    return ("partial" if done else kinds[0]), reason


def _distinct(reasons: Sequence[str]) -> str:
    different = list(dict.fromkeys(reasons))
    more = f" (and {len(different) - 2} other reasons)" if len(different) > 2 else ""
    return " / ".join(different[:2]) + more


def settings_text(unit: Unit) -> str:
    """What differs from the default switches: `tf32,no_cudnn_benchmark`; empty where nothing does."""
    defaults = Settings()
    words = [
        each.name if getattr(unit.settings, each.name) else f"no_{each.name}"
        for each in fields(Settings)
        if getattr(unit.settings, each.name) != getattr(defaults, each.name)
    ]
    return ",".join(words if unit.effort == "normal" else [*words, unit.effort])


def labelled(name: str, variant: str) -> str:
    """`pconv (inplace)`."""
    return f"{name} ({variant})" if variant else name
