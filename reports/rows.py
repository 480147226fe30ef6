"""The table's rows: one cell (a workload under its settings) over all its rounds.

How its numbers are made: worker medians, then Student's t on their logarithms, because the spread between processes
dominates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from statistics import median

from bench.plan.runtimes import MODULE_RUNTIME
from bench.plan.subjects import network_note
from bench.records.ceilings import Ceilings
from bench.records.measurement import Cost, Measurement
from bench.records.record import Record, latest
from bench.records.run import Run
from bench.records.verdict import of_rounds
from bench.records.workload import Settings, Unit, Workload
from bench.statistics import (
    P90_MINIMUM_SAMPLES,
    P99_MINIMUM_SAMPLES,
    log_mean_interval,
    quantile,
)
from reports.limits import NoLimitError
from reports.row import Percentiles, RoundMedian, Row, RowStatus
from reports.standing import Standing, standing, without_limit
from reports.sustained import sustained_speed

NOT_RUN_YET = "not run yet"
STALE = "bytes_moved is empty: this run recorded only those of eager; measure again"
MOST_UNSEEN = 5  # operations that a note names
_CELL = attrgetter(*(each.name for each in fields(Unit) if each.name != "round"))


def rows(run: Run) -> tuple[Row, ...]:
    """One row per planned cell, in the order of the plan."""
    ended = latest(run.records)
    grouped: dict[object, list[Unit]] = {}
    for unit in run.plan.units:
        grouped.setdefault(_CELL(unit), []).append(unit)
    cells: Iterable[list[Unit]] = grouped.values()
    if run.plan.budget_s is not None:  # what it left out has not failed; a row without any record is not there yet
        cells = ([unit for unit in units if unit in ended] or units[:1] for units in cells)
    ceilings = {state.name: state.ceilings for state in run.devices}
    made = (_row(units, [ended.get(unit) for unit in units], ceilings.get(units[0].device, ())) for units in cells)
    known = run.plan.accuracies
    return tuple(
        replace(row, accuracy=next((each for each in known if each.matches(row.unit)), None)) if known else row
        for row in made
    )


def _row(units: Sequence[Unit], records: Sequence[Record | None], ceilings: Sequence[Ceilings]) -> Row:
    done = sorted((r for r in records if r and r.measurement), key=lambda r: r.unit.round)
    measurements = [record.measurement for record in done if record.measurement]
    unit = min(units, key=lambda each: each.round)
    counted = next((record.cost for record in (*done, *records) if record and record.cost), None)
    cost, stale = _executed(unit, counted, measurements)
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
    time = log_mean_interval([each.seconds for each in medians])
    seen = [m.disturbances for m in measurements]
    fault_share = _median(map(_fault_share, measurements, medians))
    stands, limit_notes = _standing(unit, cost, time.centre, fault_share, ceilings)
    return Row(
        unit=unit,
        planned=len(units),
        status=status,
        reason=reason,
        cost=cost,
        medians=medians,
        time=time,
        device_time=log_mean_interval(device_medians) if device_medians else None,
        percentiles=_percentiles(pooled),
        samples=len(pooled),
        iterations_per_sample=max(m.iterations_per_sample for m in measurements),
        peak_memory_bytes=_largest(m.peak_memory_bytes for m in measurements),
        device_memory_bytes=_largest(m.device_memory_bytes for m in measurements),
        load_s=median(m.load_s for m in measurements),
        first_call_s=median(m.first_call_s for m in measurements),
        max_error=max((m.max_error for m in measurements if m.max_error is not None), default=None),
        page_faults_per_call=_median(d.page_faults_per_call for d in seen),
        page_fault_share=fault_share,
        threads_worked=min((d.threads_worked for d in seen if d.threads_worked is not None), default=None),
        isa=", ".join(sorted({m.isa for m in measurements if m.isa})),
        delegated=next((m.delegated for m in measurements if m.delegated), None),
        verdict=of_rounds(chain.from_iterable(m.verdicts for m in measurements), time.half_width, len(measurements)),
        notes=tuple(
            dict.fromkeys(
                [
                    *about,
                    *stale,
                    *(note for m in measurements for note in m.notes),
                    *limit_notes,
                    *_too_few(len(pooled)),
                ]
            )
        ),
        sustained=sustained_speed([m.sustained for m in measurements if m.sustained is not None], unit.batch),
        standing=stands,
    )


def _standing(
    unit: Unit, cost: Cost | None, time_s: float, fault_share: float | None, ceilings: Sequence[Ceilings]
) -> tuple[Standing | None, tuple[str, ...]]:
    """How far from its limit, and what must be said of that."""
    try:
        found = standing(unit, cost, time_s, fault_share, ceilings)
    except NoLimitError as error:
        return None, (without_limit(error),)
    return found, found.notes if found else ()


def _executed(
    unit: Unit, counted: Cost | None, measurements: Sequence[Measurement]
) -> tuple[Cost | None, tuple[str, ...]]:
    """The cost with the bytes that the runtime moves, and a note where an older run knows eager's alone."""
    if counted is None or unit.runtime == MODULE_RUNTIME:
        return counted, ()
    moved = _largest(m.bytes_moved for m in measurements)
    stale = moved is None and counted.bytes_moved is not None
    return replace(counted, bytes_moved=moved), (STALE,) if stale else ()


