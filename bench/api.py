"""Measure a network from Python, in three lines.

from bench.api import measure
row = measure("package.module:factory", runtime="onnxruntime")
print(row.latency, row.verdict)
"""

import copy
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cache.store import default_cache
from bench.devices.file import find_device
from bench.errors import UsageError
from bench.host.campaign import Campaign
from bench.host.observer import SilentObserver
from bench.journal import Journal, read_run
from bench.link.choice import transport_for
from bench.plan.axes import Axes, cells
from bench.plan.code_version import code_version, package_version
from bench.plan.names import network_workloads
from bench.plan.runtimes import GRAPH_RUNTIME, MODULE_RUNTIME
from bench.plan.schedule import all_rounds
from bench.records.record import Record
from bench.records.run import Plan, Run
from bench.records.workload import ModelArguments, Unit, Workload
from bench.system.affinity import choose, topology
from bench.worker.measure import ThreadsError, WrongOutputError, measure_loaded
from bench.worker.runtimes.loaded import UnsupportedError
from reports.rows import Row, rows

if TYPE_CHECKING:
    from torch import nn


def measure(
    network: "str | nn.Module",
    *,
    runtime: str | None = None,
    device: str = "cpu",
    input_px: int | None = None,
    batch: int | None = None,
    threads: int = 1,
    dtype: str = "float32",
    layout: str = "nchw",
    fused: bool = True,
    rounds: int = 5,
    out: Path | None = None,
) -> Row:
    """One row of `bench models`, by the same protocol.

    `network` is anything that `--model` takes: a name, `timm:NAME`, `package.module:factory`, a path to an .onnx file.
    Without a runtime, ONNX Runtime for an .onnx file and eager for everything else. A factory is imported as it would
    be here: from the folder of the script, the current one, and what else `sys.path` holds.

    A live module cannot be sent to a fresh process: it is measured in this one, as it is (eager, one round), and its
    verdict says `unreplicated`. Records stay in the folder `out`, where one is given. Raises BenchError; what a live
    module itself raises comes as it is.
    """
    if runtime is None:
        runtime = GRAPH_RUNTIME if isinstance(network, str) and network.endswith(".onnx") else MODULE_RUNTIME
    try:
        if not isinstance(network, str):
            if runtime != MODULE_RUNTIME or device != "cpu":
                raise UsageError("expected eager on cpu for a live module; name a package.module:factory for the rest")
            return _measure_live(network, input_px or 224, batch or 1, threads, dtype, layout)
        axes = Axes(
            runtimes=(runtime,),
            batches=(batch,) if batch else (),
            threads=(threads,),
            dtypes=(dtype,),
            layouts=(layout,),
            rounds=rounds,
        )
        return _measure_named(network, axes, runtime, device, input_px, fused=fused, out=out)
    except (ValueError, WrongOutputError, ThreadsError, UnsupportedError) as error:
        raise UsageError(str(error)) from error


def _measure_named(
    network: str, axes: Axes, runtime: str, device: str, input_px: int | None, *, fused: bool, out: Path | None
) -> Row:
    campaign = Campaign([find_device(device)], transport_for, default_cache(), SilentObserver())
    try:
        workloads = network_workloads(campaign.inspect, [network], input_px, forms=("plain",), fused=fused)
        campaign.connect()
        table = cells(workloads, axes, find_device(device), (runtime,))
        plan = campaign.plan("models", (), (), all_rounds(table, axes.rounds), (), axes.seed)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(out or Path(scratch) / "run")
            with Journal.create(folder, plan) as journal:
                problems = campaign.run(journal, plan.units, (), plan.seed)
            if problems:
                raise problems[0]
            return rows(read_run(folder))[0]
    finally:
        campaign.close()


def _measure_live(network: "nn.Module", input_px: int, batch: int, threads: int, dtype: str, layout: str) -> Row:
    import torch

    from bench.worker.build import count_network, network_cost_of
    from bench.worker.measuring.clock import SystemClock, timer_overhead_s
    from bench.worker.runtimes.pytorch import load_module

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
        code_version=code_version(),
    )
    affinity, threads_before = os.sched_getaffinity(0), torch.get_num_threads()
    started, utc = time.monotonic(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    clock = SystemClock()
    try:
        os.sched_setaffinity(0, choose(topology(), threads))
        torch.set_num_threads(threads)
        # A copy: changing dtype or layout would change the caller's own network.
        loaded = load_module(copy.deepcopy(network).eval().requires_grad_(False), unit)
        measurement = measure_loaded(unit, lambda: loaded, None, clock, timer_overhead_s(clock))
    finally:
        os.sched_setaffinity(0, affinity)
        torch.set_num_threads(threads_before)
    record = Record(
        unit=unit,
        attempt=1,
        status="done",
        measurement=measurement,
        cost=network_cost_of(
            count_network(network, unit.workload),
            copy.deepcopy(network).float(),  # whose bytes are those of float32, whatever the module's own dtype
            unit.workload,
            batch,
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
    return rows(Run(plan=plan, records=(record,)))[0]
