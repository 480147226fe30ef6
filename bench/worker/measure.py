"""The task that measures units one after the other in this process, and what becomes of one that fails."""

import gc
import importlib
import os
import pkgutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench.cache.store import Store
from bench.errors import UsageError
from bench.plan.plugins import remedy
from bench.plan.runtimes import runtime
from bench.records.measurement import Measurement
from bench.records.record import FailureKind, Record, status_of, utc_now
from bench.records.sustained import Sustained
from bench.records.verdict import Verdict
from bench.records.workload import Unit, Workload
from bench.wire.messages import Begin
from bench.wire.order import Order, Task
from bench.worker.bytes_moved import with_bytes_moved
from bench.worker.channel import Channel
from bench.worker.copies import end_copies
from bench.worker.delegated import with_delegated
from bench.worker.failure import classify
from bench.worker.machine import Machine, machine_for
from bench.worker.measuring import memory
from bench.worker.measuring.clock import Clock, SystemClock, timer_overhead_s
from bench.worker.measuring.cooling import Cooling
from bench.worker.measuring.page_faults import check_allocator, page_fault_s, page_faults_note
from bench.worker.measuring.rules import Rules, rules_for
from bench.worker.measuring.sampler import Samples, measure
from bench.worker.measuring.sustained import sustain
from bench.worker.measuring.threads import ThreadsError, ThreadWatch, check_cpus, check_priority, threads_note
from bench.worker.output_check import Reference, check, read_reference
from bench.worker.planted import slowed
from bench.worker.precision import precision_notes
from bench.worker.runtimes.loaded import Loaded, UnsupportedError
from bench.worker.settings import applied

DISTURBED: set[Verdict] = {"throttled", "contended"}  # worth a second measurement


def measure_units(task: Task, channel: Channel) -> None:
    """Each unit ends in one record; an exception ends that unit alone."""
    store, clock = Store(Path(task.cache)), SystemClock()
    overhead_s, cooling = timer_overhead_s(clock), Cooling(clock)
    for order in task.orders:
        channel.send(Begin(), order)
        waited_s = cooling.wait()
        record = measure_unit(order, store, clock, overhead_s)
        if waited_s and record.measurement is not None:
            notes = (*record.measurement.notes, f"waited {waited_s:.0f} s for the board to cool")
            record = replace(record, measurement=replace(record.measurement, notes=notes))
        channel.send(record, order)
        if order.unit.accelerator and not _process_is_usable(record):
            return  # the units that are left get a fresh worker


def _process_is_usable(record: Record) -> bool:
    import torch

    from bench.worker.cuda_machine import leaves_usable

    return leaves_usable(record, torch.cuda)


def measure_unit(order: Order, store: Store, clock: Clock, overhead_s: float) -> Record:
    """Load, check, warm up, sample; whatever goes wrong becomes the record's reason."""
    unit = order.unit
    started, utc = time.monotonic(), utc_now()
    measurement = None
    kind: FailureKind = ""
    reason = ""
    try:
        check_allocator(unit.allocator)
        import_libraries(unit)
        model = model_of(order, store)
        if model is None:  # a module's is that of the CPU, which costs nothing to ask
            precision_notes(unit, model)
        taken = measure_loaded(unit, lambda: load(order, store), reference_of(order, store), clock, overhead_s)
        taken = with_delegated(with_bytes_moved(taken, unit, model), unit, model)
        # A graph is opened for it once more: before, that would take its cost off the load time and leave its memory.
        measurement = replace(taken, notes=(*taken.notes, *precision_notes(unit, model)))
    except Exception as error:  # noqa: BLE001 - a network may raise anything, and its row must say what
        kind, reason = classify(error)
    finally:
        gc.collect()
    return Record(
        unit=unit,
        attempt=order.attempt,
        status="done" if measurement is not None else status_of(kind),
        reason_kind=kind,
        reason=reason,
        measurement=measurement,
        started_utc=utc,
        seconds=time.monotonic() - started,
    )


def import_libraries(unit: Unit) -> None:
    """Before any clock starts: importing is a process's cost, not the load time of the unit that happens to be first.

    So is a GPU's context. Raises ImportError where the runtime is missing, UnsupportedError where a plug-in is.
    """
    try:
        row = runtime(unit.runtime)
        if not row.graph:
            _find_subject(unit.workload)
    except (UsageError, ValueError) as error:  # the host knows it, or it had not been planned
        raise UnsupportedError(
            f"{error}; a plug-in of pure Python is sent to a device, one with compiled files is to be installed there"
        ) from None
    importlib.import_module(row.module)
    importlib.import_module(row.loader.partition(":")[0])
    if not row.graph:
        from bench.worker.build import import_library

        import_library(unit.workload)
    if unit.accelerator:
        from bench.worker import cuda_machine

        cuda_machine.open_context(unit.accelerator)


def _find_subject(workload: Workload) -> None:
    # Not for a graph, which stands for itself: a board that runs one imports nothing of operators and models.
    from bench.plan.subjects import network_entry, operator_spec

    if workload.operator is not None:
        operator_spec(workload)
    else:
        network_entry(workload)


