"""The same proofs on a real NVIDIA GPU. Relations between figures only: none of these asserts a duration."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch

from bench.plan.axes import Axes, cells
from bench.plan.subjects import OperatorGrid, operator_workloads
from bench.records.measurement import Measurement
from bench.records.record import Record
from bench.records.workload import Settings, Unit
from bench.wire.messages import Body
from bench.wire.order import Order, Task
from bench.worker import build
from bench.worker.cuda_machine import FLUSHED_BYTES, identity_of
from bench.worker.inputs import input_array
from bench.worker.measure import measure_loaded, measure_units
from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.nvml import NvmlGpu, driver_version
from bench.worker.output_check import Reference, arrays_in
from bench.worker.runtimes import pytorch
from tests.test_worker_cuda_switches import GPU

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason=f"torch {torch.__version__} finds no usable NVIDIA GPU"),
]


def on_gpu(op: str = "conv", *, batch: int = 1, implementation: str = "split_cat", **settings: bool) -> Unit:
    grid = OperatorGrid(
        operators=(op,), sizes=((96, 56, 56),), axes={"implementation": (implementation,), "stack": (3,)}
    )
    threads = torch.get_num_threads()
    (unit,) = cells(
        operator_workloads(grid),
        Axes(batches=(batch,), threads=(threads,), settings=Settings(**settings)),
        GPU,
        ("eager",),
    )
    return unit


def reference(unit: Unit) -> Callable[[], Reference]:
    """What the operator gives on the CPU in fp32."""

    def compute() -> Reference:
        operator = unit.workload.operator
        assert operator is not None
        plain = replace(unit.workload, operator=replace(operator, implementation="split_cat"))
        image = torch.from_numpy(input_array(unit))
        with torch.no_grad():
            return Reference(arrays=pytorch.to_arrays(build.build_module(plain, image)(image)))

    return compute


def measured(unit: Unit) -> Measurement:
    return measure_loaded(unit, lambda: pytorch.load(unit), reference(unit), SystemClock(), 1e-7)


@pytest.mark.parametrize("batch", [1, 32])
@pytest.mark.parametrize("op", ["conv", "dwconv", "pconv"])
def test_both_clocks_run_in_both_modes_and_the_output_is_right(op: str, batch: int) -> None:
    unit = on_gpu(op, batch=batch)
    assert unit.mode == ("latency" if batch == 1 else "throughput")
    found = measured(unit)
    assert len(found.device_samples_s) == len(found.samples_s)
    # The marks lie inside the wall's region but for the reading of a clock.
    assert median(found.device_samples_s) < 1.1 * median(found.samples_s)
    assert found.max_error is not None
    assert found.device_memory_bytes is not None
    assert found.device_memory_bytes > 2 * batch * 96 * 56 * 56 * 4  # an input and an output at the least


@pytest.mark.parametrize(("op", "implementation"), [("conv", "split_cat"), ("pconv", "inplace")])
def test_a_captured_graph_gives_the_right_output_and_is_timed(op: str, implementation: str) -> None:
    found = measured(on_gpu(op, implementation=implementation, cuda_graph=True))
    assert found.max_error is not None
    assert found.device_samples_s


def test_the_flush_buffer_is_not_in_the_memory_figure() -> None:
    found = measured(on_gpu("pwconv", cold_cache=True)).device_memory_bytes
    assert found is not None
    assert 0 < found < FLUSHED_BYTES


def test_an_inplace_operator_still_computes_after_thousands_of_calls() -> None:
    unit = on_gpu("pconv", implementation="inplace")
    loaded = pytorch.load(unit)
    with torch.inference_mode():
        for _ in range(4000):
            loaded.step()
        (output,) = arrays_in(loaded.output())
        assert np.isfinite(output).all()
        assert np.abs(output).max() > 0


class ListChannel:
    """Keeps what a worker says."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def send(self, body: Body, order: Order | None = None) -> None:
        if isinstance(body, Record):
            self.records.append(body)


def test_a_batch_that_does_not_fit_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    free, _ = torch.cuda.mem_get_info()
    # All but half a gigabyte is taken: 512 images, input and output together, are more than that.
    taken = torch.empty(max(free - 512 * 2**20, 1), dtype=torch.uint8, device="cuda")
    image = on_gpu(batch=2)
    units = (image, replace(image, batch=512), image)
    channel = ListChannel()
    task = Task(kind="measure", orders=tuple(Order(unit=one) for one in units), cache=str(tmp_path))
    measure_units(task, channel)  # type: ignore[arg-type]
    assert [record.status for record in channel.records] == ["done", "failed", "done"]
    assert channel.records[1].reason_kind == "out_of_memory"
    del taken


def test_a_step_that_waits_cannot_be_captured_and_leaves_the_stream_as_it_was() -> None:
    """In a process of its own: a capture that broke may spoil it."""
    program = """
import torch
from bench.worker.runtimes.loaded import UnsupportedError
from bench.worker.cuda_graph import capture

values = torch.ones(4, device="cuda")
before = torch.cuda.current_stream()
try:
    capture(lambda: values.sum().item(), torch.cuda)
except UnsupportedError as error:
    assert "CUDA graph" in str(error), error
else:
    raise SystemExit("it was captured")
assert torch.cuda.current_stream() == before
assert values.sum().item() == 4
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nvml_finds_the_gpu_that_cuda_uses() -> None:
    library = pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    properties = torch.cuda.get_device_properties(0)
    gpu = NvmlGpu(identity_of(properties), library)
    assert library.nvmlDeviceGetName(gpu._handle) == properties.name
    state = gpu.read()
    assert state.clock_reasons is not None
    assert state.sm_clock_mhz
    assert driver_version()


@pytest.mark.slow
def test_bench_ops_on_the_gpu_gives_throughput_rows(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.cli.main", "ops", "--device", "cuda", "--op", "pconv,dwconv"]
    command += ["--size", "96x56x56", "--quick", "--no-progress", "--out", "run"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "run/table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["mode"], row["batch"], row["status"]) for row in rows] == [("throughput", "32", "done")] * 2
    assert all(row["images_per_s"] and row["device_time_s"] and not row["latency_s"] for row in rows)
