"""A module that lives in the caller's process, measured there: it cannot be sent to a fresh one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from bench.errors import UsageError
from bench.plan.code_version import code_version, package_version
from bench.plan.runtimes import MODULE_RUNTIME
from bench.records.record import Record, utc_now
from bench.records.run import Plan, Run
from bench.records.workload import ModelArguments, Settings, Unit, Workload, size_text
from bench.system.affinity import choose, pinned, topology
from bench.system.inherited import inherited
from bench.system.priority import is_realtime
from bench.worker.build import count_network, network_cost_of
from bench.worker.inputs import input_array
from bench.worker.measure import measure_loaded
from bench.worker.measuring.clock import SystemClock, timer_overhead_s
from bench.worker.measuring.page_faults import keeps_freed_memory
from bench.worker.measuring.threads import ThreadsError
from bench.worker.output_check import WrongOutputError
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.runtimes.pytorch import load_module
from models.clone import clone, evaluating, randomness_restored
from models.inference_form import reparameterisable
from models.reason import reason
from models.registry import Pixels, height_width

Live = nn.Module | torch.export.ExportedProgram


def measure_live(network: Live, input_px: Pixels, batch: int, threads: int, dtype: str, layout: str) -> Run:
    """A run of one unit, eager on this CPU, in one round, of copies of the network; the process is left as it was.

    Raises UsageError where it is no network, its output is wrong, or it cannot run as asked.
    """
    if not isinstance(network, Live):
        raise UsageError(
            f"expected a torch.nn.Module, an exported program or a network's name, got {type(network).__name__};"
            " give the network itself"
        )
    name = getattr(network, "original_name", type(network).__name__)  # TorchScript's keeps that of the class
    module = network if isinstance(network, nn.Module) else network.module()
    unit = Unit(
        workload=Workload(
            kind="model",
            name=name,
            input_shape=(3, *height_width(input_px)),
            variant="live",
            model=ModelArguments(source=name, fused=False),
        ),
        runtime=MODULE_RUNTIME,
        dtype=dtype,
        layout=layout,
        batch=batch,
        threads=threads,
        device="cpu",
        mode="latency",
        round=0,
        settings=Settings(realtime=is_realtime()),
        allocator="retained" if keeps_freed_memory() else "system",
        code_version=code_version(),
    )
    try:
        with _process_left_as_it_was():
            record = _measured(module, unit)
    except (WrongOutputError, ThreadsError, UnsupportedError) as error:
        raise UsageError(str(error)) from error
    except Exception as error:  # whatever a network raises
        raise UsageError(
            f"expected {name} to run on {batch} images of {size_text(unit.workload.input_shape)} in {dtype}, got"
            f" {reason(error)}; give the input_px, batch and dtype that it takes"
        ) from error
    plan = Plan(
        command="models",
        argv=(),
        created_utc=record.started_utc,
        version=package_version(),
        code_version=code_version(),
        units=(unit,),
    )
    return Run(plan=plan, records=(record,))


def _measured(network: nn.Module, unit: Unit) -> Record:
    started, utc = time.monotonic(), utc_now()
    clock = SystemClock()
    with pinned(choose(topology(), unit.threads)):
        torch.set_num_threads(unit.threads)
        # A copy: changing dtype or layout would change the caller's own network.
        loaded = load_module(evaluating(clone(network)), unit)
        measurement = measure_loaded(unit, lambda: loaded, None, clock, timer_overhead_s(clock))
    told = (f"set in this process: {variable}" for variable in inherited(os.environ))
    measurement = replace(measurement, notes=(*measurement.notes, *told))
    # Its bytes are those of float32, whatever the module's own dtype.
    cost = count_network(
        clone(network).float(),
        torch.from_numpy(input_array(unit)),
        channels_last=unit.layout == "channels_last",
    )
    offered = reparameterisable(network)
    notes = (f"timed as it is, in training form: {offered} would re-parameterise it",) if offered else ()
    return Record(
        unit=unit,
        attempt=1,
        status="done",
        measurement=measurement,
        cost=network_cost_of(cost, cost, unit.dtype, notes=notes),
        started_utc=utc,
        seconds=time.monotonic() - started,
    )


@contextmanager
def _process_left_as_it_was() -> Iterator[None]:
    """Threads, random numbers and the default dtype are again what they were, whatever the network sets."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    try:
        with randomness_restored():
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