def load(order: Order, store: Store) -> Loaded:
    """The unit in its runtime; TypeError where a plug-in's loader returns something else."""
    row = runtime(order.unit.runtime)
    loaded = pkgutil.resolve_name(row.loader)(order.unit, model_of(order, store))
    end_copies()
    if not isinstance(loaded, Loaded):
        raise TypeError(
            f"expected {row.loader} to return Loaded, got {type(loaded).__name__}; {remedy('bench.runtimes', row.name)}"
        )
    return slowed(loaded, order.slowdown)


def measure_loaded(
    unit: Unit,
    loader: Callable[[], Loaded],
    reference: Callable[[], Reference] | None,
    clock: Clock,
    overhead_s: float,
) -> Measurement:
    """Load with `loader`, check against `reference`, warm up, sample; raises what goes wrong."""
    memory.reset_peak()
    cpus = frozenset(os.sched_getaffinity(0))  # before anything of the workload's runs
    with applied(unit):
        start = clock.now_ns()
        loaded = loader()
        load_s = (clock.now_ns() - start) / 1e9
        if loaded.threads != unit.threads:
            raise ThreadsError(f"set {unit.threads} threads, the runtime reports {loaded.threads}")
        machine = machine_for(unit, loaded, clock)
        with machine.ready():
            first = _first_call(unit, loaded, machine, reference)
            rules, threads = rules_for(unit.effort), ThreadWatch()
            with collector_off():
                for again in (False, True):  # once more after a pause; whatever comes then is what is reported
                    if again:
                        clock.sleep(rules.remeasure_pause_s)
                    rules = machine.begin(rules_for(unit.effort))
                    threads.start()
                    samples, sustained = _taken(unit, machine, rules, overhead_s)
                    worked = threads.worked(rules.calls_share)
                    check_cpus(worked, unit.threads, cpus)
                    check_priority(worked, realtime=unit.settings.realtime)
                    ending = machine.monitor.finish()
                    verdicts = {*samples.verdicts(rules), *ending.verdicts}
                    # What heat and supply do to a unit that is kept busy for minutes is what is asked for.
                    if sustained is not None or not DISTURBED & verdicts:
                        break
            fault_s = None if samples.page_faults is None else page_fault_s(clock)
            faults = page_faults_note(samples.page_faults_per_call, fault_s, median(samples.wall_s), rules.page_faults)
            verdicts |= {"page_faults"} if faults else set()
            return Measurement(
                samples_s=tuple(samples.wall_s),
                device_samples_s=tuple(samples.device_s),
                iterations_per_sample=samples.iterations,
                warmup_iterations=samples.warmup_iterations,
                steady=samples.steady,
                precise=samples.precise,
                load_s=load_s,
                first_call_s=first.seconds,
                max_error=first.max_error,
                peak_memory_bytes=_peak_bytes(first, machine),
                device_memory_bytes=machine.device_memory_bytes(),
                threads_seen=loaded.threads,
                cpus=machine.cpus,
                isa=loaded.isa,
                delegated=loaded.delegated,
                verdicts=tuple(sorted(verdicts)),
                notes=(*loaded.notes, *machine.notes(), *ending.notes, *threads_note(worked, unit.threads), *faults),
                disturbances=replace(
                    ending.disturbances,
                    page_faults_per_call=samples.page_faults_per_call,
                    page_fault_s=fault_s,
                    threads_worked=len(worked),
                    discarded_groups=samples.discarded_groups,
                    remeasured=again,
                ),
                sustained=sustained,
            )


def _taken(unit: Unit, machine: Machine, rules: Rules, overhead_s: float) -> tuple[Samples, Sustained | None]:
    seconds = unit.settings.sustain_s
    if seconds:
        return sustain(machine, rules, overhead_s, seconds)
    return measure(machine.timer(), machine.monitor, machine.clock, rules, overhead_s), None


@dataclass(frozen=True, kw_only=True)
class _FirstCall:
    """What came of it: its time, the largest relative error, the memory that loading and it took."""

    seconds: float
    max_error: float | None
    peak_bytes: int | None


def _first_call(unit: Unit, loaded: Loaded, machine: Machine, reference: Callable[[], Reference] | None) -> _FirstCall:
    """Call once, and check the output; raises what goes wrong."""
    start = machine.clock.now_ns()
    loaded.step()
    machine.wait()
    seconds = (machine.clock.now_ns() - start) / 1e9
    # The check holds copies of the output that no user of the network has.
    peak = memory.peak_bytes()
    error = check(unit, machine.timed(), reference)
    memory.reset_peak()
    return _FirstCall(seconds=seconds, max_error=error, peak_bytes=peak)


def _peak_bytes(first: _FirstCall, machine: Machine) -> int | None:
    """Of the workload itself; None where it cannot be read."""
    sampling = memory.peak_bytes()
    own = None if sampling is None else sampling - machine.held_bytes()
    return max(filter(None, (first.peak_bytes, own)), default=None)


def model_of(order: Order, store: Store) -> Path | None:
    """The exported graph, for a runtime that takes it."""
    return store.path(order.model) if runtime(order.unit.runtime).graph else None


def reference_of(order: Order, store: Store) -> Callable[[], Reference] | None:
    """What reads the reference output when it is needed; None where there is none."""
    if not order.reference:
        return None
    path = store.path(order.reference)
    return lambda: read_reference(path)


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage is looked for while something is timed."""
    was_on = gc.isenabled()  # a live module's process may have it off
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()