def workload_notes(workload: Workload, cost: Cost | None) -> tuple[str, ...]:
    """What must be known of that which was timed, whoever timed it: how it was made, and what of it was not counted."""
    form = cost.notes if cost is not None else ()
    return tuple(filter(None, [network_note(workload), *form, uncounted(cost)]))


def uncounted(cost: Cost | None) -> str:
    """The operations that keep a count from being whole; empty where there are none."""
    unseen = cost.unseen if cost is not None else ()
    more = f"; {len(unseen) - MOST_UNSEEN} other operations" if len(unseen) > MOST_UNSEEN else ""
    return f"not counted: {'; '.join(unseen[:MOST_UNSEEN])}{more}" if unseen else ""


def _fault_share(measurement: Measurement, middle: RoundMedian) -> float | None:
    found = measurement.disturbances
    if found.page_faults_per_call is None or found.page_fault_s is None:
        return None
    return min(1.0, found.page_faults_per_call * found.page_fault_s / middle.seconds)


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


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


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


def row_name(row: Row) -> str:
    """`fasternet_t0 (onnxruntime, int8)`."""
    return f"{row.label} ({', '.join(filter(None, [row.unit.runtime, unusual_text(row.unit)]))})"


def unusual_text(unit: Unit) -> str:
    """`int8, 2 threads, graph=basic`: what of its settings is not as usual; empty where all is."""
    words = [
        unit.dtype if unit.dtype != "float32" else "",
        f"batch {unit.batch}" if unit.batch != 1 else "",
        f"{unit.threads} threads" if unit.threads != 1 else "",
        unit.layout if unit.layout != "nchw" else "",
        settings_text(unit),
    ]
    return ", ".join(filter(None, words))


def settings_text(unit: Unit) -> str:
    """What differs from the default switches: `tf32,no_cudnn_benchmark`; empty where nothing does."""
    return _settings_text(unit.settings, unit.switches, unit.effort)


@lru_cache(maxsize=256)  # few of them, and asked for in every row by several outputs
def _settings_text(settings: Settings, switches: tuple[str, ...], effort: str) -> str:
    defaults = Settings()
    words = [
        each.name if getattr(settings, each.name) else f"no_{each.name}"
        for each in fields(Settings)
        if each.name != "sustain_s" and getattr(settings, each.name) != getattr(defaults, each.name)
    ]
    words += switches
    words += [f"sustain {settings.sustain_s:g}s"] if settings.sustain_s else []
    return ",".join(words if effort == "normal" else [*words, effort])
