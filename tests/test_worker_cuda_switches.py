"""The switches of a GPU run: set and read back, part of a row's identity, refused where they mean nothing."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
import torch

from bench.cli.options import shared_options
from bench.cli.request import request, rows_of
from bench.plan.axes import Axes, cells
from bench.plan.subjects import OperatorGrid, operator_workloads
from bench.plan.support import unsupported
from bench.records.device import Device
from bench.records.workload import Settings, Unit
from bench.wire.messages import Accelerators
from bench.wire.order import Task
from bench.worker.probe import probe_accelerators
from bench.worker.settings import applied
from reports.rows import settings_text
from tests.made_up import unit

GPU = Device(name="cuda", accelerator="cuda:0")
CPU = Device(name="cpu")


def switches() -> tuple[bool, bool, bool]:
    cuda = torch.backends.cuda.matmul
    return cuda.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark


def row(device: Device, batch: int = 32, *, cold_cache: bool = False, **settings: bool) -> Unit:
    workloads = operator_workloads(OperatorGrid(operators=("conv",), sizes=((16, 8, 8),)))
    axes = Axes(batches=(batch,), settings=Settings(**settings), caches=("cold" if cold_cache else "warm",))
    (only,) = cells(workloads, axes, device, ("eager",))
    return only


# --- in the worker


@pytest.mark.parametrize("settings", [Settings(), Settings(tf32=True), Settings(cudnn_benchmark=False)])
def test_switches_are_set_for_the_unit_and_restored(settings: Settings) -> None:
    before = switches()
    with applied(replace(unit(), settings=settings)):
        assert switches() == (settings.tf32, settings.tf32, settings.cudnn_benchmark)
    assert switches() == before


def test_switches_are_restored_after_an_error() -> None:
    before = switches()
    with pytest.raises(ZeroDivisionError), applied(replace(unit(), settings=Settings(tf32=True))):
        raise ZeroDivisionError
    assert switches() == before


def test_a_switch_that_does_not_take_fails_the_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck:
        allow_tf32 = True
        benchmark = property(lambda _: False, lambda _, value: None)

    monkeypatch.setattr(torch.backends, "cudnn", Stuck())
    with pytest.raises(RuntimeError, match=r"autotuning to \(False, False, True\), they read \(False, False, False\)"):
        applied(unit()).__enter__()


# --- identity


def test_the_default_is_the_authors_protocol_with_tf32_off() -> None:
    """The paper's GPU: cuDNN autotuning on, fp32."""
    assert Settings() == Settings(tf32=False, cudnn_benchmark=True, cuda_graph=False, cold_cache=False)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (Settings(cudnn_benchmark=False), "no_cudnn_benchmark"),
        (Settings(tf32=True, cuda_graph=True), "tf32,cuda_graph"),
        (Settings(cold_cache=True), "cold_cache"),
    ],
)
def test_each_switch_makes_another_row_and_is_spelt_in_it(settings: Settings, text: str) -> None:
    other = replace(unit(), settings=settings)
    assert other.cell != unit().cell
    assert settings_text(other) == text


@pytest.fixture
def options() -> Callable[..., Settings]:
    """What the command line makes of its arguments."""
    seen: list[Any] = []

    @click.command()
    @shared_options
    @click.pass_context
    def command(context: click.Context, /, **_: Any) -> None:
        seen.append(request(context, rows_of(context, (), lambda _: ())).axes.settings)

    def parse(*arguments: str) -> Settings:
        command.main(arguments, standalone_mode=False)
        settings: Settings = seen[-1]
        return settings

    return parse


def test_every_switch_has_its_option(options: Callable[..., Settings]) -> None:
    assert options() == Settings()
    assert options("--no-cudnn-benchmark") == Settings(cudnn_benchmark=False)
    assert options("--tf32", "--cuda-graph") == Settings(tf32=True, cuda_graph=True)


# --- what makes sense


@pytest.mark.parametrize(
    ("device", "batch", "cold", "mode"),
    [
        (GPU, 1, False, "latency"),
        (GPU, 32, False, "throughput"),
        (GPU, 32, True, "latency"),  # nothing is queued across a flush
        (CPU, 32, False, "latency"),
    ],
)
def test_the_mode_follows_device_batch_and_cache(device: Device, batch: int, cold: bool, mode: str) -> None:
    assert row(device, batch, cold_cache=cold).mode == mode


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (row(CPU, cold_cache=True), ""),
        (row(CPU, cuda_graph=True), "CUDA graphs"),
        (replace(row(GPU, cuda_graph=True), runtime="compile"), "captured in eager"),
        (replace(row(GPU, cold_cache=True), mode="throughput"), "no queue"),
        (replace(row(GPU), runtime="onnxruntime"), "on CPUs only"),
        (row(GPU, cold_cache=True, cuda_graph=True), ""),
        (row(GPU, tf32=True, cudnn_benchmark=False), ""),
    ],
)
def test_what_a_switch_cannot_mean_is_skipped_with_the_reason(asked: Unit, reason: str) -> None:
    found = unsupported(asked, None)
    assert reason in found
    assert bool(found) is bool(reason)


# --- the probe


class ListChannel:
    """Keeps what a worker says."""

    def __init__(self) -> None:
        self.said: list[Accelerators] = []

    def send(self, body: Accelerators) -> None:
        self.said.append(body)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_machine_without_a_gpu_names_its_torch_build() -> None:
    channel = ListChannel()
    probe_accelerators(Task(kind="probe"), channel)  # type: ignore[arg-type]
    (found,) = channel.said
    assert found.names == ()
    assert found.reason.startswith(f"torch {torch.__version__} (")


def test_a_gpu_is_named_with_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both decide its numbers, so both belong to what the device is."""
    names = ["NVIDIA H200", "NVIDIA L4"]
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    stand_in = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2, get_device_name=names.__getitem__)
    monkeypatch.setattr(torch, "cuda", stand_in)
    monkeypatch.setattr("bench.worker.probe.driver_version", lambda: "580.1")
    channel = ListChannel()
    probe_accelerators(Task(kind="probe"), channel)  # type: ignore[arg-type]
    build = f"torch {torch.__version__} (CUDA 13.0)"
    assert channel.said[0].names == (
        f"cuda:0 NVIDIA H200, driver 580.1, {build}",
        f"cuda:1 NVIDIA L4, driver 580.1, {build}",
    )


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_asking_for_a_gpu_without_cuda_is_exit_4_with_nothing_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.cli.main", "ops", "--device", "cuda", "--quick", "--out", "run"]
    root = Path(__file__).resolve().parents[1]
    environment = os.environ | {"PYTHONPATH": str(root), "BENCH_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert f"torch {torch.__version__} (" in line
    assert "install a CUDA build of torch" in line
    assert not (tmp_path / "run").exists()
