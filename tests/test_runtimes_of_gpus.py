"""Runtimes of NVIDIA GPUs, as far as a machine without one can show: what they refuse, and what a profile says."""

import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from bench.plan.runtimes import runtime
from bench.plan.support import unsupported
from bench.records.workload import Unit
from bench.worker.peak.graphs import identity_graph
from bench.worker.runtimes import cuda_tensors, onnx_runtime_cuda, tensorrt_runtime
from bench.worker.runtimes.loaded import UnsupportedError
from tests.made_up import environment, unit

OF_GPUS = ("onnxruntime-cuda", "tensorrt")


@pytest.mark.parametrize("name", OF_GPUS)
def test_a_cpu_is_refused_before_anything_runs(name: str) -> None:
    asked = unit(runtime=name)
    assert "on an NVIDIA GPU only" in unsupported(asked, None)
    assert unsupported(replace(asked, accelerator="cuda:0"), None) == ""
    assert "is not installed" in unsupported(replace(asked, accelerator="cuda:0"), environment())


def test_a_build_without_the_provider_is_no_silent_fallback(tmp_path: Path) -> None:
    """The onnxruntime of this environment is the one for CPUs: it would warn and compute there."""
    path = tmp_path / "identity.onnx"
    path.write_bytes(identity_graph())
    with pytest.raises(UnsupportedError, match="install onnxruntime-gpu"):
        onnx_runtime_cuda.load(unit(runtime="onnxruntime-cuda"), path)


def test_nodes_on_the_gpu_are_counted_once_however_often_they_ran() -> None:
    events = [
        {"cat": "Session", "name": "model_run", "args": {}},
        {"cat": "Node", "name": "a_kernel_time", "args": {"provider": "CUDAExecutionProvider"}},
        {"cat": "Node", "name": "a_kernel_time", "args": {"provider": "CUDAExecutionProvider"}},
        {"cat": "Node", "name": "b_kernel_time", "args": {"provider": "CPUExecutionProvider"}},
        {"cat": "Node", "name": "b_fence_before", "args": {}},
    ]
    assert onnx_runtime_cuda.placed(events) == (1, 2)


@pytest.mark.parametrize("name", OF_GPUS)
def test_their_rows_are_of_a_gpu_alone(name: str) -> None:
    row = runtime(name)
    assert (row.graph, row.accelerator, row.cpu) == (True, True, False)


def test_the_stream_is_not_looked_up_in_the_timed_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def stream(asked: Unit) -> int:
        looks.append(asked.accelerator)
        return 7

    tensorrt = MagicMock()  # of a network without inputs and outputs
    engine = tensorrt.Runtime.return_value.deserialize_cuda_engine.return_value
    engine.num_io_tensors = 0
    monkeypatch.setitem(sys.modules, "tensorrt", tensorrt)
    monkeypatch.setattr(cuda_tensors, "stream", stream)
    (tmp_path / "network.onnx").write_bytes(b"")
    loaded = tensorrt_runtime.load(replace(unit(runtime="tensorrt"), accelerator="cuda:0"), tmp_path / "network.onnx")
    for _ in range(3):
        loaded.step()
    call = engine.create_execution_context.return_value.execute_async_v3
    assert [each.args for each in call.call_args_list] == [(7,)] * 3
    assert looks == ["cuda:0"]
