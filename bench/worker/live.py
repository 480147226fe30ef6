"""A module that lives in the caller's process, measured there: it cannot be sent to a fresh one."""

import copy
import os
import time
from dataclasses import replace

import torch
from torch import nn

from bench.errors import UsageError
from bench.plan.code_version import code_version, package_version
from bench.plan.runtimes import MODULE_RUNTIME
from bench.records.record import Record, utc_now
from bench.records.run import Plan, Run
from bench.records.workload import ModelArguments, Unit, Workload
from bench.system.affinity import choose, pinned, topology
from bench.system.inherited import inherited
from bench.worker.build import count_network, network_cost_of
from bench.worker.inputs import input_array
from bench.worker.measure import measure_loaded
from bench.worker.measuring.clock import SystemClock, timer_overhead_s
from bench.worker.measuring.page_faults import keeps_freed_memory
from bench.worker.measuring.threads import ThreadsError
from bench.worker.output_check import WrongOutputError
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.runtimes.pytorch import load_module


def measure_live(network: nn.Module, input_px: int, batch: int, threads: int, dtype: str, layout: str) -> Run:
    """A run of one unit, eager on this CPU, in one round; the process's threads and CPUs are put back afterwards.

    Raises UsageError where its output is wrong or it cannot run as asked; what the network raises comes as it is.
    """
    unit = Unit(
        workload=Workload(
            kind="model",
            name=type(network).__name__,
            input_shape=(3, input_px, input_px),
            variant="live",
            model=ModelArguments(source=type(network).__name__, fused=False),
        ),
        runtime=MODULE_RUNTIME,
        dtype=dtype,
        layout=layout,
        batch=batch,
        threads=threads,
        device="cpu",
        mode="latency",
        round=0,
        allocator="retained" if keeps_freed_memory() else "system",
        code_version=code_version(),
    )
    threads_before = torch.get_num_threads()
    started, utc = time.monotonic(), utc_now()
    clock = SystemClock()
    try:
        with pinned(choose(topology(), threads)):
            torch.set_num_threads(threads)
            # A copy: changing dtype or layout would change the caller's own network.
            loaded = load_module(copy.deepcopy(network).eval().requires_grad_(False), unit)
            measurement = measure_loaded(unit, lambda: loaded, None, clock, timer_overhead_s(clock))
            told = (f"set in this process: {variable}" for variable in inherited(os.environ))
            measurement = replace(measurement, notes=(*measurement.notes, *told))
    except (WrongOutputError, ThreadsError, UnsupportedError) as error:
        raise UsageError(str(error)) from error
    finally:
        torch.set_num_threads(threads_before)
    images = torch.from_numpy(input_array(unit))
    record = Record(
        unit=unit,
        attempt=1,
        status="done",
        measurement=measurement,
        cost=network_cost_of(
            count_network(network, images),
            copy.deepcopy(network).float(),  # whose bytes are those of float32, whatever the module's own dtype
            images,
            dtype,
            channels_last=layout == "channels_last",
        ),
        started_utc=utc,
        seconds=time.monotonic() - started,
    )
    plan = Plan(
        command="models",
        argv=(),
        created_utc=utc,
        version=package_version(),
        code_version=code_version(),
        units=(unit,),
    )
    return Run(plan=plan, records=(record,))
